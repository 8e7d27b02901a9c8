"""The report in steps: what is kept of each, what is copied, and the question about names."""

from collections.abc import Callable, Mapping
from typing import Any

from django.test import Client
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import move_campaign
from portal.submissions.models import Offender
from portal.submissions.states import CampaignState, OffenceType
from tests.cast import Cast, client_of, make_offender

Read = Callable[..., str]


def url_of(offender: Offender, step: str) -> str:
    return reverse("retailer:offender-step", args=[offender.uid, step])


def draft(cast: Cast, **fields: Any) -> Offender:
    return make_offender(cast.loss_prevention, cast.campaign, declared=False, **fields)


def page(client: Client, offender: Offender, step: str, data: Mapping[str, object]) -> str:
    return client.post(url_of(offender, step), data, follow=True).content.decode()


def test_a_step_is_saved_and_leads_to_the_next(cast: Cast, lena: Client) -> None:
    offender = draft(cast, goods="spirits")
    data = {"offence": "robbery", "goods": "coats", "value": "19.90"}
    response = lena.post(url_of(offender, "what-happened"), data)
    assert response["Location"] == url_of(offender, "who-was-seen")
    offender.refresh_from_db()
    assert (offender.goods, offender.offence, str(offender.value)) == ("coats", "robbery", "19.90")
    last = lena.post(url_of(offender, "evidence"), {"footage_kept": "yes"})
    assert last["Location"] == reverse("retailer:offender-declare", args=[offender.uid])


def test_of_a_draft_what_is_in_order_is_kept_and_the_rest_is_named(cast: Cast, lena: Client) -> None:
    offender = draft(cast, offence="", goods="")
    html = page(lena, offender, "what-happened", {"offence": "", "goods": "tins", "value": "a lot"})
    assert "Choose the offence." in html
    assert "Enter a number" in html
    assert 'value="a lot"' in html
    offender.refresh_from_db()
    assert (offender.goods, offender.value) == ("tins", None)


def test_what_was_sent_is_changed_whole_or_not_at_all(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, goods="spirits")
    page(lena, offender, "what-happened", {"offence": "", "goods": "tins"})
    offender.refresh_from_db()
    assert offender.goods == "spirits"
    response = lena.post(url_of(offender, "what-happened"), {"offence": "theft", "goods": "SECRET-GOODS"})
    assert response["Location"] == reverse("retailer:offender", args=[offender.uid])
    assert Entry.objects.get(tag=Tag.OFFENDER_CHANGED).details == {"fields": ["goods"]}


def test_not_after_closing(cast: Cast, lena: Client) -> None:
    offender = draft(cast)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    html = page(lena, offender, "what-happened", {"offence": "theft", "goods": "late"})
    assert "This campaign is closed" in html
    assert 'value="late"' in html
    offender.refresh_from_db()
    assert offender.goods == ""


def test_a_step_that_is_none_is_not_found(cast: Cast, lena: Client) -> None:
    assert lena.get(url_of(draft(cast), "nonsense")).status_code == 404


def test_the_footage_is_counted_from_the_incident_until_a_day_is_given(cast: Cast, lena: Client) -> None:
    offender = draft(cast, started_at=None, ended_at=None)
    when = {"store": cast.store.pk, "started_at": "2026-11-01T10:00"}
    lena.post(url_of(offender, "when-and-where"), when)
    offender.refresh_from_db()
    assert str(offender.footage_until) == "2026-11-29"
    lena.post(url_of(offender, "when-and-where"), when | {"started_at": "2026-11-03T10:00"})
    offender.refresh_from_db()
    assert str(offender.footage_until) == "2026-12-01"
    lena.post(url_of(offender, "evidence"), {"footage_kept": "yes", "footage_until": "2026-11-20"})
    lena.post(url_of(offender, "when-and-where"), when)
    offender.refresh_from_db()
    assert str(offender.footage_until) == "2026-11-20"


def test_an_end_that_was_saved_before_is_not_overtaken(cast: Cast, lena: Client) -> None:
    offender = draft(cast)
    old_end = offender.ended_at
    data = {"store": cast.store.pk, "started_at": "2026-11-20T10:00", "ended_at": "2026-11-19T10:00"}
    assert "must end after it starts" in page(lena, offender, "when-and-where", data)
    offender.refresh_from_db()
    assert offender.ended_at == old_end
    assert None not in {offender.started_at, old_end}
    assert offender.started_at < old_end  # type: ignore[operator]


