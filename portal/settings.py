"""All settings, read from the environment; every one is listed in docs/operations.md.

Without any environment the service runs on embedded defaults (SQLite, a local Redis socket, local
files) for the demo. Production sets at least SECRET_KEY, VAULT_KEYS, DATABASE_URL, REDIS_URL,
ALLOWED_HOSTS and CSRF_TRUSTED_ORIGINS.
"""

import contextlib
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

STATE_DIR = Path(env.str("STILLMATCH_STATE_DIR", str(BASE_DIR / "var"))).resolve()


def _local_secret(name: str, make: Any) -> str:
    """A secret of the embedded set-up: made once, readable by this account only."""
    path = STATE_DIR / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        candidate = path.with_suffix(f".{os.getpid()}")
        candidate.touch(mode=0o600)
        candidate.write_text(make())
        with contextlib.suppress(FileExistsError):  # two processes starting at once agree on one
            os.link(candidate, path)
        candidate.unlink()
    return path.read_text()


# --- security -----------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
EMBEDDED = "SECRET_KEY" not in os.environ
SECRET_KEY = env.str("SECRET_KEY", "") or _local_secret("secret_key", lambda: secrets.token_urlsafe(64))
# Comma-separated, newest first: what is encrypted under an older key stays readable.
VAULT_KEYS = env.list("VAULT_KEYS", default=[]) or [
    _local_secret("vault_key", lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode())
]
# base64 of an Ed25519 private key (32 bytes): signs packages. Its public half is in each of them.
PACKAGE_SIGNING_KEY = env.str("PACKAGE_SIGNING_KEY", "") or _local_secret(
    "package_signing_key", lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode()
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", not EMBEDDED)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", 10) * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_MINUTES", 30) * 60
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- the house ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "django_htmx",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "portal.audit",
    "portal.accounts",
    "portal.submissions",
    "portal.gallery",
    "portal.searches",
    "portal.reviews",
    "portal.assurance",
    "portal.questions",
    "portal.cases",
    "portal.notifications",
    "portal.webhooks",
    "portal.retention",
    "portal.retailer",
    "portal.police",
    "portal.oversight",
    "portal.api",
    "portal.demo",
    "portal.pilot",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "portal.accounts.middleware.SessionRules",
    "portal.accounts.middleware.MfaRequired",
    "portal.outages.StorageOutage",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.accounts.context.house",
                "portal.questions.context.tasks",
            ]
        },
    }
]
FORM_RENDERER = "portal.accounts.rendering.HouseRenderer"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", "Europe/London")
USE_TZ = True
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- database, cache, broker --------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{STATE_DIR / 'stillmatch.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a writer waits its turn at BEGIN instead of failing half-way (docs/decisions).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Rate limits of the log-in live here: shared by all processes, and not lost with the broker.
# Room for many, or an attacker could push the counters out by filling the table.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 500_000},
    }
}
REDIS_URL = env.str("REDIS_URL", f"redis+socket://{STATE_DIR / 'redis' / 'redis.sock'}")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "queue_order_strategy": "priority",
    "visibility_timeout": 120,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    # A sender gives up at once when Redis is away (the sweeper sends again); workers reconnect for ever.
    "max_retries": 1,
    "interval_start": 0,
    "interval_max": 0.2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = env.int("WORKER_MAX_TASKS_PER_CHILD", 5000)
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "beat")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep-stills": {
        "task": "searches.sweep",
        "schedule": 5.0,
        "options": {"queue": "maintenance", "expires": 5},
    },
    "sweep-gallery": {
        "task": "gallery.sweep",
        "schedule": 10.0,
        "options": {"queue": "maintenance", "expires": 10},
    },
    "tidy-reviews": {
        "task": "reviews.tidy",
        "schedule": 5.0,
        "options": {"queue": "maintenance", "expires": 5},
    },
    "reconsider-answers": {
        "task": "questions.reconsider",
        "schedule": 15.0,
        "options": {"queue": "maintenance", "expires": 15},
    },
    "search-again": {
        "task": "reviews.plan_searches_again",
        "schedule": 60.0,
        "options": {"queue": "maintenance", "expires": 60},
    },
    "webhooks": {
        "task": "webhooks.follow",
        "schedule": 2.0,
        "options": {"queue": "maintenance", "expires": 2},
    },
    "tidy-webhooks": {"task": "webhooks.tidy", "schedule": 86400.0, "options": {"queue": "maintenance"}},
    "enter-checks": {
        "task": "assurance.enter_checks",
        "schedule": 30.0,
        "options": {"queue": "maintenance", "expires": 30},
    },
    "answer-for-checks": {
        "task": "questions.stand_in",
        "schedule": 60.0,
        "options": {"queue": "maintenance", "expires": 60},
    },
    "grade-checks": {
        "task": "assurance.grade_reviews",
        "schedule": 30.0,
        "options": {"queue": "maintenance", "expires": 30},
    },
    "prepare-mails": {
        "task": "notifications.prepare",
        "schedule": 30.0,
        "options": {"queue": "maintenance", "expires": 30},
    },
    "deliver-mails": {
        "task": "notifications.deliver",
        "schedule": 15.0,
        "options": {"queue": "maintenance", "expires": 15},
    },
    "retention": {"task": "retention.purge_due", "schedule": 3600.0, "options": {"queue": "maintenance"}},
    "orphans": {"task": "retention.sweep_orphans", "schedule": 86400.0, "options": {"queue": "maintenance"}},
}
# Each looks whether the night's run is due or unfinished, and mostly has nothing to do.
CELERY_BEAT_SCHEDULE["verify-log"] = {
    "task": "audit.verify",
    "schedule": 60.0,
    "options": {"queue": "maintenance", "expires": 60},
}
CELERY_BEAT_SCHEDULE["verify-index"] = {
    "task": "gallery.verify_index",
    "schedule": 600.0,
    "options": {"queue": "bulk", "expires": 600},
}
CELERY_BEAT_SCHEDULE["suggest-series"] = {
    "task": "cases.suggest_series",
    "schedule": 30.0,
    "options": {"queue": "maintenance", "expires": 30},
}
CELERY_BEAT_SCHEDULE["follow-decisions"] = {
    "task": "cases.follow_decisions",
    "schedule": 10.0,
    "options": {"queue": "maintenance", "expires": 10},
}
CELERY_BEAT_SCHEDULE["sweep-packages"] = {
    "task": "cases.sweep_packages",
    "schedule": 10.0,
    "options": {"queue": "maintenance", "expires": 10},
}
WORK_LEASE_SECONDS = env.int("WORK_LEASE_SECONDS", 60)
WORK_MAX_ATTEMPTS = env.int("WORK_MAX_ATTEMPTS", 3)
WORK_RESEND_SECONDS = env.int("WORK_RESEND_SECONDS", 30)

