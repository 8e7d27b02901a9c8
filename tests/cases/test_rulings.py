"""A supervisor rules on what two judgements did not settle; it can be taken back, and a split stays split."""

import pytest

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid, series
from portal.cases.actions.rulings import rule_on_pair, standing_ruling, take_back_ruling
from portal.cases.disclosure import linked_offenders
from portal.cases.models import Link, Pair, Series
from portal.cases.queries import pairs_to_judge
from portal.cases.states import PairState, PairVerdict, Ruling
from portal.submissions.models import Offender
from tests.cases.acting import judge, link, look_alikes, pair_of
from tests.cast import Cast, searched_offender


def rule(pair: Pair, ruling: Ruling, cast: Cast) -> Pair:
    """The supervisor's ruling with the judgements in force seen."""
    rule_on_pair(pair, ruling, "The ears decide it.", by=cast.supervisor, seen_round=pair.round)
    return pair


def contradicted(cast: Cast) -> tuple[Pair, Offender, Offender, Offender]:
    """mine–theirs was taken apart, mine–third is linked, theirs–third would contradict."""
    mine, theirs = look_alikes(cast)
    link(mine, theirs, cast)
    series.split(Series.objects.get(), theirs.pk, "A different scar", by=cast.supervisor)
    third = searched_offender(cast.loss_prevention, cast.campaign, person=7)
    link(mine, third, cast)
    pair = link(theirs, third, cast)
    assert pair.state == PairState.CONTRADICTED
    return pair, mine, theirs, third


def unresolved(cast: Cast) -> Pair:
    pair = judge(pair_of(*look_alikes(cast)), cast.facial_reviewer)
    return judge(pair, cast.second_reviewer, PairVerdict.DIFFERENT)


def test_a_link_is_refused_while_a_split_stands_in_its_way(cast: Cast) -> None:
    pair, mine, theirs, third = contradicted(cast)
    with pytest.raises(Conflict, match="that stays"):
        rule(pair, Ruling.SAME, cast)
    series.split(Series.objects.get(ended_at=None), third.pk, "Not mine", by=cast.supervisor)
    assert rule(pair, Ruling.SAME, cast).state == PairState.LINKED
    assert linked_offenders([mine.pk, theirs.pk, third.pk]) == {theirs.pk, third.pk}
    assert Link.objects.get(pair=pair).adjudicator == cast.supervisor
    states = Pair.objects.filter(state=PairState.SPLIT).values_list("first", "second")
    assert set(states) == {(mine.pk, theirs.pk), (mine.pk, third.pk)}


def test_who_two_others_linked_is_not_called_different_while_together(cast: Cast) -> None:
    one, other, between = (searched_offender(cast.loss_prevention, cast.campaign, person=7) for _ in range(3))
    link(one, between, cast)
    link(other, between, cast)
    pair = judge(pair_of(one, other), cast.facial_reviewer, PairVerdict.DIFFERENT)
    assert judge(pair, cast.second_reviewer, PairVerdict.DIFFERENT).state == PairState.CONTRADICTED
    with pytest.raises(Conflict, match="Take one of them out"):
        rule(pair, Ruling.DIFFERENT, cast)
    assert rule(pair, Ruling.SAME, cast).state == PairState.LINKED
    take_back_ruling(pair, "Too soon", by=cast.supervisor)
    # The other links hold them together as before.
    assert linked_offenders([one.pk, other.pk]) == {one.pk, other.pk}
    assert pair.state == PairState.CONTRADICTED


def test_a_link_by_ruling_is_taken_back_and_made_again(cast: Cast) -> None:
    pair = rule(unresolved(cast), Ruling.SAME, cast)
    both = [pair.first_id, pair.second_id]
    assert linked_offenders(both) == set(both)
    take_back_ruling(pair, "Too soon", by=cast.supervisor)
    assert (pair.state, linked_offenders(both)) == (PairState.UNRESOLVED, set())
    assert not Series.objects.filter(ended_at=None).exists()
    rule(pair, Ruling.SAME, cast)
    assert linked_offenders(both) == set(both)
    assert [one.taken_back_why for one in pair.rulings.all()] == ["Too soon", ""]
    assert Entry.objects.filter(tag=Tag.PAIR_RULED_ON, subject_id=str(pair.uid)).count() == 2
    assert Entry.objects.filter(tag=Tag.PAIR_RULING_TAKEN_BACK).count() == 1


def test_different_by_ruling_keeps_apart_until_taken_back(cast: Cast) -> None:
    pair = rule(unresolved(cast), Ruling.DIFFERENT, cast)
    third = searched_offender(cast.loss_prevention, cast.campaign, person=7)
    link(pair.first, third, cast)
    assert link(pair.second, third, cast).state == PairState.CONTRADICTED
    take_back_ruling(pair, "Another look", by=cast.supervisor)
    assert rule(pair_of(pair.second, third), Ruling.SAME, cast).state == PairState.LINKED


def test_two_other_officers_judge_again_blind(cast: Cast) -> None:
    pair = rule(unresolved(cast), Ruling.AGAIN, cast)
    assert (pair.state, pair.round, pair.settled_at) == (PairState.SUGGESTED, 2, None)
    assert pair not in pairs_to_judge(cast.facial_reviewer)
    with pytest.raises(Conflict, match="needs somebody else"):
        judge(pair, cast.facial_reviewer)
    judge(pair, cast.another_reviewer)
    assert pair.state == PairState.AWAITING_SECOND


@pytest.mark.parametrize("who", ["facial_reviewer", "auditor", "gallery_manager", "foreign_officer"])
def test_others_do_not_rule(cast: Cast, who: str) -> None:
    pair = unresolved(cast)
    with pytest.raises(Conflict):
        rule_on_pair(pair, Ruling.SAME, "Sure", by=getattr(cast, who), seen_round=1)
    rule(pair, Ruling.SAME, cast)
    with pytest.raises(Conflict):
        take_back_ruling(pair, "No", by=getattr(cast, who))


def test_a_ruling_needs_a_reason_and_the_judgements_of_now(cast: Cast) -> None:
    pair = unresolved(cast)
    with pytest.raises(Invalid):
        rule_on_pair(pair, Ruling.SAME, " ", by=cast.supervisor, seen_round=1)
    with pytest.raises(Conflict, match="changed"):
        rule_on_pair(pair, Ruling.SAME, "Sure", by=cast.supervisor, seen_round=2)
    linked = link(*look_alikes(cast, person=8), cast)
    with pytest.raises(Conflict):
        rule(linked, Ruling.DIFFERENT, cast)
    assert standing_ruling(linked) is None
