"""The service's own settings on services of the test run's own: nothing of the developer's is touched."""

import os
import tempfile
from pathlib import Path

# Made by the first process of a run and inherited by the others; tests/conftest.py removes it.
RUN_DIR = Path(os.environ.get("STILLMATCH_TEST_RUN") or tempfile.mkdtemp(prefix="stillmatch-test-"))
os.environ["STILLMATCH_TEST_RUN"] = str(RUN_DIR)
RUN_DIR.chmod(0o711)  # PostgreSQL may have to run as another account
STATE = RUN_DIR / os.environ.get("PYTEST_XDIST_WORKER", "main")
STATE.mkdir(exist_ok=True, mode=0o711)

for name in ("SECRET_KEY", "VAULT_KEYS", "REDIS_URL", "STORAGE_BACKEND", "INDEX_DIR", "STATIC_ROOT", "HTTPS"):
    os.environ.pop(name, None)
os.environ["STILLMATCH_STATE_DIR"] = str(STATE)
os.environ["DATABASE_URL"] = f"postgresql:///stillmatch?host={STATE / 'postgres'}&user=stillmatch"

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

DATABASES["default"]["ENGINE"] = "tests.database"
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Hashing has its own tests in Django; here it would be most of a test's time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)
