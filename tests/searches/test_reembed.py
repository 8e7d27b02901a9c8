"""A gallery moves to another model: the old one serves meanwhile, the switch is one step, nobody is lost."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from matching.decoding import normalise
from matching.engine import DEFAULT_MODEL, EngineInfo, EngineSettings, load_engine
from matching.onnx_graph import Graph
from portal.audit.log import SystemActor
from portal.gallery import serving
from portal.gallery.actions import CustodyRecord, add_custody_image
from portal.gallery.index import current_index
from portal.gallery.models import CustodyImage, Serving, Template
from portal.gallery.tasks import enrol_custody_image
from portal.searches import reembedding
from portal.searches.models import Search
from portal.searches.tasks import process_still
from portal.submissions.models import Still
from portal.work import WorkState
from tests.cast import Cast, client_of, custody_picture, face_picture, make_offender, make_still

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="session")
def second_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small network under SFace's file name: block means through a random projection."""
    graph = Graph({"data": (1, 3, 112, 112)}, {"vector": (1, 128)})
    blocks = graph.node("AveragePool", ["data"], kernel_shape=[8, 8], strides=[8, 8])
    flat = graph.node("Flatten", [blocks])
    weights = np.random.default_rng(5).normal(size=(588, 128)).astype(np.float32)
    graph.node("MatMul", [flat, graph.constant(weights)], "vector")
    folder = tmp_path_factory.mktemp("weights")
    (folder / "face_recognition_sface_2021dec.onnx").write_bytes(graph.to_bytes())
    return folder


def enrolled(cast: Cast, person: int) -> CustodyImage:
    """A custody image, enrolled by the very task, with the engine that serves."""
    content = custody_picture(person)
    today = timezone.localdate()
    about = CustodyRecord(f"NM/{person}", today - timedelta(days=9), today + timedelta(days=99))
    digest = hashlib.sha256(content).hexdigest()
    image, _ = add_custody_image(
        cast.force, about, content, digest, normalise(content), by=SystemActor("test")
    )
    enrol_custody_image(image_id=image.pk)
    image.refresh_from_db()
    return image


def searched(cast: Cast, person: int) -> Search:
    """A still, searched by the very task."""
    still = make_still(make_offender(cast.loss_prevention, cast.campaign), face_picture(person))
    process_still(still_id=still.pk)
    return Search.objects.get(still=still)


def models_of(image: CustodyImage) -> set[str]:
    return set(Template.objects.filter(image=image).values_list("model", flat=True))


def info_of(weights: Path) -> EngineInfo:
    return load_engine(EngineSettings("SFace", weights_dir=weights)).info


