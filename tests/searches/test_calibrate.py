"""`manage.py calibrate`: what it measures on, and what it keeps."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from matching.evaluation import Embedded, LabelledImage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.searches.calibrations import (
    NOWHERE,
    NothingLabelled,
    calibrate,
    gallery_entries,
    split_by_subject,
)
from portal.searches.management.commands.calibrate import OPERATOR
from portal.searches.models import Calibration
from tests.cast import ENGINE, Cast, make_gallery, unit_vector


def entry(identity: str, vector: np.ndarray, quality: float = 50.0) -> Embedded:
    return Embedded(LabelledImage(NOWHERE, identity, "test", "probe"), vector, quality)


def near(vector: np.ndarray, seed: int) -> np.ndarray:
    noisy = vector + 0.03 * np.random.default_rng(seed).normal(size=len(vector))
    return (noisy / np.linalg.norm(noisy)).astype(np.float32)


def people(count: int) -> tuple[list[Embedded], list[Embedded]]:
    gallery = [entry(f"p{number}", unit_vector(number)) for number in range(1, count + 1)]
    probes = [entry(f"p{number}", near(unit_vector(number), number)) for number in range(1, count + 1)]
    return gallery, probes + [entry(f"x{at}", unit_vector(5000 + at)) for at in range(count)]


def test_what_was_measured_is_kept_and_logged(cast: Cast) -> None:
    gallery, probes = people(80)
    made = calibrate(gallery, probes, info=ENGINE, basis="eighty people", by=OPERATOR)
    assert (made.gallery_size, made.model_version, made.basis) == (80, ENGINE.model_version, "eighty people")
    best = made.lines["strata"][2]
    assert (best["mated"], best["nonmated"], len(best["resamples"])) == (80, 80, 200)
    assert made.lines["strata"][0]["slope"] is None
    assert made.reliability
    assert 0 <= made.reliability["cllr_min"] <= made.reliability["cllr"] < 0.3
    [chance] = made.chances
    assert (chance["share"], chance["stills"], chance["people"]) == (1.0, 80, 80)
    assert chance["interval"][0] < 1.0  # nobody failed, which is not the same as certain
    assert Entry.objects.get(tag=Tag.CALIBRATION_MADE).subject_id == str(made.uid)


def test_nobody_of_the_gallery_among_the_probes_is_refused(cast: Cast) -> None:
    gallery, _ = people(3)
    with pytest.raises(NothingLabelled):
        calibrate(gallery, [entry("z", unit_vector(9))], info=ENGINE, basis="", by=OPERATOR)


def test_people_with_several_images_are_the_running_gallerys_labels(cast: Cast) -> None:
    several = [entry(f"p{person}", unit_vector(person)) for person in (1, 2, 2, 3, 3, 4, 4, 5, 5)]
    gallery, probes = split_by_subject(several)
    assert [one.row.identity for one in probes] == ["p2", "p3", "p4", "p5"]
    assert {one.row.identity for one in gallery} == {"p1", "p3", "p5"}
    assert len(gallery) == 3


def test_the_running_gallery_is_read_with_its_references(cast: Cast) -> None:
    images = make_gallery(cast.force, 3)
    entries = gallery_entries(ENGINE)
    assert [one.row.identity for one in entries] == [image.subject.reference for image in images]
    assert entries[0].vector is not None
    assert entries[0].vector.shape == (ENGINE.dimension,)


def test_the_command_says_what_is_missing(cast: Cast) -> None:
    with pytest.raises(CommandError, match="No labelled picture"):
        call_command("calibrate")
    with pytest.raises(CommandError, match="needs --probes"):
        call_command("calibrate", gallery="nothing.csv")
    assert not Calibration.objects.exists()


def test_the_command_prints_its_figures(cast: Cast, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.searches.management.commands import calibrate as module

    gallery, probes = people(60)
    (tmp_path / "g.csv").write_text("path,identity,source,role\n")
    monkeypatch.setattr(module.Command, "_embed", lambda *_: [*gallery, *probes])
    monkeypatch.setattr(module, "read_rows", lambda _path, roles: gallery if "gallery" in roles else probes)
    out = StringIO()
    call_command("calibrate", gallery=tmp_path / "g.csv", probes=[tmp_path / "g.csv"], stdout=out)
    printed = json.loads(out.getvalue())
    assert printed["gallery"] == 60
    assert printed["basis"] == "labelled pictures: g.csv, g.csv"
    assert printed["strata"][2]["resamples"] == 200