# --- known-answer checks ------------------------------------------------------------------------
CHECK_RATE_PERCENT = env.float("CHECK_RATE_PERCENT", 5.0)  # of what enters a force's queue, from the pool

# --- files --------------------------------------------------------------------------------------
STORAGE_BACKEND = env.str("STORAGE_BACKEND", "file")
_LOCATIONS = ("originals", "stills", "custody", "packages", "uploads")
S3_OPTIONS: dict[str, Any] = {
    "bucket_name": env.str("S3_BUCKET", "stillmatch"),
    "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,
    "access_key": env.str("S3_ACCESS_KEY", ""),
    "secret_key": env.str("S3_SECRET_KEY", ""),
    "region_name": env.str("S3_REGION", "us-east-1"),
    "default_acl": None,
    "file_overwrite": False,
    "querystring_auth": True,
}
if STORAGE_BACKEND == "s3":
    STORAGES: dict[str, dict[str, Any]] = {
        name: {"BACKEND": "portal.storage.PrivateS3Storage", "OPTIONS": {**S3_OPTIONS, "location": name}}
        for name in _LOCATIONS
    }
else:
    STORAGES = {
        name: {
            "BACKEND": "portal.storage.PrivateFileStorage",
            "OPTIONS": {"location": str(STATE_DIR / "files" / name)},
        }
        for name in _LOCATIONS
    }
