"""Suggestions that drafts are one person: by file name, by face, never done, dismissed for good."""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.submissions.actions import Upload, add_draft, declare_offender
from portal.submissions.board import dismiss_grouping, merge_offenders, place
from portal.submissions.grouping import Suggestion, suggestions
from portal.submissions.likeness import ALIKE, keep_likeness
from portal.submissions.models import Likeness, Offender, Submission
from tests.cast import ENGINE, Cast, found_face, picture, search_still, submission_of, unit_vector


@pytest.fixture
def submission(cast: Cast) -> Submission:
    return submission_of(cast.loss_prevention, cast.campaign)


def dropped(submission: Submission, name: str, person: int | None = None) -> Offender:
    seed = Offender.objects.count()
    still, _ = add_draft(submission, Upload(picture(seed), name), by=submission.started_by)
    if person is not None:
        search_still(still, person=person)
    return still.offender


def offered(submission: Submission) -> list[tuple[str, list[str]]]:
    return [(one.why, [_name(offender) for offender in one.offenders]) for one in found(submission)]


def found(submission: Submission) -> list[Suggestion]:
    drafts = submission.offenders.filter(declared_at=None).prefetch_related("stills")
    return suggestions(list(drafts))


def _name(offender: Offender) -> str:
    return offender.stills.all()[0].name


def test_by_name_then_by_face(submission: Submission) -> None:
    for name, person in (("o7_b.jpg", 1), ("o7_a.jpg", 2), ("x.jpg", 3), ("y.jpg", 3), ("z.jpg", 4)):
        dropped(submission, name, person)
    assert offered(submission) == [("name", ["o7_a.jpg", "o7_b.jpg"]), ("face", ["x.jpg", "y.jpg"])]
    assert Offender.objects.count() == 5  # nothing was done


def test_dismissed_stays_dismissed(submission: Submission) -> None:
    a, b = dropped(submission, "x.jpg", 3), dropped(submission, "y.jpg", 3)
    dismiss_grouping([a, b], by=submission.started_by)
    assert offered(submission) == []
    dropped(submission, "z.jpg", 3)  # like both: it is offered with one of them, the two never together
    assert offered(submission) == [("face", ["x.jpg", "z.jpg"])]


def test_accepting_is_merging(submission: Submission) -> None:
    dropped(submission, "o7_a.jpg", 1), dropped(submission, "o7_b.jpg", 2)
    [suggestion] = found(submission)
    first, *others = suggestion.offenders
    merge_offenders(first, others, by=submission.started_by)
    assert offered(submission) == []


def test_no_more_than_an_offender_may_have(submission: Submission) -> None:
    for number in range(11):
        dropped(submission, f"case 5_{number:02}.jpg")
    assert offered(submission) == []  # eleven of one name count pictures


@pytest.mark.parametrize(("score", "expected"), [(0.004, [0, 1]), (-0.004, [])])
def test_from_the_measured_likeness_on_and_no_score_comes_out(
    submission: Submission, score: float, expected: list[int]
) -> None:
    drafts = [dropped(submission, f"{name}.jpg", 1) for name in "xy"]
    wanted = ALIKE[ENGINE.model][0][1] + score
    across = unit_vector(9) - (unit_vector(9) @ unit_vector(1)) * unit_vector(1)
    near = wanted * unit_vector(1) + np.sqrt(1 - wanted**2) * across / np.linalg.norm(across)
    keep_likeness(drafts[1].stills.get(), near.astype(np.float32), ENGINE)
    assert [drafts.index(one) for each in found(submission) for one in each.offenders] == expected
    assert not hasattr(Suggestion, "score")


def test_vectors_are_sealed_of_the_chosen_face_only_and_gone_when_it_is_sent(submission: Submission) -> None:
    still, _ = add_draft(submission, Upload(picture(1), "two.jpg"), by=submission.started_by)
    search_still(still, [found_face(), found_face(200, 40)], person=1)
    row = Likeness.objects.get()
    assert still.faces.count() == 2
    assert unit_vector(1).tobytes() not in bytes(row.vector)
    place(still.offender, 1, by=submission.started_by)
    Offender.objects.update(offence="theft")
    declare_offender(still.offender, by=submission.started_by)
    assert not Likeness.objects.exists()
    search_still(still, person=1)
    assert not Likeness.objects.exists()


def test_queries_do_not_depend_on_rows(submission: Submission) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            found(submission)
        return len(captured)

    dropped(submission, "a.jpg", 1)
    few = queries()
    for number in range(8):
        dropped(submission, f"b{number}.jpg", number % 3)
    assert queries() == few