def test_a_gallery_moves_while_it_serves(
    cast: Cast, redis_server: object, second_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [enrolled(cast, person) for person in (1, 2)]
    before = searched(cast, 1)
    call_command("reembed", model="SFace", weights=second_weights)
    assert "asked 1 past searches" in capsys.readouterr().out
    assert all(models_of(image) == {DEFAULT_MODEL, "SFace"} for image in images)
    assert searched(cast, 2).model == DEFAULT_MODEL  # still

    late = enrolled(cast, 3)
    assert models_of(late) == {DEFAULT_MODEL}
    settings, info = EngineSettings("SFace", weights_dir=second_weights), info_of(second_weights)
    with pytest.raises(reembedding.NotReady, match="1 enrolled image"):
        reembedding.switch(settings, info, by=SystemActor("test"))
    assert not Serving.objects.exists()

    call_command("reembed", model="SFace", weights=second_weights, switch=True)
    assert "2 stills are searched again" in capsys.readouterr().out
    still = Still.objects.get(searches=before)
    assert still.work_state == WorkState.QUEUED
    process_still(still_id=still.pk)
    after = Search.objects.filter(still=still).latest("pk")
    assert after.model == "SFace"
    assert after.candidates.count() == 3
    listed = Template.objects.filter(pk__in=after.candidates.values("template_id"))
    assert set(listed.values_list("model", flat=True)) == {"SFace"}
    assert models_of(enrolled(cast, 4)) == {"SFace"}

    call_command("reembed", model="SFace", weights=second_weights, drop_old=True)
    assert set(Template.objects.values_list("model", flat=True)) == {"SFace"}
    assert current_index(model=DEFAULT_MODEL, dimension=256).flat.snapshot().count == 0
    assert current_index(model="SFace", dimension=128).flat.snapshot().count == 4


def test_a_new_default_does_not_search_where_nothing_is(
    cast: Cast, redis_server: object, settings: Any
) -> None:
    settings.MATCHING_MODEL = "Dlib"
    enrolled(cast, 1)
    settings.MATCHING_MODEL = DEFAULT_MODEL
    search = searched(cast, 1)
    assert (search.model, search.candidates.count()) == ("Dlib", 1)
    assert models_of(enrolled(cast, 2)) == {"Dlib"}
    call_command("reembed", model=DEFAULT_MODEL, switch=True)
    assert models_of(enrolled(cast, 3)) == {DEFAULT_MODEL}


def test_after_an_upgrade_searches_wait_and_everybody_is_told(
    cast: Cast, redis_server: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """Templates of the same model in an older version: an empty list would say that nobody is known."""
    image, old = enrolled(cast, 1), "made by an earlier release"
    Template.objects.update(model_version=old)
    command = f"manage.py reembed --model {DEFAULT_MODEL} --switch"

    still = make_still(make_offender(cast.loss_prevention, cast.campaign), face_picture(1))
    process_still(still_id=still.pk)
    late = enrolled(cast, 2)
    still.refresh_from_db()
    for row in (still, late):
        assert (row.work_state, row.work_attempts) == (WorkState.QUEUED, 0)
        assert old in row.work_error
        assert command in row.work_error
    assert not Search.objects.exists()
    assert Template.objects.count() == 1
    page = client_of(cast.administrator).get(reverse("oversight:operations")).content.decode()
    assert "Nothing is searched or enrolled until" in page
    assert command in page
    call_command("check", databases=["default"])
    assert f"HINT: Run: {command}" in capsys.readouterr().err

    call_command("reembed", model=DEFAULT_MODEL, switch=True)
    process_still(still_id=still.pk)
    enrol_custody_image(image_id=late.pk)
    found = Search.objects.get(still=still)
    assert [one.image for one in found.candidates.all()] == [image]
    assert serving.version_fault() == ""
    call_command("check", databases=["default"])
    assert "gallery" not in capsys.readouterr().err
    call_command("reembed", model=DEFAULT_MODEL, drop_old=True)
    assert not Template.objects.filter(model_version=old).exists()
    assert Template.objects.count() == 2


def test_the_move_needs_no_weights_of_the_old_model(
    cast: Cast, redis_server: object, second_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(cast, 1)
    Serving.objects.create(pk=1, model="ArcFace", model_version="gone", weights_dir="/nowhere")
    call_command("reembed", model="SFace", weights=second_weights, switch=True)
    assert "Not compared: No weights for ArcFace" in capsys.readouterr().out
    assert Serving.objects.get().model == "SFace"


def test_an_interrupted_move_goes_on_where_it_was(
    cast: Cast, redis_server: object, second_weights: Path
) -> None:
    for person in (1, 2, 3):
        enrolled(cast, person)
    settings, info = EngineSettings("SFace", weights_dir=second_weights), info_of(second_weights)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reembedding.reembed(settings, info, progress=interrupt)
    assert reembedding.remaining(info).count() == 2
    made = set(Template.objects.filter(model="SFace").values_list("pk", flat=True))
    assert reembedding.reembed(settings, info, processes=2) == []
    assert reembedding.remaining(info).count() == 0
    assert made < set(Template.objects.filter(model="SFace").values_list("pk", flat=True))
    assert Template.objects.filter(model="SFace").count() == 3


def test_what_an_old_process_enrols_after_the_switch_is_put_back(
    cast: Cast, redis_server: object, second_weights: Path
) -> None:
    image = enrolled(cast, 1)
    old = serving.engine().info
    settings, info = EngineSettings("SFace", weights_dir=second_weights), info_of(second_weights)
    reembedding.reembed(settings, info)
    reembedding.switch(settings, info, by=SystemActor("test"))
    with pytest.raises(serving.Superseded, match="SFace"), transaction.atomic():
        serving.must_serve(old)
    assert models_of(image) == {DEFAULT_MODEL, "SFace"}


def test_a_model_without_weights_is_refused_by_name(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="arcface_weights"):
        call_command("reembed", model="ArcFace", weights=tmp_path)
    with pytest.raises(CommandError, match="not one of"):
        call_command("reembed", model="Nonsense")


def test_engines_says_what_is_there(second_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("engines", weights=second_weights)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "present" in lines["SFace"]
    assert "Apache-2.0" in lines["SFace"]
    assert "missing" in lines["ArcFace"]
    assert "non-commercial" in lines["ArcFace"]
