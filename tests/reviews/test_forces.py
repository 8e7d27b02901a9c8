"""Whose decision it is stands beside it, too; both must say the same, or a force would see another's."""

from django.db.models import F

from portal.police.campaign_forms import CampaignForm
from portal.reviews.models import Decision
from portal.reviews.queries import decisions_for
from tests.cast import Cast
from tests.scene import Scene


def test_every_decision_is_that_of_the_force_its_campaign_has(scene: Scene) -> None:
    wrong = Decision.objects.exclude(force=F("offender__submission__campaign__force"))
    assert Decision.objects.values("force").distinct().count() > 1
    assert not wrong.exists()


def test_a_force_sees_its_own_alone(scene: Scene, cast: Cast) -> None:
    own = decisions_for(cast.supervisor)
    assert set(own.values_list("offender__submission__campaign__force", flat=True)) == {cast.force.pk}


def test_no_form_gives_a_campaign_to_another_force() -> None:
    assert "force" not in CampaignForm.base_fields
