"""Files that a rebuild leaves beside an index, half-built or replaced: overwritten before they are removed.

A purge reaches only the index itself; blocks given back to the file system would keep what was in them.
"""

import os
from pathlib import Path

from matching.index.disk import opened, overwrite_content, write_all
from matching.index.header import HEADER_BYTES, Header, Intent

BUILDING = ".building"
RETIRED = ".retired"


def beside(path: Path, suffix: str) -> Path:
    """The name of a file beside the index."""
    return path.with_name(path.name + suffix)


def clear_leftovers(path: Path) -> None:
    """Overwrite and remove what a rebuild of the index at `path` has left. The caller holds the lock."""
    for suffix in (BUILDING, RETIRED):
        leftover = beside(path, suffix)
        # After a crash just before the swap, the retired name still belongs to the index itself.
        if leftover.exists() and not (path.exists() and leftover.samefile(path)):
            with opened(leftover, os.O_RDWR) as descriptor:
                retire(descriptor)
        leftover.unlink(missing_ok=True)


def retire(descriptor: int) -> None:
    """Tell whoever still maps a replaced file to open the new one, then leave no vector in the old one."""
    header = Header("", "", bytes(16), 1, 1, 1.0, generation=1 << 62, intent=Intent.RETIRED)
    for slot in (header, header.next()):
        write_all(descriptor, slot.pack(), slot.slot_offset)
    overwrite_content(descriptor, HEADER_BYTES)
