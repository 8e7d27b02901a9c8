"""Running `manage.py audit_verify` here, and as a program of its own."""

import subprocess
import sys
from io import StringIO

from django.core.management import call_command

from tests.conftest import REPOSITORY


def audit_verify(**options: str) -> str:
    """What it prints; CommandError where the log does not hold."""
    out = StringIO()
    call_command("audit_verify", stdout=out, **options)
    return out.getvalue()


def manage(env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """`manage.py WORDS` as its own process."""
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )
