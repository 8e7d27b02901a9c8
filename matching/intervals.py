"""The figures of matching.evaluation with their intervals, and apart for groups: bootstrap over people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.evaluation import FPIRS, LISTED, Ranked
from matching.resampling import Counts, statistic_intervals

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
RANKS = {"rank1": 1, "top10": 10, "top20": 20, "top50": 50}


@dataclass(frozen=True)
class Table:
    """Ranked probes as columns."""

    people: list[str]
    mated: Flags
    found: Flags
    top: Floats
    mate: Floats
    rank: NDArray[np.int64]


def table_of(ranked: Sequence[Ranked]) -> Table:
    """One row a probe."""
    return Table(
        [one.person for one in ranked],
        np.array([one.mated for one in ranked], dtype=bool),
        np.array([one.found for one in ranked], dtype=bool),
        np.array([one.top_score for one in ranked], dtype=np.float64),
        np.array([one.mate_score for one in ranked], dtype=np.float64),
        np.array([one.mate_rank for one in ranked], dtype=np.int64),
    )


def limits_of(table: Table, times: Counts) -> dict[float, float]:
    """thresholds() where every row counts `times` times."""
    tops = np.sort(np.repeat(table.top[~table.mated], times[~table.mated]))[::-1]
    return {rate: float(tops[int(rate * len(tops))]) if len(tops) else np.inf for rate in FPIRS}


def shares(table: Table, times: Counts, limits: dict[float, float]) -> dict[str, float]:
    """The shares of figures(), and FPIR at the same thresholds; nan where nobody is counted."""
    mated, others = times * table.mated, times * ~table.mated
    report = {"face_found": _share(table.found, times)}
    for name, length in RANKS.items():
        report[name] = _share((table.rank > 0) & (table.rank <= length), mated)
    for rate, limit in limits.items():
        hit = (table.mate > limit) & (table.rank > 0) & (table.rank <= LISTED)
        known = np.isfinite(limit)
        report[f"fnir_at_fpir_{rate:g}"] = _share(~hit, mated) if known else np.nan
        report[f"fpir_at_fpir_{rate:g}"] = _share(table.top > limit, others) if known else np.nan
    return report


def _share(flags: Flags, times: Counts) -> float:
    whole = times.sum()
    return float((times * flags).sum() / whole) if whole else float("nan")


def intervals(ranked: Sequence[Ranked], draws: int) -> dict[str, list[float] | None]:
    """95 % of every headline figure; the thresholds are found anew in every sample."""
    table = table_of(ranked)

    def drawn(times: Counts) -> dict[str, float]:
        found = shares(table, times, limits_of(table, times))
        return {name: value for name, value in found.items() if not name.startswith("fpir")}

    return statistic_intervals(table.people, drawn, draws)


def by_group(ranked: Sequence[Ranked], draws: int) -> dict[str, Any]:
    """For every value of the column: people and probes, FNIR and FPIR at the thresholds of all together,
    and their intervals.
    """
    table, groups = table_of(ranked), np.array([one.group for one in ranked])
    once = np.ones(len(ranked), dtype=np.int64)
    limits = limits_of(table, once)
    return {
        str(group): _counts(table, groups == group)
        | _rounded(shares(table, once * (groups == group), limits))
        | {"intervals": _group_intervals(table, groups == group, draws)}
        for group in sorted(set(groups.tolist()))
    }


def _group_intervals(table: Table, inside: Flags, draws: int) -> dict[str, list[float] | None]:
    def drawn(times: Counts) -> dict[str, float]:
        return shares(table, times * inside, limits_of(table, times))

    return statistic_intervals(table.people, drawn, draws)


def _counts(table: Table, inside: Flags) -> dict[str, int]:
    names = np.array(table.people)
    return {
        "people": len(set(names[inside].tolist())),
        "mated": int((inside & table.mated).sum()),
        "nonmated": int((inside & ~table.mated).sum()),
    }


def _rounded(figures: dict[str, float]) -> dict[str, float | None]:
    return {name: round(value, 4) if np.isfinite(value) else None for name, value in figures.items()}
