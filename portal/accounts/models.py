"""Organisations, their stores, their people, and invitations."""

from typing import ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower, Now

from portal.accounts.roles import POLICE_ROLES, RETAILER_ROLES, Role


class OrganisationKind(models.TextChoices):
    """Which side of the service an organisation is on."""

    RETAILER = "retailer", "Retailer"
    FORCE = "force", "Police force"
    CHECKS = "checks", "Known-answer checks"  # sends what is made up (portal.assurance); nobody works there


class Organisation(models.Model):
    """A police force or a retailer: the tenant every record belongs to."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=OrganisationKind)
    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


MOST_CLOCK_MINUTES = 1440


class Store(models.Model):
    """A retailer's shop."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    retailer = models.ForeignKey(Organisation, models.PROTECT, related_name="stores")
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=30, blank=True, help_text="the retailer's own store number")
    borough = models.CharField("BCU or borough", max_length=80, blank=True)
    footage_days = models.PositiveSmallIntegerField("days until footage is overwritten", default=30)
    clock_offset_minutes = models.SmallIntegerField(
        "CCTV clock is fast (+) or slow (−) by, in minutes",
        default=0,
        validators=[MinValueValidator(-MOST_CLOCK_MINUTES), MaxValueValidator(MOST_CLOCK_MINUTES)],
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["retailer", "name"], name="store_once_per_retailer")]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes accounts by e-mail address."""

    def create_user(
        self, email: str, password: str | None = None, *, role: Role, organisation: Organisation, name: str
    ) -> "User":
        """A new account; without a password it cannot log in until one is set."""
        user = self.model(
            email=self.normalize_email(email).lower(), role=role, organisation=organisation, name=name
        )
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Look up by e-mail address, whatever its case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person, in one organisation, with one role. Pages name officers by `pseudonym` to retailers."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="people")
    role = models.CharField(max_length=20, choices=Role)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="email_once_whatever_case")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_police(self) -> bool:
        """Whether the role is on the police side."""
        return self.role in POLICE_ROLES

    @property
    def is_retailer(self) -> bool:
        """Whether the role is on the retailer side."""
        return self.role in RETAILER_ROLES

    @property
    def audit_name(self) -> str:
        """How the log names this person: role and account number, no personal data."""
        return f"{self.role}:{self.pk}"

    def get_full_name(self) -> str:
        """The person's name, as Django's mail templates ask for it."""
        return self.name


class Invitation(models.Model):
    """The only way in: one address, one role, one organisation, once, for a few days."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invitations")
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(db_default=Now())
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-sent_at"]

    def __str__(self) -> str:
        return f"{self.email} as {self.get_role_display()}"
