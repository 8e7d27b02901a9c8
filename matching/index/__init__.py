"""Exact search over face templates, and proof of what was searched and what was erased.

index = FlatIndex.create(path, model="Dlib", dimension=128, epoch=database_uuid)
index.add([Row(7, to_grid(vector))], seq=1)
[hits] = index.search(probe, 50, min_seq=1)
"""

from matching.index.flat import FlatIndex, Tuning
from matching.index.grid import GRID, to_grid
from matching.index.protocol import (
    GalleryIndex,
    PurgeReceipt,
    Rebuilt,
    Row,
    RowBatch,
    Rows,
    SearchHits,
    Snapshot,
    Tombstone,
    Verification,
)

__all__ = [
    "GRID",
    "FlatIndex",
    "GalleryIndex",
    "PurgeReceipt",
    "Rebuilt",
    "Row",
    "RowBatch",
    "Rows",
    "SearchHits",
    "Snapshot",
    "Tombstone",
    "Tuning",
    "Verification",
    "to_grid",
]
