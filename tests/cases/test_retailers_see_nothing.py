"""Of series and cases a retailer learns "linked to other reports", and nothing else anywhere."""

from django.urls import reverse

from portal.cases.actions.cases import change_case
from portal.cases.models import Case, Pair
from portal.cases.states import PackageKind
from tests.cases.acting import made_package
from tests.cases.staging import series_of
from tests.cast import Cast, client_of

CANARY = "Canary-7f3a"


def test_no_page_of_a_retailer_holds_anything_of_a_case(cast: Cast, case: Case) -> None:
    fields = {
        name: f"{CANARY}-{name}"[:20] for name in ("oic_name", "urn", "crime_reference", "notes", "exhibits")
    }
    change_case(case, fields, revision=case.revision, by=cast.supervisor)
    package = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    series, pair = series_of(Pair.objects.get()), Pair.objects.get()
    secret = [CANARY, *(str(one.uid) for one in (case, package, series, pair)), cast.other_retailer.name]
    mine = case.offences.get(offender__submission__retailer=cast.retailer).offender
    for person in (cast.loss_prevention, cast.retailer_manager):
        client = client_of(person)
        for url in (
            reverse("retailer:dashboard"),
            reverse("retailer:offender", args=[mine.uid]),
            reverse("retailer:submission", args=[cast.campaign.uid]),
        ):
            text = client.get(url).content.decode()
            assert [one for one in secret if one in text] == []
