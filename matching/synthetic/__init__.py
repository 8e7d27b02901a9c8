"""People who do not exist: deterministic faces for demos and tests, with no photograph behind them."""

from matching.synthetic.cctv import cctv_still, empty_still
from matching.synthetic.custody import custody_image
from matching.synthetic.dataset import ManifestRow, distinct_people, write_dataset
from matching.synthetic.identity import Identity, person

__all__ = [
    "Identity",
    "ManifestRow",
    "cctv_still",
    "custody_image",
    "distinct_people",
    "empty_still",
    "person",
    "write_dataset",
]
