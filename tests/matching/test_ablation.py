"""The table of steps: each on the same vectors, chosen numbers on other people."""

from pathlib import Path

import numpy as np

from matching.bench.ablation import REPORTED, STEPS, Viewed, Views, chosen_elsewhere, ranked_at, table
from matching.evaluation import Embedded, LabelledImage, rank

RNG = np.random.default_rng(21)


def viewed(identity: str, role: str, centre: np.ndarray | None, noise: float) -> Viewed:
    row = LabelledImage(Path(identity), identity, "a", role)
    if centre is None:
        return Viewed(row, None)
    views = centre + noise * RNG.normal(size=(10, 32))
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    return Viewed(row, Views(views[:6], views[6:]))


PEOPLE = RNG.normal(size=(250, 32)) / np.sqrt(32)
GALLERY = [viewed(f"p{n}", "gallery", PEOPLE[n], 0.05) for n in range(250)]
PROBES = [
    *(viewed(f"p{n}", "probe", PEOPLE[n], 0.18) for n in range(60)),
    *(viewed(f"x{n}", "nonmated", RNG.normal(size=32) / np.sqrt(32), 0.18) for n in range(60)),
    viewed("p61", "probe", None, 0.0),
]


def test_every_step_has_its_figures_and_their_intervals() -> None:
    entries = table(GALLERY, PROBES, 20)
    assert [entry["step"] for entry in entries] == [one.name for one in STEPS] + [
        "as built, chosen elsewhere"
    ]
    for entry in entries:
        assert set(entry["intervals"]) == set(REPORTED)
        assert entry["by_source"]["a"]["rank1"] == entry["rank1"]
    assert entries[1]["rank1"] >= entries[0]["rank1"]  # two views of the same face against one


def test_the_last_step_is_what_the_engine_does() -> None:
    step = STEPS[-1]

    def embedded(one: Viewed) -> Embedded:
        if one.views is None:
            return Embedded(one.row, None)
        vector = step.combine(one.views)
        return Embedded(one.row, (vector / np.linalg.norm(vector)).astype(np.float32))

    plain = rank([embedded(one) for one in GALLERY], [embedded(one) for one in PROBES])
    ours = ranked_at(step, GALLERY, PROBES)
    assert [one.mate_rank for one in ours] == [one.mate_rank for one in plain]
    assert np.allclose([one.top_score for one in ours], [one.top_score for one in plain], rtol=1e-4)


def test_numbers_chosen_on_other_people_are_used_for_everybody() -> None:
    chosen = chosen_elsewhere(GALLERY, PROBES)
    assert [one.person for one in chosen] == [one.row.identity for one in PROBES]
