"""The dashboard: statuses, totals, times, filters, and keeping itself up to date."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews.models import Decision
from portal.reviews.states import Outcome
from portal.submissions.models import Offender
from tests.cast import (
    Cast,
    client_of,
    decide,
    make_campaign,
    make_gallery,
    make_offender,
    make_still,
    search_still,
    searched_offender,
)
from tests.retailer.conftest import POLL

Read = Callable[..., str]
URL = "retailer:dashboard"


def figure(html: str, label: str) -> str:
    """The number that stands above a label."""
    found = re.search(
        r'<span class="figure">([^<]*)</span>\s*<span class="label">(?:<a[^>]*>)?' + label, html
    )
    assert found, label
    return found[1]


def seen_in(html: str) -> str:
    found = re.search(r"seen=([0-9a-f]{16})", html)
    assert found
    return found[1]


def disclosures() -> int:
    return Entry.objects.filter(tag=Tag.STATUS_DISCLOSED).count()


def test_an_empty_one_says_what_to_do(read: Read) -> None:
    assert "You have not reported anybody yet" in read("dashboard")


def test_totals_and_statuses(cast: Cast, read: Read) -> None:
    make_gallery(cast.force, 2)
    make_offender(cast.loss_prevention, cast.campaign)
    searched_offender(cast.team_mate, cast.campaign)
    decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.NO_MATCH, cast)
    html = read("dashboard")
    assert [figure(html, label) for label in ("offenders added", "waiting for you")] == ["3", "1"]
    assert [figure(html, label) for label in ("searched", "with an outcome")] == ["2", "1"]
    for status in ("Needs a still", "Searched", "No match in the gallery"):
        assert status in html


def test_a_file_that_waits_for_a_place_is_named(cast: Cast, read: Read) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    still = make_still(offender)
    Offender.objects.filter(pk=offender.pk).update(rank=None)
    assert f">{still.name}</a>" in read("dashboard")


def test_median_times(cast: Cast, read: Read) -> None:
    make_gallery(cast.force, 2)
    for minutes in (1, 2, 30):
        offender = searched_offender(cast.loss_prevention, cast.campaign)
        still = offender.stills.get()
        assert still.work_finished_at is not None
        assert offender.declared_at is not None
        still.work_queued_at = still.work_finished_at - timedelta(seconds=minutes)
        still.save()
        decision = decide(offender, Outcome.INCONCLUSIVE, cast)
        Decision.objects.filter(pk=decision.pk).update(
            decided_at=offender.declared_at + timedelta(hours=minutes)
        )
    html = read("dashboard")
    assert figure(html, "median time from sent to searched") == "2 s"
    assert figure(html, "median time to an outcome") == "2 h"


def test_each_campaign_has_its_line(cast: Cast, read: Read) -> None:
    second = make_campaign(cast.supervisor, [cast.retailer], name="Spring campaign")
    make_offender(cast.loss_prevention, cast.campaign)
    make_offender(cast.loss_prevention, second)
    html = read("dashboard")
    table = html[html.index("By campaign") :]
    assert table.index("Spring campaign") < table.index("Winter campaign")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?status=needs_you", [1]),
        ("?status=searched", [2]),
        ("?status=bogus", [1, 2]),
        ("?campaign=x", [1, 2]),
    ],
)
def test_filters_live_in_the_address(cast: Cast, read: Read, query: str, shown: list[int]) -> None:
    make_offender(cast.loss_prevention, cast.campaign)
    searched_offender(cast.loss_prevention, cast.campaign)
    html = read("dashboard", query=query)
    assert [int(rank) for rank in re.findall(r">Offender (\d+)</a>", html)] == shown


def test_the_list_is_paged(cast: Cast, read: Read) -> None:
    second = make_campaign(cast.supervisor, [cast.retailer], name="Spring campaign")
    for campaign in (cast.campaign, second):
        for _ in range(16):
            make_offender(cast.loss_prevention, campaign)
    assert len(re.findall(r">Offender \d+</a>", read("dashboard"))) == 30
    assert len(re.findall(r">Offender \d+</a>", read("dashboard", query="?page=2"))) == 2


def test_a_poll_gets_nothing_until_something_changes(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    still = make_still(offender)
    url = reverse(URL)
    seen = seen_in(lena.get(url).content.decode())
    assert lena.get(url, {"seen": seen}, headers=POLL).status_code == 204
    search_still(still)
    response = lena.get(url, {"seen": seen}, headers=POLL)
    assert response.status_code == 200
    html = response.content.decode()
    assert 'hx-swap-oob="true"' in html
    assert "Searched" in html
    assert "<html" not in html


def test_an_outcome_shown_is_a_disclosure(cast: Cast, lena: Client) -> None:
    make_gallery(cast.force, 2)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    url = reverse(URL)
    seen = seen_in(lena.get(url).content.decode())
    assert disclosures() == 0
    decide(offender, Outcome.NO_MATCH, cast)
    new = seen_in(lena.get(url, {"seen": seen}, headers=POLL).content.decode())
    assert disclosures() == 1  # a poll was the first to tell it
    lena.get(url, {"seen": seen}, headers=POLL)
    lena.get(url, {"seen": new}, headers=POLL)
    assert disclosures() == 1
    lena.get(url)
    assert disclosures() == 1
    client_of(cast.team_mate).get(url)
    assert disclosures() == 2  # to somebody else
    entry = Entry.objects.filter(tag=Tag.STATUS_DISCLOSED).first()
    assert entry is not None
    assert entry.details == {"outcome": "no_match"}


@pytest.mark.parametrize("name", ["retailer:dashboard", "retailer:dashboard-export"])
def test_queries_do_not_depend_on_rows(cast: Cast, name: str) -> None:
    def queries() -> int:
        client = client_of(cast.loss_prevention)
        client.get(reverse(name)).getvalue()
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(name)).getvalue()
        return len(captured)

    searched_offender(cast.loss_prevention, cast.campaign)
    few = queries()
    for _ in range(9):
        searched_offender(cast.loss_prevention, cast.campaign)
    assert Offender.objects.count() == 10
    assert queries() == few


def test_nothing_of_the_other_retailer(cast: Cast, read: Read) -> None:
    make_offender(cast.neighbour, cast.campaign, incident_reference="NEIGHBOUR-1")
    html = read("dashboard")
    assert "NEIGHBOUR-1" not in html
    assert figure(html, "offenders added") == "0"


def test_figures_follow_the_filters(cast: Cast, read: Read) -> None:
    make_gallery(cast.force, 2)
    searched_offender(cast.loss_prevention, cast.campaign, value=Decimal("40.50"))
    second = make_offender(
        cast.loss_prevention, cast.campaign, store=cast.second_store, offence="assault", value=Decimal(9)
    )
    make_still(second)
    for query, offenders, value in (
        ("", "2", "£50"),
        (f"?store={cast.second_store.uid}", "1", "£9"),
        ("?offence=theft", "1", "£41"),
        (f"?since={timezone.localdate() + timedelta(days=1)}", "0", None),
    ):
        html = read("dashboard", query=query)
        assert figure(html, "offenders? added") == offenders
        assert value is None or value in html[html.index("By campaign") :]


def test_stills_by_month_and_loss_by_status(cast: Cast, read: Read) -> None:
    make_gallery(cast.force, 2)
    searched_offender(cast.loss_prevention, cast.campaign, value=Decimal("40.50"))
    html = read("dashboard")
    assert "£40.50" in html[html.index("Loss reported, by status") :]
    row = html[html.index(f'<th scope="row">{timezone.localdate():%b %Y}</th>') :]
    assert re.findall(r'<td class="number" data-label="[^"]*">([^<]*)<', row)[:2] == ["1", "1"]


def test_the_list_as_a_file_runs_nothing_and_is_recorded(cast: Cast) -> None:
    make_offender(cast.loss_prevention, cast.campaign, incident_reference="=HYPERLINK(1)")
    make_offender(cast.loss_prevention, cast.campaign, store=cast.second_store)
    make_offender(cast.neighbour, cast.campaign, incident_reference="theirs", store=None)
    client = client_of(cast.loss_prevention)
    answer = client.get(reverse("retailer:dashboard-export"))
    rows = list(csv.DictReader(StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row["Your reference"] for row in rows] == ["'=HYPERLINK(1)", ""]
    assert [row["Status"] for row in rows] == ["Needs a still"] * 2
    [entry] = Entry.objects.filter(tag=Tag.EXPORTED)
    assert entry.details["rows"] == 2
    for query in ({"store": str(cast.second_store.uid)}, {"status": "searched"}):
        narrowed = client.get(reverse("retailer:dashboard-export"), query)
        left = list(csv.DictReader(StringIO(narrowed.getvalue().decode("utf-8-sig"))))
        assert len(left) == ("store" in query)
