"""The roles of a force and of a retailer."""

from django.db.models import TextChoices


class Role(TextChoices):
    """What a person may do. Each account has one."""

    LOSS_PREVENTION = "loss_prevention", "Loss-prevention user"
    RETAILER_MANAGER = "retailer_manager", "Retailer manager"
    FACIAL_REVIEWER = "facial_reviewer", "Facial reviewer"
    SECOND_REVIEWER = "second_reviewer", "Second reviewer"
    SUPERVISOR = "supervisor", "Supervisor"
    GALLERY_MANAGER = "gallery_manager", "Gallery manager"
    ADMINISTRATOR = "administrator", "Administrator"
    AUDITOR = "auditor", "Auditor"


RETAILER_ROLES = frozenset({Role.LOSS_PREVENTION, Role.RETAILER_MANAGER})
POLICE_ROLES = frozenset(Role) - RETAILER_ROLES
REVIEWING_ROLES = frozenset({Role.FACIAL_REVIEWER, Role.SECOND_REVIEWER, Role.SUPERVISOR})
EVERYONE = frozenset(Role)
