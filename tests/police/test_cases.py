"""The pages of cases and packages, and the prolific list."""

import io
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases import harm
from portal.cases.actions.cases import gather_offences, open_cases
from portal.cases.models import Case, Package
from portal.cases.queries import readable_cases
from portal.cases.states import CaseResult, CaseState, PackageKind
from portal.reviews.states import Outcome
from tests.cases.acting import case_across_two_retailers, link, look_alikes, made_package
from tests.cast import Cast, client_of, decide, make_gallery, searched_offender


@pytest.fixture
def case(cast: Cast) -> Case:
    """A case with an identified offence of one retailer and a linked one of the other."""
    make_gallery(cast.force, 3)
    return case_across_two_retailers(cast)


def text_of(client: Client, name: str, *parts: object) -> str:
    response = client.get(reverse(name, args=parts))
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_case_tells_all_offences_of_all_retailers(cast: Cast, case: Case) -> None:
    text = text_of(client_of(cast.supervisor), "police:case", case.uid)
    told = [
        cast.retailer.name,
        cast.other_retailer.name,
        "£40.00",
        "£60.00",
        "Violence",
        "Linked in a series",
    ]
    assert [one for one in told if one not in text] == []
    assert "Person Number1" in text_of(client_of(cast.auditor), "police:cases")
    assert Entry.objects.filter(tag=Tag.CASE_VIEWED, subject_id=str(case.uid)).count() == 1


def test_reviewers_do_not_read_a_case_of_somebody_they_may_still_review(cast: Cast, case: Case) -> None:
    client = client_of(cast.facial_reviewer)
    assert client.get(reverse("police:case", args=[case.uid])).status_code == 404
    decide(case.offences.get(decision=None).offender, Outcome.NO_MATCH, cast)
    assert "Edit references" not in text_of(client, "police:case", case.uid)
    assert readable_cases(cast.facial_reviewer).get() == case


@pytest.mark.parametrize("who", ["foreign_officer", "loss_prevention", "gallery_manager"])
def test_nobody_else_sees_a_case(cast: Cast, case: Case, who: str) -> None:
    client = client_of(getattr(cast, who))
    for name in ("police:case", "police:case-edit", "police:package-make"):
        assert client.get(reverse(name, args=[case.uid])).status_code in (403, 404)


def test_references_are_saved_and_a_stale_page_is_refused(cast: Cast, case: Case) -> None:
    client, url = client_of(cast.supervisor), reverse("police:case-edit", args=[case.uid])
    entered = {"oic_name": "DC Example", "urn": "01NM1", "revision": case.revision}
    assert client.post(url, entered).status_code == 302
    again = client.post(url, {**entered, "oic_name": "DC Other"})
    assert again.status_code == 422
    case.refresh_from_db()
    assert (case.oic_name, case.urn) == ("DC Example", "01NM1")


def test_concluding_needs_an_outcome(cast: Cast, case: Case) -> None:
    client, url = client_of(cast.supervisor), reverse("police:case-move", args=[case.uid])
    entered = {"to": CaseState.CONCLUDED, "reason": "Admitted in interview"}
    assert client.post(url, entered).status_code == 422
    assert client.post(url, {**entered, "result": CaseResult.CHARGED}).status_code == 302
    assert "Charged" in text_of(client, "police:case", case.uid)


def test_the_stills_of_a_case_are_shown_and_each_look_is_recorded(cast: Cast, case: Case) -> None:
    still = case.offences.first().offender.stills.get()  # type: ignore[union-attr]
    stranger = searched_offender(cast.neighbour, cast.campaign, person=3).stills.get()
    client = client_of(cast.supervisor)
    shown = client.get(reverse("police:case-still", args=[case.uid, still.uid]))
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/jpeg", "private, no-store")
    assert client.get(reverse("police:case-still", args=[case.uid, stranger.uid])).status_code == 404
    assert Entry.objects.filter(tag=Tag.STILL_VIEWED, subject_id=str(case.uid)).count() == 1


