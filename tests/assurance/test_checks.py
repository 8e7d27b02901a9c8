"""Known-answer checks: planted for one list only, entering at the chosen rate, graded, never in results."""

import pytest
from django.core.files.base import ContentFile
from django.db.models import F

from portal import storage
from portal.accounts.models import OrganisationKind
from portal.assurance import actions
from portal.assurance.models import Check, CheckPolicy, CheckResult
from portal.assurance.queries import real_decisions, real_reviews, real_stills
from portal.assurance.states import CheckState, Grade, Origin
from portal.gallery.models import CustodyImage
from portal.police.holdings import counted
from portal.retention.queries import custody_due
from portal.reviews.actions import claim_review
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome, Stage
from portal.searches.models import Candidate, Search
from portal.searches.replay import replay
from portal.submissions.models import Offender
from tests.assurance.checks import make_check, queued_check
from tests.cast import (
    Cast,
    decide,
    decision_on,
    make_custody_image,
    make_gallery,
    review_as,
    searched_offender,
)


def test_the_planted_subject_stands_at_its_score_in_its_own_list_only(cast: Cast) -> None:
    make_gallery(cast.force, 4)
    check = queued_check(cast.campaign, person=9)
    planted = Check.objects.get().subject_uid
    own = Search.objects.get(still__offender=check.offender)
    ranks = dict(own.candidates.values_list("rank", "subject_uid"))
    assert ranks[1] == planted
    assert len(ranks) == 5
    scores = list(own.candidates.order_by("rank").values_list("score", flat=True))
    assert scores == sorted(scores, reverse=True)
    other = searched_offender(cast.loss_prevention, cast.campaign, person=9)
    found = Candidate.objects.filter(search__still__offender=other)
    assert len(found) == 4
    assert planted not in {one.subject_uid for one in found}


def test_an_absent_target_has_a_real_list_and_nobody_planted(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    decision = queued_check(cast.campaign, person=9, present=False)
    assert Search.objects.get(still__offender=decision.offender).candidates.count() == 3
    assert not CustodyImage.objects.filter(subject__only_for__isnull=False).exists()


def test_searches_replay_though_checks_and_other_forces_enrolled_since(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    queued_check(cast.campaign, person=2)
    searched_offender(cast.loss_prevention, cast.campaign, person=2)
    queued_check(cast.campaign, person=2)
    make_custody_image(cast.other_force, 77, person=2)
    for search in Search.objects.all():
        assert replay(search, by=cast.auditor).differences == []


def test_the_gallery_does_not_count_what_was_planted(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    make_check(cast.force, person=1)
    assert sum(number for _, _, number in counted(cast.gallery_manager)) == 3
    reference = CustodyImage.objects.get(subject__only_for__isnull=False).subject.reference
    # A real record of that number is somebody else, and found.
    image = make_custody_image(cast.force, 50, reference=reference)
    assert image.subject.only_for is None


def test_checks_are_no_result_anywhere(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    decision = queued_check(cast.campaign, person=7)
    real = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=1))
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.NO_MATCH)
    assert list(real_decisions()) == [real]
    assert list(real_stills()) == [real.offender.stills.get()]
    assert not real_reviews().exists()
    sender = decision.offender.submission.retailer
    assert sender.kind == OrganisationKind.CHECKS
    assert not any(person.is_active for person in sender.people.all())


def test_checks_follow_real_decisions_at_the_rate(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    actions.set_rate(cast.force, 50, by=cast.administrator)
    for number in range(3):
        make_check(cast.force, person=number, present=number % 2 == 0)
    assert actions.enter_due_checks(cast.force) == 0
    for _ in range(2):
        decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    assert actions.enter_due_checks(cast.force) == 2  # at 50 % each real one is followed by one
    assert actions.enter_due_checks(cast.force) == 0
    entered = Check.objects.filter(state=CheckState.ENTERED)
    assert set(entered.values_list("percent", flat=True)) == {50.0}
    assert {one.offender.submission.campaign for one in entered if one.offender} == {cast.campaign}
    actions.set_rate(cast.force, 0, by=cast.administrator)
    decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    assert actions.enter_due_checks(cast.force) == 0


def test_a_new_force_counts_from_now_and_checks_are_not_counted(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    assert actions.policy_of(cast.force).counted_to == decision.pk
    queued_check(cast.campaign, person=3)
    assert actions.enter_due_checks(cast.force) == 0
    assert CheckPolicy.objects.get().counted_to == decision.pk


def test_entering_goes_on_where_it_was_interrupted(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    check = make_check(cast.force, person=3)
    originals = storage.originals()
    content = storage.read(originals, check.picture_key)
    originals.delete(check.picture_key)
    with pytest.raises(FileNotFoundError):
        actions.enter_check(check, cast.campaign, percent=5)
    originals.save(check.picture_key, ContentFile(content))
    assert Check.objects.get().state == CheckState.ENTERING
    Check.objects.update(entering_at=F("entering_at") - actions.INTERRUPTED_AFTER * 2)
    assert actions.resume_entering() == 1
    assert Check.objects.get().state == CheckState.ENTERED
    assert Offender.objects.get().stills.count() == 1


def test_more_checks_than_one_sender_has_places(cast: Cast) -> None:
    for _ in range(31):
        actions.enter_check(make_check(cast.force, person=1, present=False), cast.campaign, percent=5)
    assert Offender.objects.values("submission").distinct().count() == 2


def test_who_takes_back_consent_is_in_no_list_any_more(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    check, entered = make_check(cast.force, person=3), queued_check(cast.campaign, person=4)
    Check.objects.update(origin=Origin.CONSENTED, person="volunteer 7")
    assert actions.withdraw_person(cast.force, "volunteer 7", by=cast.administrator, reason="asked") == 1
    check.refresh_from_db()
    assert (check.state, check.picture_key) == (CheckState.WITHDRAWN, "")
    assert custody_due().count() == 2
    review = claim_review(entered, Stage.FIRST, by=cast.facial_reviewer)
    assert review.judgements.count() == 1


@pytest.mark.parametrize(
    ("present", "outcome", "graded"),
    [
        (True, Outcome.IDENTIFIED, Grade.FOUND),
        (True, Outcome.NO_MATCH, Grade.MISSED),
        (True, Outcome.INCONCLUSIVE, Grade.UNDECIDED),
        (False, Outcome.IDENTIFIED, Grade.WRONG_PERSON),
        (False, Outcome.NO_MATCH, Grade.CLEARED),
    ],
)
def test_each_review_is_graded_by_itself(cast: Cast, present: bool, outcome: Outcome, graded: Grade) -> None:
    make_gallery(cast.force, 3)
    decision = queued_check(cast.campaign, person=9, present=present)
    review_as(decision, Stage.FIRST, cast.facial_reviewer, outcome)
    assert actions.grade_reviews() == 1
    assert actions.grade_reviews() == 0
    result = CheckResult.objects.get()
    assert (result.grade, result.reviewer, result.stage) == (graded, cast.facial_reviewer, Stage.FIRST)
    assert result.listed == present


def test_both_stages_are_graded_and_nothing_is_told(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    decision = queued_check(cast.campaign, person=9)
    decide(decision.offender, Outcome.IDENTIFIED, cast)
    actions.grade_reviews()
    assert [one.grade for one in CheckResult.objects.all()] == [Grade.FOUND, Grade.FOUND]
    decision = Decision.objects.get()
    assert decision.state == DecisionState.DECIDED
    assert not real_decisions().exists()
