"""How much memory a process had at most, from /proc."""

from pathlib import Path

import psutil

MIB = 2**20


def forget_peak(pid: int) -> int:
    """Start measuring the peak anew; the resident bytes now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak(pid)


def peak(pid: int) -> int:
    """The most bytes that were resident since."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def decoders_of(pid: int) -> list[psutil.Process]:
    """The decoding processes that a process has started, and their forks."""
    return [one for one in psutil.Process(pid).children(recursive=True) if _decodes(one)]


def _decodes(one: psutil.Process) -> bool:
    try:
        return any("decoding_child" in word for word in one.cmdline())
    except psutil.NoSuchProcess:  # a fork that has just ended
        return False
