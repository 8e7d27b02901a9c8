"""Campaigns: no search without grounds, whoever fills in the form."""

from django.urls import reverse

from portal.police.campaign_forms import CampaignForm
from portal.submissions.models import LAWFUL, Campaign
from portal.submissions.states import CampaignState
from tests.cast import Cast, client_of, make_campaign

SIZES = {"target_days": 5, "list_length": 20, "retention_days": 31}
GROUNDS = dict.fromkeys(LAWFUL, "recorded")


def test_from_a_draft_to_open_to_closed(cast: Cast) -> None:
    client = client_of(cast.supervisor)
    form = {"name": "Spring", **SIZES, "retailers": [cast.retailer.pk]}
    client.post(reverse("police:campaign-create"), form)
    campaign = Campaign.objects.get(name="Spring")
    assert (campaign.force, campaign.state) == (cast.force, CampaignState.DRAFT)
    assert list(campaign.retailers.all()) == [cast.retailer]
    move = reverse("police:campaign-move", args=[campaign.uid])
    page = client.post(move, {"to": "open"}, follow=True)
    assert "Record the legal basis" in page.content.decode()
    client.post(reverse("police:campaign-edit", args=[campaign.uid]), {**form, **GROUNDS})
    for state in (CampaignState.OPEN, CampaignState.CLOSED):
        client.post(move, {"to": state})
        campaign.refresh_from_db()
        assert campaign.state == state


def test_an_open_campaign_keeps_its_grounds(cast: Cast) -> None:
    client = client_of(cast.administrator)
    url = reverse("police:campaign-edit", args=[cast.campaign.uid])
    answer = client.post(url, {"name": "x", **SIZES, **GROUNDS, "necessity": " "})
    assert answer.status_code == 422
    assert "cannot be without this" in answer.content.decode()


def test_bad_sizes_and_dates_are_refused(cast: Cast) -> None:
    client = client_of(cast.supervisor)
    form = {
        "name": "Spring",
        **SIZES,
        "list_length": 201,
        "opens_on": "2026-12-02",
        "closes_on": "2026-12-01",
    }
    answer = client.post(reverse("police:campaign-create"), form)
    assert answer.status_code == 422
    assert "before the first day" in answer.content.decode()
    assert "200" in answer.content.decode()


def test_the_page_asks_for_everything_the_form_takes(cast: Cast) -> None:
    """A field that is not on the page would be emptied by its next Save."""
    client = client_of(cast.supervisor)
    page = client.get(reverse("police:campaign-edit", args=[cast.campaign.uid])).content.decode()
    assert [name for name in CampaignForm.base_fields if f'name="{name}"' not in page] == []


def test_the_basis_for_searching_again_is_recorded_and_shown(cast: Cast) -> None:
    client = client_of(cast.supervisor)
    shown = reverse("police:campaign", args=[cast.campaign.uid])
    assert "no search of their own" in client.get(shown).content.decode()
    entered = {"name": "x", **SIZES, **GROUNDS, "research_basis": "Reviewed each month"}
    client.post(reverse("police:campaign-edit", args=[cast.campaign.uid]), entered)
    assert "Reviewed each month" in client.get(shown).content.decode()


def test_others_read_only(cast: Cast) -> None:
    client = client_of(cast.facial_reviewer)
    page = client.get(reverse("police:campaign", args=[cast.campaign.uid]))
    assert cast.campaign.necessity in page.content.decode()
    assert "Close the campaign" not in page.content.decode()
    assert client.get(reverse("police:campaign-create")).status_code == 403
    assert client.post(reverse("police:campaign-move", args=[cast.campaign.uid])).status_code == 403
    foreign = make_campaign(cast.foreign_officer, [cast.retailer], name="Elsewhere")
    assert client.get(reverse("police:campaign", args=[foreign.uid])).status_code == 404
