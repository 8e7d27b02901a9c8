"""Runs as a program between a parent and the command it starts: the command dies when the parent does.

    python -I -S leash.py PARENT_PID DEATH_SIGNAL UID:GID COMMAND [ARGUMENT…]

A wrapper rather than subprocess's preexec_fn, which is unsafe in a process with threads (TensorFlow's).
UID:GID is "-" or an account to become first: doing that later would clear the parent-death signal.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def become(account: str) -> None:
    """Drop from root to "UID:GID"."""
    uid, gid = (int(part) for part in account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(death_signal: int) -> None:
    """Have the kernel send this process `death_signal` when the thread that started it ends. Linux only."""
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        sys.exit("leash: prctl refused the parent-death signal")


def main(arguments: list[str]) -> None:
    """Leash this process to its parent, then become the command."""
    parent, death_signal, account, *command = arguments
    if account != "-":
        become(account)
    die_with_parent(int(death_signal))
    if os.getppid() != int(parent):
        sys.exit("leash: the parent has died already")
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
