"""Saving by itself: field by field, problems by field, nothing else touched."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import move_campaign
from portal.submissions.models import Offender
from portal.submissions.states import CampaignState
from tests.cast import Cast, make_offender


@pytest.fixture
def draft(cast: Cast) -> Offender:
    return make_offender(cast.loss_prevention, cast.campaign, declared=False, goods="gin", violence=True)


def save(client: Client, offender: Offender, expect: int = 200, **fields: object) -> dict[str, Any]:
    response = client.post(reverse("retailer:offender-save", args=[offender.uid]), fields)
    assert response.status_code == expect
    answer = json.loads(response.content)
    assert isinstance(answer, dict)
    return answer


def test_only_what_was_sent_is_saved(draft: Offender, lena: Client) -> None:
    answer = save(lena, draft, hair="red", violence="")
    assert sorted(answer["saved"]) == ["hair", "violence"]
    assert answer["problems"] == {}
    assert len(answer["at"]) == 5
    draft.refresh_from_db()
    assert (draft.hair, draft.violence, draft.goods) == ("red", False, "gin")
    assert Entry.objects.get(tag=Tag.OFFENDER_CHANGED).details == {"fields": ["hair", "violence"]}


def test_what_is_wrong_is_said_by_field_and_the_rest_is_saved(draft: Offender, lena: Client) -> None:
    answer = save(lena, draft, goods="rum", value="a lot", started_at="2066-01-01T10:00", store="999999")
    assert answer["saved"] == ["goods"]
    assert set(answer["problems"]) == {"value", "started_at", "store"}
    draft.refresh_from_db()
    assert (draft.goods, draft.value) == ("rum", None)


def test_what_is_needed_may_be_empty_in_a_draft(draft: Offender, lena: Client) -> None:
    assert save(lena, draft, offence="", store="", started_at="")["problems"] == {}
    draft.refresh_from_db()
    assert (draft.offence, draft.store, draft.started_at) == ("", None, None)


def test_a_start_after_the_saved_end_is_refused(draft: Offender, lena: Client) -> None:
    answer = save(lena, draft, started_at="2026-11-22T23:59")
    assert "must end after it starts" in answer["problems"]["started_at"]


def test_names_and_the_footage_come_with_the_answer(draft: Offender, lena: Client) -> None:
    answer = save(lena, draft, method="It's Dave", ended_at="", started_at="2026-11-01T10:00")
    assert answer["guesses"] == {
        "method": ["“Dave” may be a name. Do not guess who it is; say what was seen."]
    }
    assert answer["footage_until"] == "2026-11-29"


def test_a_report_that_was_sent_is_not_changed_by_itself(cast: Cast, lena: Client) -> None:
    sent = make_offender(cast.loss_prevention, cast.campaign)
    assert "Press “Save”" in save(lena, sent, expect=409, goods="rum")["problems"][""]
    sent.refresh_from_db()
    assert sent.goods == ""


def test_a_closed_campaign_says_so(cast: Cast, draft: Offender, lena: Client) -> None:
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    assert "closed" in save(lena, draft, expect=409, goods="rum")["problems"][""]


def test_without_a_session_the_log_in_page_answers(draft: Offender) -> None:
    response = Client().post(reverse("retailer:offender-save", args=[draft.uid]), {"goods": "rum"})
    assert response.status_code == 302
