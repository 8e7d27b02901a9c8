"""What is asked of the operating system: one writer at a time, whole writes, zeros that are really there."""

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 1 << 22


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the index's lock, against processes and threads: exclusive to change it, shared to keep it still.

    The lock is on a file of its own, since a rebuild replaces the index; a dead process lets go by dying.
    """
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A file descriptor, closed at the end; new files are for their owner alone."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes | memoryview, offset: int) -> None:
    """Write everything at an offset, however many calls it takes."""
    view = memoryview(content).cast("B")
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def sync_directory(path: Path) -> None:
    """Make a file's name as durable as its content."""
    with opened(path.parent, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        os.fsync(descriptor)


def write_zeros(descriptor: int, offset: int, length: int) -> None:
    """Overwrite with zeros."""
    zeros = bytes(min(length, PIECE))
    for at in range(0, length, PIECE):
        write_all(descriptor, memoryview(zeros)[: length - at], offset + at)


def overwrite_content(descriptor: int, start: int) -> None:
    """Overwrite with zeros whatever was ever written from `start` to the end; what is a hole stays one."""
    end = os.fstat(descriptor).st_size
    while start < end:
        try:
            start = os.lseek(descriptor, start, os.SEEK_DATA)
        except OSError:  # ENXIO: nothing but a hole until the end
            break
        stop = os.lseek(descriptor, start, os.SEEK_HOLE)
        write_zeros(descriptor, start, stop - start)
        start = stop
    os.fsync(descriptor)


class ReadBack:
    """Reads a file past the page cache, from the device, where the file system lets us (`source`)."""

    def __init__(self, path: Path) -> None:
        self.source = "device"
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECT)
        except OSError:  # tmpfs, for one
            self._buffered(path)
        self._path = path

    def __enter__(self) -> "ReadBack":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def is_zero(self, offset: int, length: int) -> bool:
        """Whether every byte of the range reads as zero."""
        try:
            return not any(self._read(offset, length))
        except OSError:
            if self.source != "device":
                raise
            os.close(self._descriptor)
            self._buffered(self._path)
            return not any(self._read(offset, length))

    def _buffered(self, path: Path) -> None:
        self.source = "page cache"
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def _read(self, offset: int, length: int) -> bytes:
        # Direct reads want page-aligned offsets, lengths and memory: an anonymous map is all of that.
        start = offset - offset % mmap.PAGESIZE
        size = -(-(offset + length - start) // mmap.PAGESIZE) * mmap.PAGESIZE
        with mmap.mmap(-1, size) as buffer:
            got = os.preadv(self._descriptor, [buffer], start)
            if got < offset + length - start:
                raise OSError("the index file is shorter than its rows")
            return buffer[offset - start : offset - start + length]
