"""What happened becomes one message for each person it concerns, without a word about anybody."""

from datetime import timedelta
from typing import Any

import time_machine
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Organisation, Store, User
from portal.notifications.actions import choose
from portal.notifications.digests import make_mails
from portal.notifications.following import follow
from portal.notifications.models import Mail, Notice
from portal.notifications.reminding import remind
from portal.notifications.states import Frequency, Kind
from portal.questions.models import Question
from portal.questions.states import Kind as Asked
from portal.reviews.states import Outcome
from portal.searches.models import Candidate
from portal.submissions.models import Offender
from portal.submissions.states import YesNoUnknown
from tests.cast import Cast, decide, decision_on, make_gallery, make_offender, searched_offender
from tests.questions.asking import answered, make_question

YESTERDAY = timedelta(days=1, hours=1)


def mails() -> dict[str, Mail]:
    """Messages by the address they go to, after everything was followed."""
    while follow():
        pass
    make_mails()
    return {mail.user.email.partition("@")[0]: mail for mail in Mail.objects.select_related("user")}


def test_an_outcome_is_told_to_everybody_of_that_retailer(eager: Cast) -> None:
    make_gallery(eager.force, 2)
    for person in (1, 2):
        decide(
            searched_offender(eager.loss_prevention, eager.campaign, person=person), Outcome.NO_MATCH, eager
        )
    found = mails()
    assert set(found) == {"lena", "terry", "morgan"}
    assert found["lena"].subject == "Stillmatch: 2 outcomes"
    assert "2 offenders you reported have an outcome." in found["lena"].body


def test_every_entry_is_told_once(eager: Cast) -> None:
    make_question(make_offender(eager.loss_prevention, eager.campaign), eager.supervisor)
    with transaction.atomic():
        follow()
        make_mails()
        transaction.set_rollback(True)  # the worker dies before the commit
    assert not Notice.objects.exists()
    for _ in range(3):
        mails()
    assert Mail.objects.filter(user=eager.loss_prevention).count() == 1


def test_a_question_that_was_answered_meanwhile_is_not_mailed(eager: Cast) -> None:
    offender = make_offender(eager.loss_prevention, eager.campaign)
    answered(make_question(offender, eager.supervisor, Asked.RECEIPT), eager.loss_prevention)
    found = mails()
    assert set(found) == {"supervisor"}
    assert "1 question you asked was answered." in found["supervisor"].body


def test_daily_waits_for_the_morning_and_never_is_never(cast: Cast, settings: Any) -> None:
    settings.NOTIFICATIONS_HOUR = 23 if timezone.localtime().hour < 23 else 0
    make_question(make_offender(cast.loss_prevention, cast.campaign), cast.supervisor)
    for user, frequency in (
        (cast.loss_prevention, Frequency.DAILY),
        (cast.team_mate, Frequency.NEVER),
        (cast.retailer_manager, Frequency.AT_ONCE),
    ):
        choose(user, {Kind.QUESTIONS: frequency})
    assert set(mails()) == {"morgan"}
    assert set(Notice.objects.filter(mail=None).values_list("user", flat=True)) == {cast.loss_prevention.pk}
    Notice.objects.update(made_at=timezone.now() - YESTERDAY)
    assert set(mails()) == {"morgan", "lena"}


def test_who_was_switched_off_gets_nothing(eager: Cast) -> None:
    User.objects.filter(pk=eager.loss_prevention.pk).update(is_active=False)
    make_question(make_offender(eager.loss_prevention, eager.campaign), eager.supervisor)
    assert set(mails()) == {"terry", "morgan"}


def test_the_number_of_the_queue(eager: Cast) -> None:
    decision_on(searched_offender(eager.loss_prevention, eager.campaign))
    assert remind()
    found = mails()
    assert "1 offender in the queue waits for you." in found["robin"].body
    assert reverse("police:queue") in found["robin"].body
    assert "supervisor" not in found  # nothing waits for adjudication
    assert not remind()


# --- the preservation clock -----------------------------------------------------------------------
def test_footage_is_warned_of_three_times(eager: Cast) -> None:
    noon = timezone.localtime().replace(hour=12)
    until = noon.date() + timedelta(days=9)
    make_offender(eager.loss_prevention, eager.campaign, footage_until=until)
    warned: list[int] = []
    for day in range(12):
        with time_machine.travel(noon + timedelta(days=day)):
            told = [remind(), remind()]
            mails()
        assert told == [True, False]
        if Mail.objects.filter(user=eager.loss_prevention).count() > len(warned):
            warned.append(9 - day)
    assert warned == [7, 3, 1]


def test_what_is_gone_kept_no_longer_or_handed_over_is_not_warned_of(eager: Cast) -> None:
    soon = timezone.localdate() + timedelta(days=2)
    make_offender(eager.loss_prevention, eager.campaign, footage_until=soon, footage_kept=YesNoUnknown.NO)
    make_offender(eager.loss_prevention, eager.campaign, footage_until=soon - timedelta(days=5))
    given = make_offender(eager.loss_prevention, eager.campaign, footage_until=soon)
    answered(make_question(given, eager.supervisor, Asked.FULL_FOOTAGE), eager.loss_prevention)
    remind()
    assert "lena" not in mails()


# --- nothing about anybody ------------------------------------------------------------------------
def report() -> dict[str, Any]:
    """A report whose every text is a word of its own."""
    texts = (
        "incident_reference", "crime_reference", "reporter_name", "reporter_contact", "place_in_store",
        "camera", "goods", "weapon", "build", "height", "hair", "clothing", "marks", "direction", "vehicle",
        "vrm", "method", "prolific", "linked_incidents",
    )  # fmt: skip
    return {name: f"Zq{number}x{name[:4]}" for number, name in enumerate(texts)}


def test_no_message_says_anything_about_anybody(eager: Cast) -> None:
    make_gallery(eager.force, 3)
    soon = timezone.localdate() + timedelta(days=1)
    offenders = [
        searched_offender(eager.loss_prevention, eager.campaign, person=n, footage_until=soon, **report())
        for n in (1, 2, 3)
    ]
    decide(offenders[0], Outcome.IDENTIFIED, eager)
    decision_on(offenders[2])
    make_question(offenders[1], eager.facial_reviewer, text="Zq-officers-words")
    answered(
        make_question(offenders[0], eager.facial_reviewer, Asked.RECEIPT),
        eager.loss_prevention,
        text="Zq-retailers-words",
        collect_from="Zq-back-office",
    )
    remind()
    found = mails()
    assert {"lena", "terry", "morgan", "robin"} <= set(found)
    assert len(found["lena"].body.split("\n\n")) == 4  # outcomes, questions, footage, and the end
    secrets = {"Zq", *_values()}
    for mail in found.values():
        for secret in secrets:
            assert secret not in mail.subject + mail.body, secret


def _values() -> set[str]:
    """Every value by which somebody or something could be told."""
    names = [
        *User.objects.values_list("name", "email", "uid"),
        *Organisation.objects.values_list("name", "uid"),
    ]
    names += [
        *Store.objects.values_list("name", "uid"),
        *Question.objects.values_list("uid", "text", "answer"),
    ]
    names += [*Offender.objects.values_list("uid", "submission__uid", "submission__campaign__name")]
    names += [*Candidate.objects.values_list("uid", "subject_uid", "subject__name", "subject__reference")]
    return {str(value) for row in names for value in row if value}
