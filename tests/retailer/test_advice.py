"""Quality in plain words: the worst flaw decides the one thing to do."""

import pytest

from matching.chances import Chance
from portal.retailer.advice import advise
from portal.searches.strength import Chances
from tests.cast import quality


def test_a_good_face_needs_nothing() -> None:
    advice = advise(quality(face_width=120).as_dict())
    assert (advice.tone, advice.action) == ("good", "")
    assert advice.summary == "Face is 120 pixels wide, clear and turned to the camera."


@pytest.mark.parametrize(
    ("measure", "value", "words", "action"),
    [
        ("face_width", 38, "38 pixels wide, very small", "nearer camera"),
        ("face_width", 60, "60 pixels wide, small", "nearer camera"),
        ("yaw", -60, "turned away", "looks towards the camera"),
        ("pitch", 40, "seen from above or below", "head height"),
        ("sharpness", 10, "blurred", "stands still"),
        ("under_exposure", 0.6, "too dark", "better light"),
        ("over_exposure", 0.6, "too bright", "glare"),
        ("illumination_uniformity", 0.2, "half in shadow", "even light"),
        ("compression", 0.8, "coarsely compressed", "best quality"),
    ],
)
def test_each_flaw_has_its_words_and_one_action(measure: str, value: float, words: str, action: str) -> None:
    advice = advise(quality(**{measure: value}).as_dict())
    assert words in advice.summary
    assert action in advice.action
    assert advice.tone != "good"


def test_two_flaws_are_named_and_the_worse_one_decides() -> None:
    advice = advise(quality(face_width=20, yaw=50, sharpness=30).as_dict())
    assert advice.summary.startswith("Face is 20 pixels wide, very small and ")
    assert "nearer camera" in advice.action
    assert advice.tone == "bad"


def test_a_record_without_measures_does_not_fail() -> None:
    assert advise({}).summary


def test_the_measured_chance_is_told_only_where_there_is_one() -> None:
    measured = Chances((Chance(20.0, 40.0, 0.47, (0.41, 0.53), 300, 210),))
    assert advise({"unified_score": 50.0}, measured).chance == ""
    assert advise({"unified_score": 30.0}).chance == ""
    told = advise({"unified_score": 30.0}, measured).chance
    assert "about 47 had the right person among the first 20" in told
    assert "41 to 53" in told
