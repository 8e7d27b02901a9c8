"""The board's actions: places, the tray, merging and splitting. Nothing typed and no still is ever lost."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import storage
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions import board
from portal.submissions.actions import (
    SubmissionRefused,
    Upload,
    add_draft,
    declare_offender,
    discard_draft,
    move_campaign,
)
from portal.submissions.combining import report_fields
from portal.submissions.models import NotGrouped, Offender, Still, Submission
from portal.submissions.names import group_of, natural_key
from portal.submissions.states import MAX_OFFENDERS, MAX_STILLS, CampaignState
from tests.cast import Cast, make_offender, make_still, picture, submission_of


@pytest.fixture
def submission(cast: Cast) -> Submission:
    return submission_of(cast.loss_prevention, cast.campaign)


def draft(submission: Submission, seed: int, name: str = "") -> Offender:
    """A file dropped on the board."""
    upload = Upload(picture(seed), name or f"cam{seed:02}.jpg")
    return add_draft(submission, upload, by=submission.started_by)[0].offender


def ranks(*offenders: Offender) -> list[int | None]:
    for one in offenders:
        one.refresh_from_db()
    return [one.rank for one in offenders]


def code_of(act: Any) -> str:
    with pytest.raises(SubmissionRefused) as refused:
        act()
    assert refused.value.message.endswith(".")
    return refused.value.code


def test_a_dropped_file_waits_in_the_tray_and_is_the_same_still_when_it_comes_again(
    submission: Submission,
) -> None:
    by = submission.started_by
    first, new = add_draft(submission, Upload(picture(1), "till.jpg"), by=by)
    again, still_new = add_draft(submission, Upload(picture(1), "other-name.jpg"), by=by)
    assert (new, still_new, again) == (True, False, first)
    assert (first.offender.rank, first.offender.offence, Offender.objects.count()) == (None, "", 1)
    assert str(first.offender).startswith("Offender not placed yet of ")


def test_the_others_make_room_and_sent_ones_stay(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    a, sent, b, c = (make_offender(by, cast.campaign, declared=n == 1) for n in range(4))
    board.move(c, 1, by=by)
    assert ranks(c, sent, a, b) == [1, 2, 3, 4]
    board.move(c, 4, by=by)
    assert ranks(a, sent, b, c) == [1, 2, 3, 4]
    assert code_of(lambda: board.move(a, 2, by=by)) == "place_taken"
    assert code_of(lambda: board.place(a, 3, by=by)) == "place_taken"
    assert code_of(lambda: board.place(a, 31, by=by)) == "no_such_place"
    assert code_of(lambda: board.move(sent, 9, by=by)) == "already_sent"
    board.place(a, None, by=by)
    board.place(b, 30, by=by)
    assert ranks(a, sent, b, c) == [None, 2, 30, 4]
    assert Entry.objects.filter(tag=Tag.OFFENDER_PLACED).count() == 4


def test_one_from_the_tray_pushes_as_far_as_the_next_gap(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    last = make_offender(by, cast.campaign, declared=False)
    board.place(last, MAX_OFFENDERS, by=by)
    new = draft(submission, 1)
    board.move(new, MAX_OFFENDERS, by=by)  # nothing is free behind it: they move towards the front
    assert ranks(last, new) == [MAX_OFFENDERS - 1, MAX_OFFENDERS]
    assert new.rank == MAX_OFFENDERS


def test_all_are_placed_by_file_name_and_the_rest_waits(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    for _ in range(MAX_OFFENDERS - 2):
        make_offender(by, cast.campaign)
    ten, two, one = (draft(submission, n, f"offender{n}.jpg") for n in (10, 2, 1))
    assert board.place_all(submission, by=by) == (2, 1)
    assert ranks(one, two, ten) == [MAX_OFFENDERS - 1, MAX_OFFENDERS, None]
    assert code_of(lambda: board.move(ten, 1, by=by)) == "place_taken"
    assert board.place_all(submission, by=by) == (0, 1)


def test_merging_keeps_every_still_and_every_word(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    into = make_offender(by, cast.campaign, declared=False, goods="razor blades", weapon="")
    other = make_offender(by, cast.campaign, declared=False, goods="coffee", weapon="a knife", violence=True)
    same = picture(5)
    kept = [make_still(into, same), make_still(other), make_still(other)]
    double = make_still(other, same)
    board.merge_offenders(into, [other, into], by=by)
    into.refresh_from_db()
    assert (into.rank, into.goods, into.weapon, into.violence) == (1, "razor blades", "a knife", True)
    assert "goods: coffee" in into.linked_incidents
    assert set(into.stills.all()) == set(kept)
    assert not Offender.objects.filter(pk=other.pk).exists()
    entry = Entry.objects.get(tag=Tag.OFFENDERS_MERGED)
    assert entry.details["merged"] == {str(other.uid): 2}
    assert storage.read(storage.originals(), kept[0].original_key) == same
    assert double.original_key != kept[0].original_key


def test_what_may_not_be_merged(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    mine, sent = draft(submission, 1), make_offender(by, cast.campaign)
    theirs = draft(submission_of(cast.neighbour, cast.campaign), 1)
    assert code_of(lambda: board.merge_offenders(mine, [sent], by=by)) == "already_sent"
    assert code_of(lambda: board.merge_offenders(sent, [mine], by=by)) == "already_sent"
    assert code_of(lambda: board.merge_offenders(mine, [theirs], by=by)) == "other_submission"
    assert code_of(lambda: board.merge_offenders(mine, [mine], by=by)) == "nothing_to_merge"
    many = [draft(submission, 10 + n) for n in range(MAX_STILLS)]
    assert code_of(lambda: board.merge_offenders(mine, many, by=by)) == "too_many_stills"
    assert Offender.objects.count() == MAX_STILLS + 3
    discard_draft(many[0], by=by)
    assert code_of(lambda: board.merge_offenders(mine, many[:1], by=by)) == "offender_gone"


def test_a_still_is_separated_into_the_tray(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    one = make_offender(by, cast.campaign, declared=False)
    first, second = make_still(one), make_still(one)
    new = board.split_still(second, by=by)
    second.refresh_from_db()
    assert (second.offender, new.rank, first.offender) == (new, None, one)
    assert code_of(lambda: board.split_still(first, by=by)) == "last_still"


def test_a_dismissed_pair_stays_dismissed_when_one_of_it_is_merged(submission: Submission) -> None:
    by = submission.started_by
    a, b, c = (draft(submission, n) for n in range(3))
    board.dismiss_grouping([b, a], by=by)
    board.dismiss_grouping([a, b], by=by)
    board.merge_offenders(c, [b], by=by)
    assert list(NotGrouped.objects.values_list("first", "second")) == [(a.pk, c.pk)]


def test_nothing_moves_after_closing(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    a, b = draft(submission, 1), draft(submission, 2)
    still = make_still(a)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    for act in (
        lambda: board.place(a, 1, by=by),
        lambda: board.move(a, 1, by=by),
        lambda: board.place_all(submission, by=by),
        lambda: board.merge_offenders(a, [b], by=by),
        lambda: board.split_still(still, by=by),
        lambda: board.dismiss_grouping([a, b], by=by),
        lambda: add_draft(submission, Upload(picture(9), "late.jpg"), by=by),
    ):
        assert code_of(act) == "campaign_closed"


def test_what_is_sent_has_a_place_an_offence_and_a_still(cast: Cast, submission: Submission) -> None:
    by = submission.started_by
    one = draft(submission, 1)
    assert code_of(lambda: declare_offender(one, by=by)) == "not_placed"
    board.place(one, 7, by=by)
    assert code_of(lambda: declare_offender(one, by=by)) == "report_incomplete"
    empty = make_offender(by, cast.campaign, declared=False)
    assert code_of(lambda: declare_offender(empty, by=by)) == "still_missing"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "place", "move", "tray", "all", "merge", "split", "discard", "declare"]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(1, MAX_OFFENDERS),
    ),
    min_size=5,
    max_size=30,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_is_done_no_place_is_held_twice_and_no_still_is_lost(
    submission: Submission, steps: list[tuple[str, int, int, int]]
) -> None:
    by = submission.started_by
    Still.objects.all().delete()
    Offender.objects.all().delete()
    expected: set[int] = set()
    for seed in range(4):
        expected.add(_add(submission, seed))
    seeds = iter(range(4, 100))
    for act, first, second, rank in steps:
        everyone = list(Offender.objects.order_by("pk"))
        if act == "add" or not everyone:
            expected.add(_add(submission, next(seeds)))
            continue
        one, other = everyone[first % len(everyone)], everyone[second % len(everyone)]
        before = set(one.stills.values_list("pk", flat=True))
        try:
            _do(act, one, other, rank, submission)
        except SubmissionRefused:
            continue
        finally:
            held = Counter(Offender.objects.filter(rank__isnull=False).values_list("rank", flat=True))
            assert set(held.values()) <= {1}
        if act == "discard":
            expected -= before
        assert set(Still.objects.values_list("pk", flat=True)) == expected
        assert not Offender.objects.filter(stills=None).exists()
    assert by.pk


def _add(submission: Submission, seed: int) -> int:
    return draft(submission, seed).stills.get().pk


def _do(act: str, one: Offender, other: Offender, rank: int, submission: Submission) -> None:
    by = submission.started_by
    if act == "place":
        board.place(one, rank, by=by)
    elif act == "move":
        board.move(one, rank, by=by)
    elif act == "tray":
        board.place(one, None, by=by)
    elif act == "all":
        board.place_all(submission, by=by)
    elif act == "merge":
        board.merge_offenders(one, [other], by=by)
    elif act == "split":
        board.split_still(one.stills.order_by("-pk")[0], by=by)
    elif act == "discard":
        discard_draft(one, by=by)
    else:
        declare_offender(one, by=by)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("offender07_a.jpg", "offender07"),
        ("Offender07_B.JPG", "offender07"),
        ("offender07.jpg", "offender07"),
        ("offender07b.png", "offender07"),
        ("case 12 (3).jpg", "case 12"),
        ("2026-11-02 till 2-1.jpg", "2026-11-02 till 2"),
        ("still-0007.jpg", "still-0007"),
        ("img_1.jpg", "img_1"),
        ("till.jpg", ""),
    ],
)
def test_which_file_names_belong_together(name: str, group: str) -> None:
    assert group_of(name) == group


def test_names_sort_as_people_count() -> None:
    names = ["b.jpg", "a10.jpg", "A2.jpg", "7.jpg"]
    assert sorted(names, key=natural_key) == ["7.jpg", "A2.jpg", "a10.jpg", "b.jpg"]


def test_every_field_of_the_report_is_thought_of_when_merging() -> None:
    own = {"rank", "uid", "submission", "created_by", "created_at", "declared_by", "declared_at", "id"}
    assert own.isdisjoint(field.name for field in report_fields())