# --- what need not be typed ---------------------------------------------------------------------
def test_the_last_store_and_reporter_are_offered(cast: Cast, lena: Client) -> None:
    make_offender(cast.loss_prevention, cast.campaign, store=cast.second_store, reporter_contact="ext. 12")
    offender = draft(cast, store=None, offence="")
    html = lena.get(url_of(offender, "when-and-where")).content.decode()
    assert f'<option value="{cast.second_store.pk}" selected>' in html
    assert 'data-suggested="store"' in html
    evidence = lena.get(url_of(offender, "evidence")).content.decode()
    assert 'value="ext. 12"' in evidence
    assert 'value="Lena Prior"' in evidence


def test_same_as_the_last_one_fills_what_is_empty_and_says_so(cast: Cast, lena: Client) -> None:
    before: dict[str, Any] = {
        "store": cast.second_store, "place_in_store": "aisle 4", "camera": "C7", "clock_offset_minutes": 7,
        "method": "fills a bag", "incident_reference": "LP-1", "goods": "gin", "hair": "red",
    }  # fmt: skip
    make_offender(cast.loss_prevention, cast.campaign, offence=OffenceType.ROBBERY, **before)
    make_offender(cast.team_mate, cast.campaign, camera="not mine")
    offender = draft(cast, store=None, offence="", started_at=None, ended_at=None)
    html = page(lena, offender, "when-and-where", {"copy": "1", "camera": "C1", "clock_offset_minutes": "0"})
    assert "Copied from your last report: store, where in the store," in html
    assert "Left as you typed it: camera." in html
    offender.refresh_from_db()
    assert (offender.store, offender.place_in_store, offender.camera) == (cast.second_store, "aisle 4", "C1")
    assert (offender.clock_offset_minutes, offender.method, offender.offence) == (7, "fills a bag", "robbery")
    assert (offender.incident_reference, offender.goods, offender.hair, offender.started_at) == (
        "",
        "",
        "",
        None,
    )


def test_there_is_nothing_to_copy_for_the_first_report(cast: Cast, lena: Client) -> None:
    offender = draft(cast)
    assert "Same as the last one" not in lena.get(url_of(offender, "evidence")).content.decode()
    make_offender(cast.neighbour, cast.campaign)
    assert "Same as the last one" not in lena.get(url_of(offender, "evidence")).content.decode()


# --- the clock and the names --------------------------------------------------------------------
def test_a_wrong_clock_is_put_right_in_the_summary(cast: Cast, read: Read, lena: Client) -> None:
    offender = draft(cast, started_at=None, ended_at=None)
    data = {"store": cast.store.pk, "started_at": "2026-11-01T14:05", "clock_offset_minutes": "7"}
    lena.post(url_of(offender, "when-and-where"), data)
    html = read("offender", offender.uid)
    assert "13:58" in html
    assert "CCTV shows 14:05 and is 7 minutes fast" in html


def test_a_guessed_name_is_asked_about_once_and_never_refused(cast: Cast, lena: Client) -> None:
    offender = draft(cast)
    data = {"offence": "theft", "method": "It's Dave from the estate"}
    html = page(lena, offender, "what-happened", data)
    assert "“Dave” may be a name." in html
    assert "I have looked: no name is guessed" in html
    offender.refresh_from_db()
    assert offender.method == "It's Dave from the estate"
    response = lena.post(url_of(offender, "what-happened"), data | {"asked": "1"})
    assert response["Location"] == url_of(offender, "who-was-seen")
    assert offender.names_checked == {}


def test_having_looked_is_recorded_for_this_text(cast: Cast, lena: Client) -> None:
    offender = draft(cast)
    data = {"offence": "theft", "method": "It's Dave from the estate", "no_names": "on", "asked": "1"}
    lena.post(url_of(offender, "what-happened"), data)
    entry = Entry.objects.get(tag=Tag.NAMES_CHECKED)
    assert (entry.details, entry.actor_id) == ({"fields": ["method"]}, cast.loss_prevention.pk)
    assert "may be a name" not in lena.get(url_of(offender, "what-happened")).content.decode()
    html = page(lena, offender, "what-happened", {"offence": "theft", "method": "It's Dave and Kelly"})
    assert "may be a name" in html


def test_another_retailers_report_is_not_there(cast: Cast) -> None:
    assert client_of(cast.neighbour).get(url_of(draft(cast), "evidence")).status_code == 404


def test_the_first_report_of_a_store_begins_with_its_clock(cast: Cast, lena: Client) -> None:
    cast.retailer.stores.exclude(pk=cast.store.pk).delete()
    cast.retailer.stores.update(clock_offset_minutes=7)
    url = reverse("retailer:offender-add", args=[cast.campaign.uid])
    assert lena.get(url).context["form"]["clock_offset_minutes"].value() == 7
    one = make_offender(cast.loss_prevention, cast.campaign, declared=False, clock_offset_minutes=0)
    step = reverse("retailer:offender-step", args=[one.uid, "when-and-where"])
    form = lena.get(step).context["form"]
    assert form["clock_offset_minutes"].value() == 0  # said: the clock was right
