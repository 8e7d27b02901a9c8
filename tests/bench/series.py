"""How long suggesting series takes, and how much memory, among tens of thousands of stills in PostgreSQL.

    python -m pytest -s tests/bench/series.py               50,000 stills
    STILLS=5000 python -m pytest -s tests/bench/series.py   fewer

Vectors are drawn around a centre so that about one pair of strangers in 10,000 is as alike as a suggestion
asks. Processor seconds (without PostgreSQL's) of one round with AT_ONCE new searches, of one with a single
new one, and of one with none; the memory that a round adds at its peak.
"""

import ctypes
import gc
import hashlib
import logging
import os
import time
from pathlib import Path

import numpy as np
import pytest
import structlog
from django.db import connection

from matching.index import to_grid
from portal import vault
from portal.cases.actions import suggestions
from portal.cases.models import Compared, Pair
from portal.reviews.models import Decision
from portal.searches.actions import query_context
from portal.searches.models import Search
from tests.bench.crowd import QUALITY, fill
from tests.cast import ENGINE, Cast, make_gallery

STRANGERS_SD = 3.72  # of a normal distribution: one in 10,000 lies above
TO_A_PERSON = 3  # stills, drawn nearer to each other than to the rest
MIB = 1024


def vectors(count: int, threshold: float) -> np.ndarray:
    """Unit vectors (count, d) on the grid: a centre, a person's own part, a picture's own part."""
    chance, dimension = np.random.default_rng(11), ENGINE.dimension
    spread = STRANGERS_SD / np.sqrt(dimension)
    common = (threshold - spread) / (1 - spread)

    def drawn(rows: int) -> np.ndarray:
        found = chance.standard_normal((rows, dimension))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    people = np.repeat(drawn(count // TO_A_PERSON + 1), TO_A_PERSON, axis=0)[:count]
    own = (people + drawn(count)) / np.sqrt(2)
    found = np.sqrt(common) * drawn(1) + np.sqrt(1 - common) * own
    return to_grid(found / np.linalg.norm(found, axis=1, keepdims=True))


def seal(threshold: float) -> None:
    """Give every search its query, as a worker keeps it."""
    rows = list(Search.objects.filter(query=b"", still__isnull=False).only("pk").order_by("pk"))
    for row, vector in zip(rows, vectors(len(rows), threshold), strict=True):
        plain = np.ascontiguousarray(vector, "<f4").tobytes()
        row.query_sha256 = hashlib.sha256(plain).hexdigest()
        row.query = vault.seal(plain, context=query_context(row.query_sha256))
    Search.objects.bulk_update(rows, ["query", "query_sha256"], batch_size=5000)


def peak() -> int:
    """KiB of memory this process held at most since measured() began."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def measured(name: str) -> int:
    """Print what one round takes; how many pairs it suggested."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins again from what is held now
    before, cpu, wall = peak(), time.process_time(), time.perf_counter()
    made = suggestions.suggest()
    print(
        f"{name:<12} {time.process_time() - cpu:6.2f} s of processor, {time.perf_counter() - wall:6.2f} s,"
        f" {(peak() - before) / MIB:6.0f} MiB more at the peak, {made} pairs"
    )
    return made


@pytest.mark.django_db(transaction=True)
def test_a_round_of_suggestions(cast: Cast) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    stills = int(os.environ.get("STILLS", "50000"))
    fill(cast, stills, make_gallery(cast.force, 4))
    Decision.objects.all().delete()  # everybody is still unidentified: the most there is to compare
    seal(suggestions.threshold_for(ENGINE.model, QUALITY["unified_score"]))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"\n{stills} stills, {ENGINE.dimension} components, {suggestions.AT_ONCE} at once")
    assert measured("many new") > 0
    known = set(Compared.objects.values_list("search", flat=True))
    rest = Search.objects.exclude(pk__in=known).values_list("pk", flat=True).order_by("pk")
    left, *others = list(rest)
    Compared.objects.bulk_create([Compared(search_id=pk) for pk in others], batch_size=5000)
    measured("one new")
    assert measured("none new") == 0
    assert Pair.objects.exists()
    assert left
