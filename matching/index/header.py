"""The first two pages of an index file: the same header twice, written in turn, each with its own checksum.

Whoever dies while writing one slot leaves the other. The valid slot with the higher generation is the state.
"""

import hashlib
import struct
from dataclasses import dataclass, replace
from enum import IntEnum

from matching.errors import IndexCorrupt
from matching.index.rows import MODULUS, fingerprint_text

MAGIC = b"STILLFLT"
FORMAT_VERSION = 1
SLOT_BYTES = 4096
HEADER_BYTES = 2 * SLOT_BYTES

_FIELDS = struct.Struct("<8sIIIIQQQQqQQd32s16s16s128s")
_DIGEST_BYTES = 32


class Intent(IntEnum):
    """What a writer has begun and not finished: the next writer cleans up after it."""

    NONE = 0
    ADD = 1
    PURGE = 2
    RETIRED = 3  # replaced by a rebuilt file: open the path again


@dataclass(frozen=True, slots=True)
class Header:
    """One committed state.

    rows: rows ever used, live or free. live: rows that hold a template. intent_count: rows past `rows` an
    unfinished add may have written, or last tombstones whose rows a purge may not have erased yet.
    code_step: size of one int8 code step. fingerprint: see protocol.Snapshot.
    """

    model: str
    grid: str
    epoch: bytes
    dimension: int
    chunk_rows: int
    code_step: float
    generation: int = 0
    chunks: int = 0
    rows: int = 0
    live: int = 0
    tombstones: int = 0
    seq: int = 0
    intent: Intent = Intent.NONE
    intent_count: int = 0
    fingerprint: int = 0

    def next(self, **changes: object) -> "Header":
        """The following generation."""
        return replace(self, generation=self.generation + 1, **changes)  # type: ignore[arg-type]

    @property
    def slot_offset(self) -> int:
        """Where this generation belongs in the file: never on top of the one before."""
        return SLOT_BYTES * (self.generation % 2)

    @property
    def fingerprint_text(self) -> str:
        """64 hex digits."""
        return fingerprint_text(self.fingerprint)

    def pack(self) -> bytes:
        """The slot's bytes: fields, then their SHA-256."""
        fields = _FIELDS.pack(
            MAGIC, FORMAT_VERSION, self.dimension, self.chunk_rows, self.intent,
            self.generation, self.chunks, self.rows, self.live, self.seq, self.tombstones, self.intent_count,
            self.code_step, (self.fingerprint % MODULUS).to_bytes(32, "little"), self.epoch,
            _fixed(self.grid, 16), _fixed(self.model, 128),
        )  # fmt: skip
        return fields + hashlib.sha256(fields).digest()


def unpack(slot: bytes) -> Header | None:
    """The header in a slot, or None if its checksum is wrong. IndexCorrupt for another format version."""
    fields, digest = slot[: _FIELDS.size], slot[_FIELDS.size : _FIELDS.size + _DIGEST_BYTES]
    if len(digest) < _DIGEST_BYTES or hashlib.sha256(fields).digest() != digest:
        return None
    (magic, version, dimension, chunk_rows, intent, generation, chunks, rows, live, seq, tombstones,
     intent_count, code_step, fingerprint, epoch, grid, model) = _FIELDS.unpack(fields)  # fmt: skip
    if magic != MAGIC or version != FORMAT_VERSION:
        raise IndexCorrupt(f"index format {magic!r} {version}: this release reads {FORMAT_VERSION}; rebuild")
    return Header(
        _text(model), _text(grid), epoch, dimension, chunk_rows, code_step, generation, chunks, rows, live,
        tombstones, seq, Intent(intent), intent_count, int.from_bytes(fingerprint, "little"),
    )  # fmt: skip


def latest(pages: bytes) -> Header | None:
    """The newer of the two valid slots of a file's first pages; None if neither is valid."""
    slots = (unpack(pages[:SLOT_BYTES]), unpack(pages[SLOT_BYTES:HEADER_BYTES]))
    valid = [header for header in slots if header is not None]
    return max(valid, key=lambda header: header.generation, default=None)


def _fixed(text: str, width: int) -> bytes:
    encoded = text.encode()
    if len(encoded) > width:
        raise ValueError(f"{text!r} is longer than {width} bytes")
    return encoded.ljust(width, b"\0")


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode()