# --- the prolific list ----------------------------------------------------------------------------
def test_points_follow_the_formula_and_ties_share_a_place(cast: Cast, case: Case) -> None:
    mine, theirs = look_alikes(cast)
    link(mine, theirs, cast)
    found = harm.ranked(cast.supervisor, readable=Case.objects.all())
    # Two offences, £60 of one is one full £50, violence in one.
    expected = 2 * harm.REPORTED.points + harm.EACH_FIFTY.points + harm.VIOLENCE.points
    assert [(one.place, one.shared, one.totals.points) for one in found] == [(1, True, expected)] * 2
    assert [one.case for one in found] == [case, None]
    text = text_of(client_of(cast.supervisor), "police:prolific")
    assert [one.what for one in harm.WEIGHTS if one.what.lower() not in text.lower()] == []
    assert harm.TIES in text


def test_value_counts_up_to_its_limit(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    told = {"value": 9999, "weapon": "knife", "threats": True, "hate_element": True}
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=1, **told)
    decide(offender, Outcome.IDENTIFIED, cast)
    open_cases()
    points = harm.totals_of(Case.objects.get()).points
    others = harm.REPORTED, harm.WEAPON, harm.THREATS, harm.HATE
    assert points == sum(one.points for one in others) + harm.MOST_FOR_VALUE * harm.EACH_FIFTY.points


# --- packages -------------------------------------------------------------------------------------
def test_a_package_is_asked_for_watched_and_handed_out(cast: Cast, case: Case) -> None:
    client = client_of(cast.supervisor)
    asked = client.post(
        reverse("police:package-make", args=[case.uid]),
        {"kind": PackageKind.INTELLIGENCE, "purpose": "Interview on Monday"},
    )
    waiting = Package.objects.get()
    assert asked["Location"] == reverse("police:package", args=[waiting.uid])
    assert "Being made" in text_of(client, "police:package", waiting.uid)
    made = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    assert made.sha256 in text_of(client, "police:package", made.uid)
    url = reverse("police:package-download", args=[made.uid])
    assert client.post(url, {"recipient": "DC Example"}).status_code == 422
    answer: Any = client.post(url, {"recipient": "DC Example", "reason": "Interview"})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert "package.pdf" in archive.namelist()
    assert answer["Cache-Control"].startswith("private, no-store")
    assert Entry.objects.filter(tag=Tag.EXPORTED, details__recipient="DC Example").count() == 1
    assert (
        client.post(
            reverse("police:package-download", args=[waiting.uid]), {"recipient": "a", "reason": "b"}
        ).status_code
        == 302
    )
    assert Entry.objects.filter(tag=Tag.EXPORTED).count() == 1


def test_others_get_no_package(cast: Cast, case: Case) -> None:
    made = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    url = reverse("police:package-download", args=[made.uid])
    for who in (cast.facial_reviewer, cast.auditor, cast.loss_prevention):
        assert client_of(who).post(url, {"recipient": "a", "reason": "b"}).status_code == 403
    assert client_of(cast.auditor).get(reverse("police:package", args=[made.uid])).status_code == 200


# --- cost -----------------------------------------------------------------------------------------
def queries_of(user: User, name: str, *parts: object) -> int:
    client = client_of(user)
    client.get(reverse(name, args=parts))
    with CaptureQueriesContext(connection) as caught:
        assert client.get(reverse(name, args=parts)).status_code == 200
    return len(caught)


def test_queries_do_not_grow_with_the_rows(cast: Cast, case: Case) -> None:
    pages = [("police:cases", ()), ("police:prolific", ()), ("police:case", (case.uid,))]
    before = [queries_of(cast.supervisor, name, *parts) for name, parts in pages]
    for person in (1, 2, 3):
        offender = searched_offender(cast.neighbour, cast.campaign, person=person)
        decide(offender, Outcome.IDENTIFIED, cast)
    open_cases()
    gather_offences()
    assert [queries_of(cast.supervisor, name, *parts) for name, parts in pages] == before
