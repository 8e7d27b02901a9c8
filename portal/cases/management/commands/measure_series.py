"""How alike probes of one person and of strangers are: the figures that series suggestions rest on."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from numpy.typing import NDArray

from matching.errors import MatchingError
from matching.evaluation import QUALITY_EDGES, Embedded, embed_rows, read_rows
from portal.gallery.serving import serving_settings

ROLES = {"gallery", "probe", "nonmated"}
RATES = (1e-3, 1e-4, 1e-5)  # shares of pairs of strangers that reach a threshold
Bools = NDArray[np.bool_]


def figures(levels: Sequence[Sequence[Embedded]]) -> list[dict[str, Any]]:
    """One entry a stratum of the poorer probe's unified quality; mated pairs are of one level only.

    A picture and its own degraded version are no pair of probes, so mated pairs never cross levels.
    """
    rows = [(number, one) for number, level in enumerate(levels) for one in level if one.vector is not None]
    vectors = np.stack([one.vector for _, one in rows if one.vector is not None]).astype(np.float64)
    identity = np.array([one.row.identity for _, one in rows])
    quality = np.array([one.quality for _, one in rows])
    level = np.array([number for number, _ in rows])
    pairs = np.triu(np.ones((len(rows), len(rows)), bool), 1)
    same = identity[:, None] == identity[None]
    mated = pairs & same & (level[:, None] == level[None])
    poorer = np.minimum(quality[:, None], quality[None])
    edges = (0.0, *QUALITY_EDGES, 101.0)
    scores = vectors @ vectors.T
    return [
        _stratum(scores, pairs & ~same & within, mated & within) | {"quality": [low, high]}
        for low, high in pairwise(edges)
        for within in [(poorer >= low) & (poorer < high)]
    ]


def _stratum(scores: NDArray[np.float64], strangers: Bools, mated: Bools) -> dict[str, Any]:
    false, true = scores[strangers], scores[mated]
    found = []
    for rate in RATES if len(false) and len(true) else ():
        cosine = float(np.quantile(false, 1 - rate))
        found.append(
            {"rate": rate, "cosine": round(cosine, 4), "found": round(float((true >= cosine).mean()), 3)}
        )
    return {"strangers": len(false), "mated": len(true), "thresholds": found}


class Command(BaseCommand):
    """Print the figures as JSON."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """CSV columns: path, identity, source, role; give the option once for each level of quality."""
        parser.add_argument("--probes", type=Path, required=True, action="append")
        parser.add_argument("--processes", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        """Embed every picture, compare all with all."""
        try:
            levels = [
                embed_rows(read_rows(path, ROLES), serving_settings(), processes=options["processes"])
                for path in options["probes"]
            ]
        except (MatchingError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(figures(levels), indent=2))