STORAGES["default"] = STORAGES["stills"]
STORAGES["staticfiles"] = {
    "BACKEND": env.str("STATICFILES_STORAGE", "django.contrib.staticfiles.storage.ManifestStaticFilesStorage")
}
STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", str(STATE_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20
DATA_UPLOAD_MAX_NUMBER_FILES = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o600

# --- accounts -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "portal.accounts.adapters.ClosedAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is proved by the invitation sent to it
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# "key" of login_failed is address and account, of login_elsewhere the account (portal.accounts.adapters).
ACCOUNT_RATE_LIMITS = {
    "login_failed": "30/5m/ip,8/5m/key",
    "login_elsewhere": "40/15m/key",
    "login": "120/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE_PROXY_SSL_HEADER else 0
PASSWORD_RESET_TIMEOUT = 2 * 3600
MFA_ADAPTER = "portal.accounts.adapters.VaultMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Stillmatch"
MFA_TOTP_TOLERANCE = 1  # a telephone's clock may be half a minute out
MFA_FORMS = {
    "authenticate": "portal.accounts.forms.CodeForm",
    "reauthenticate": "portal.accounts.forms.ConfirmCodeForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # as above: the invitation proved it
INVITATION_DAYS = env.int("INVITATION_DAYS", 7)

# --- mail ---------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 8  # seconds; a mail server that hangs holds up nobody else
SITE_URL = env.str("SITE_URL", "http://localhost:8000")
NOTIFICATIONS_HOUR = env.int("NOTIFICATIONS_HOUR", 7)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Stillmatch <no-reply@stillmatch.invalid>")

# --- API ----------------------------------------------------------------------------------------
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 1200)
API_TOKEN_MAX_DAYS = env.int("API_TOKEN_MAX_DAYS", 365)
KNOX_TOKEN_MODEL = "api.Token"  # noqa: S105
REST_KNOX = {"TOKEN_PREFIX": "smt_", "AUTH_HEADER_PREFIX": "Bearer"}
REST_FRAMEWORK = {  # the rest stands on portal.api.access.Endpoint, the base of every endpoint
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Stillmatch API",
    "DESCRIPTION": "Submit unidentified offenders and their stills, follow their status.",
    "VERSION": "1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "YesNoUnknown": "portal.submissions.states.YesNoUnknown",
        "Offence": "portal.submissions.states.OffenceType",
        "CampaignState": "portal.submissions.states.CampaignState",
        "StillState": "portal.api.serializers.STILL_STATES",
    },
}

# --- packages -----------------------------------------------------------------------------------
PACKAGE_DAYS = env.int("PACKAGE_DAYS", 14)  # after which the archive is deleted; its row stays

# --- webhooks -----------------------------------------------------------------------------------
WEBHOOK_PORTS = env.list("WEBHOOK_PORTS", int, default=[443, 8443])
WEBHOOK_HTTP = env.bool("WEBHOOK_HTTP", False)
WEBHOOK_INSIDE = env.list("WEBHOOK_INSIDE", default=[])
WEBHOOK_DISABLE_DAYS = env.int("WEBHOOK_DISABLE_DAYS", 5)
WEBHOOK_LOG_DAYS = env.int("WEBHOOK_LOG_DAYS", 30)

# --- matching -----------------------------------------------------------------------------------
MATCHING_MODEL = env.str("MATCHING_MODEL", "Dlib+SFace")
MATCHING_DETECTOR = env.str("MATCHING_DETECTOR", "cascade")
MATCHING_WEIGHTS = env.str("MATCHING_WEIGHTS", "")
INDEX_DIR = Path(env.str("INDEX_DIR", str(STATE_DIR / "index")))

# --- logs ---------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {"django_structlog": {"level": "WARNING"}},
}
