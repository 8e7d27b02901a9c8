"""The bulk form's pages: template, sending, what became of each row, and the rows to put right."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import move_campaign
from portal.submissions.models import BulkUpload, Offender
from portal.submissions.states import CampaignState
from tests.cast import Cast, picture
from tests.submissions.tables import STILLS, good, table, zipped

Read = Callable[..., str]


def post(client: Client, cast: Cast, content: bytes, files: dict[str, bytes] | None = None) -> str:
    data = {"table": SimpleUploadedFile("table.csv", content)}
    if files is not None:
        data["archive"] = SimpleUploadedFile("stills.zip", zipped(files).getvalue())
    url = reverse("retailer:bulk", args=[cast.campaign.uid])
    return client.post(url, data, follow=True).content.decode()


def test_the_template_offers_the_retailers_own_stores(cast: Cast, lena: Client) -> None:
    answers = {
        kind: lena.get(reverse("retailer:bulk-template", args=[cast.campaign.uid, kind]))
        for kind in ("csv", "xlsx")
    }
    assert b"High Street" in answers["csv"].content
    assert 'filename="offenders.csv"' in answers["csv"]["Content-Disposition"]
    book = load_workbook(BytesIO(answers["xlsx"].content))
    listed = {cell.value for line in book["Lists"].iter_rows() for cell in line}
    assert {"High Street", "Station", "Robbery"} <= listed
    assert "Quayside" not in listed
    assert lena.get(reverse("retailer:bulk-template", args=[cast.campaign.uid, "ods"])).status_code == 404


def test_good_rows_are_kept_and_the_others_listed(cast: Cast, lena: Client) -> None:
    content = table(good("LP-1", **{STILLS: "a.jpg"}), good("LP-2", **{"Value (£)": "<b>a lot"}))
    html = post(lena, cast, content, {"a.jpg": picture(1)})
    assert "1 of 2 rows taken" in html
    assert "&lt;b&gt;a lot" in html
    assert Offender.objects.get().stills.count() == 1
    rest = lena.get(reverse("retailer:bulk-rest", args=[BulkUpload.objects.get().uid, "csv"]))
    assert b"LP-2" in rest.content
    assert b"LP-1" not in rest.content
    assert Entry.objects.get(tag=Tag.EXPORTED).details == {"what": "rows to put right", "kind": "csv"}


@pytest.mark.parametrize(
    ("content", "files", "words"),
    [
        (b"", None, "The table is empty"),
        (b"\xd0\xcf\x11\xe0", None, "Save it as .xlsx"),
        (table(good("LP-1")), {"../x.jpg": b"x"}, "path out of its folder"),
        (b"PK\x05\x06" + bytes(18), None, "could not be opened"),
    ],
)
def test_what_cannot_be_read_is_said_on_the_form(
    cast: Cast, lena: Client, content: bytes, files: dict[str, bytes] | None, words: str
) -> None:
    html = post(lena, cast, content, files)
    assert words in html
    assert "There is a problem" in html
    assert not Offender.objects.exists()


def test_a_closed_campaign_takes_no_table(cast: Cast, lena: Client) -> None:
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    assert "This campaign is closed" in post(lena, cast, table(good("LP-1")))
    assert not Offender.objects.exists()


def test_the_number_of_queries_does_not_grow(
    cast: Cast, lena: Client, read: Read, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def pages(count: int) -> int:
        post(lena, cast, table(*[good(f"LP-{count}-{n}") for n in range(count)]))
        with django_assert_max_num_queries(25) as used:
            read("bulk-result", BulkUpload.objects.latest("pk").uid)
            read("bulk", cast.campaign.uid)
        return len(used.captured_queries)

    assert pages(2) == pages(9)
