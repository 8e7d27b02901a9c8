"""Pairs are suggested once, judged blind by two officers, linked reversibly; a split stays split."""

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid, series, suggestions
from portal.cases.actions.rulings import rule_on_pair, take_back_ruling
from portal.cases.actions.series import judge_pair
from portal.cases.disclosure import linked_offenders
from portal.cases.models import Link, Membership, Pair, Series
from portal.cases.queries import pairs_to_judge, series_for
from portal.cases.states import APART, DISPUTED, PairState, PairVerdict, Ruling
from portal.reviews.states import Outcome
from tests.cases.acting import judge, link, look_alikes, pair_of
from tests.cast import Cast, decide, make_campaign, make_gallery, searched_offender


def test_only_unidentified_offenders_who_look_alike_are_suggested(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    mine, theirs = look_alikes(cast)
    searched_offender(cast.loss_prevention, cast.campaign, person=8)
    known = searched_offender(cast.neighbour, cast.campaign, person=1)
    decide(known, Outcome.IDENTIFIED, cast)
    searched_offender(cast.loss_prevention, cast.campaign, person=1)
    assert suggestions.suggest() == 1
    pair = Pair.objects.get()
    assert (pair.first, pair.second, pair.state) == (mine, theirs, PairState.SUGGESTED)
    assert pair.score == pytest.approx(1.0)
    assert suggestions.suggest() == 0


def test_a_later_probe_is_compared_with_the_earlier_ones(cast: Cast) -> None:
    first = searched_offender(cast.loss_prevention, cast.campaign, person=3)
    assert suggestions.suggest() == 0
    second = searched_offender(cast.neighbour, cast.campaign, person=3)
    assert suggestions.suggest() == 1
    assert pair_of(first, second).state == PairState.SUGGESTED


def test_the_size_of_a_batch_changes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (3, 4, 3, 5, 4, 3, 3, 3, 3, 3):
        searched_offender(cast.loss_prevention, cast.campaign, person=number)
    found = []
    for size in (1, 3, 2000):
        monkeypatch.setattr(suggestions, "READ", size)
        with transaction.atomic():
            suggestions.suggest()
            found.append(
                list(Pair.objects.values_list("first", "second", "score").order_by("first", "second"))
            )
            transaction.set_rollback(True)
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > suggestions.PER_OFFENDER


def test_a_poor_probe_has_to_be_more_alike() -> None:
    assert suggestions.threshold_for("Dlib", 14.9) > suggestions.threshold_for("Dlib", 15.0)
    assert suggestions.threshold_for("Dlib", 0.0) == suggestions.threshold_for("Dlib", 14.9)


def test_no_pair_crosses_forces(cast: Cast) -> None:
    searched_offender(cast.loss_prevention, cast.campaign, person=3)
    elsewhere = make_campaign(cast.foreign_officer, [cast.uninvited])
    searched_offender(cast.stranger, elsewhere, person=3)
    assert suggestions.suggest() == 0


def test_a_link_takes_two_officers(cast: Cast) -> None:
    mine, theirs = look_alikes(cast)
    pair = judge(pair_of(mine, theirs), cast.facial_reviewer)
    assert (pair.state, linked_offenders([mine.pk, theirs.pk])) == (PairState.AWAITING_SECOND, set())
    with pytest.raises(Conflict, match="needs somebody else"):
        judge(pair, cast.facial_reviewer)
    assert pair not in pairs_to_judge(cast.facial_reviewer)
    judge(pair, cast.second_reviewer)
    assert pair.state == PairState.LINKED
    assert linked_offenders([mine.pk, theirs.pk]) == {mine.pk, theirs.pk}
    held = Link.objects.get()
    assert (held.first_officer, held.second_officer) == (cast.facial_reviewer, cast.second_reviewer)
    assert Entry.objects.filter(tag=Tag.PAIR_SETTLED, details__state=PairState.LINKED).count() == 1


@pytest.mark.parametrize(
    ("verdicts", "end"),
    [
        ((PairVerdict.DIFFERENT, PairVerdict.DIFFERENT), PairState.DIFFERENT),
        ((PairVerdict.SAME, PairVerdict.DIFFERENT), PairState.UNRESOLVED),
        ((PairVerdict.CANNOT_TELL, PairVerdict.SAME), PairState.UNRESOLVED),
    ],
)
def test_nothing_is_linked_without_agreement(
    cast: Cast, verdicts: tuple[PairVerdict, PairVerdict], end: PairState
) -> None:
    mine, theirs = look_alikes(cast)
    pair = judge(pair_of(mine, theirs), cast.facial_reviewer, verdicts[0])
    judge(pair, cast.second_reviewer, verdicts[1])
    assert pair.state == end
    assert not Membership.objects.exists()
    searched_offender(cast.neighbour, cast.campaign, person=7)
    suggestions.suggest()
    assert Pair.objects.filter(first=pair.first, second=pair.second).get().state == end


@pytest.mark.parametrize("who", ["supervisor", "gallery_manager", "foreign_officer", "loss_prevention"])
def test_others_do_not_judge(cast: Cast, who: str) -> None:
    pair = pair_of(*look_alikes(cast))
    with pytest.raises(Conflict):
        judge(pair, getattr(cast, who))


def test_a_judgement_needs_a_reason(cast: Cast) -> None:
    pair = pair_of(*look_alikes(cast))
    with pytest.raises(Invalid):
        judge_pair(pair, PairVerdict.SAME, " ", by=cast.facial_reviewer, first_on_the_left=True)


def test_a_split_stays_split_even_through_a_third(cast: Cast) -> None:
    mine, theirs = look_alikes(cast)
    link(mine, theirs, cast)
    held = Series.objects.get()
    series.split(held, theirs.pk, "A different scar", by=cast.supervisor)
    assert linked_offenders([mine.pk, theirs.pk]) == set()
    assert not series_for(cast.supervisor).exists()
    third = searched_offender(cast.loss_prevention, cast.campaign, person=7)
    link(mine, third, cast)
    assert link(theirs, third, cast).state == PairState.CONTRADICTED
    assert linked_offenders([mine.pk, theirs.pk, third.pk]) == {mine.pk, third.pk}


def test_taking_out_the_one_between_leaves_the_rest_in_parts(cast: Cast) -> None:
    five = [searched_offender(cast.loss_prevention, cast.campaign, person=7) for _ in range(5)]
    a, b, c, d, e = five
    for one, other in ((a, c), (c, b), (d, e), (c, d)):
        link(one, other, cast)
    held = Series.objects.get(ended_at=None)
    series.split(held, c.pk, "Not the same ears", by=cast.supervisor)
    assert linked_offenders([one.pk for one in five]) == {d.pk, e.pk}
    assert Pair.objects.get(first=b.pk, second=c.pk).state == PairState.SPLIT


class SeriesMachine(RuleBasedStateMachine):
    """Random officers judge, link and split; what must never be is checked after every step."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.offenders = [
            searched_offender(self.cast.loss_prevention, self.cast.campaign, person=7) for _ in range(4)
        ]
        suggestions.suggest()

    @rule(number=st.integers(0, 5), verdict=st.sampled_from(PairVerdict), who=st.integers(0, 3))
    def judge(self, number: int, verdict: PairVerdict, who: int) -> None:
        pair = Pair.objects.order_by("pk")[number]
        people = (self.cast.facial_reviewer, self.cast.another_reviewer, self.cast.second_reviewer)
        person = (*people, self.cast.supervisor)[who]
        try:
            judge(pair, person, verdict)
        except Conflict:
            return

    @rule(number=st.integers(0, 3), by_supervisor=st.booleans())
    def split(self, number: int, by_supervisor: bool) -> None:
        offender = self.offenders[number]
        held = Membership.objects.filter(offender=offender, until=None).first()
        by = self.cast.supervisor if by_supervisor else self.cast.second_reviewer
        try:
            if held:
                series.split(held.series, offender.pk, "Not this person", by=by)
        except Conflict:
            assert not by_supervisor

    @rule(number=st.integers(0, 5), ruling=st.sampled_from(Ruling), by_supervisor=st.booleans())
    def rule_on(self, number: int, ruling: Ruling, by_supervisor: bool) -> None:
        pair = Pair.objects.order_by("pk")[number]
        by = self.cast.supervisor if by_supervisor else self.cast.second_reviewer
        try:
            rule_on_pair(pair, ruling, "Both seen", by=by, seen_round=pair.round)
        except Conflict:
            return
        assert by_supervisor

    @rule(number=st.integers(0, 5))
    def take_back(self, number: int) -> None:
        pair = Pair.objects.order_by("pk")[number]
        try:
            take_back_ruling(pair, "Wrong after all", by=self.cast.supervisor)
        except Conflict:
            return
        assert pair.state in DISPUTED

    @invariant()
    def nobody_kept_apart_is_together(self) -> None:
        held = dict(Membership.objects.filter(until=None).values_list("offender_id", "series_id"))
        for pair in Pair.objects.filter(state__in=APART):
            assert held.get(pair.first_id, -1) != held.get(pair.second_id, -2)

    @invariant()
    def a_series_is_what_links_connect(self) -> None:
        held = dict(Membership.objects.filter(until=None).values_list("offender_id", "series_id"))
        members = {one: {pk for pk, of in held.items() if of == one} for one in set(held.values())}
        for together in members.values():
            assert len(together) > 1
            assert series._connected(together) == [together]

    @invariant()
    def every_link_rests_on_two_officers(self) -> None:
        for one in Link.objects.filter(ended_at=None):
            said = {(row.officer_id, row.verdict) for row in series.judgements_in_force(one.pair)}
            assert len(said) == 2
            agreed = {verdict for _, verdict in said} == {PairVerdict.SAME}
            assert one.adjudicator == self.cast.supervisor if not agreed else True
            assert one.pair.state == PairState.LINKED


def test_no_sequence_of_actions_links_what_was_split_or_by_one_officer(cast: Cast) -> None:
    class Machine(SeriesMachine):
        def __init__(self) -> None:
            self.undo = transaction.atomic()
            self.undo.__enter__()
            super().__init__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    Machine.cast = cast
    run_state_machine_as_test(Machine, settings=settings(max_examples=25, stateful_step_count=20))
