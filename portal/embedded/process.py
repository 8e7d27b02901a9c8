"""Start and stop child processes that never outlive this one, not even after kill -9."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")

Child = subprocess.Popen[bytes]


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    death_signal: int = signal.SIGKILL,
    account: str = "-",
    cwd: Path | None = None,
) -> Child:
    """Start `command` in a session of its own, leashed to this process.

    `death_signal` is what the kernel sends it when the *thread* that called this ends, so call it from one
    that lives as long as the child should. `account` is "UID:GID" to become, for a caller that is root.
    `output` takes stdout and stderr. Raises FileNotFoundError for a program that is not there.
    """
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(command[0])
    leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(death_signal)), account]
    return subprocess.Popen(
        [*leash, program, *command[1:]],
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        cwd=cwd,
    )


def signal_group(child: Child, number: int) -> None:
    """Send a signal to the child and all that it started in its session; a group that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def stop(child: Child, *, gently: int = signal.SIGTERM, grace: float = 5.0) -> int:
    """Ask with `gently`, wait `grace` seconds, kill what is left of the group; returns the exit status."""
    if child.poll() is None:
        child.send_signal(gently)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    signal_group(child, signal.SIGKILL)
    return child.wait()
