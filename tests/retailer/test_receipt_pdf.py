"""The receipt as a PDF: read with another library than wrote it."""

import hashlib
from io import BytesIO

from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.cast import Cast, make_offender, make_still, picture


def receipt(client: Client, cast: Cast) -> PdfReader:
    response = client.get(reverse("retailer:receipt-pdf", args=[cast.campaign.uid]))
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert "no-store" in response["Cache-Control"]
    return PdfReader(BytesIO(response.content))


def text_of(reader: PdfReader) -> str:
    return "".join(page.extract_text() for page in reader.pages)


def test_every_still_with_its_hash_and_the_declaration(cast: Cast, lena: Client) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, incident_reference="LP-1 <b>&")
    for seed in range(9):
        make_still(offender, picture(seed), name=f"till <{seed}> 店.jpg")
    make_offender(cast.loss_prevention, cast.campaign, declared=False)
    make_still(make_offender(cast.neighbour, cast.campaign), picture(30))
    reader = receipt(lena, cast)
    text = text_of(reader)
    squeezed = "".join(text.split())
    for seed in range(9):
        assert hashlib.sha256(picture(seed)).hexdigest() in squeezed
    assert hashlib.sha256(picture(30)).hexdigest() not in squeezed
    assert "LP-1 <b>&" in text
    assert "no names were guessed" in " ".join(text.split())
    assert "no declaration was made" in " ".join(text.split())
    assert "[U+5E97]" in squeezed
    assert "Lena Prior" in text


def test_title_language_and_pages(cast: Cast, lena: Client) -> None:
    for number in range(12):
        make_still(make_offender(cast.loss_prevention, cast.campaign), picture(number))
    reader = receipt(lena, cast)
    pages = len(reader.pages)
    assert pages > 1
    for number, page in enumerate(reader.pages, start=1):
        assert f"Page {number} of {pages}" in page.extract_text()
    assert reader.metadata is not None
    assert reader.metadata.title == "Receipt, Winter campaign"
    assert str(reader.root_object["/Lang"]) == "en-GB"


def test_it_is_recorded_as_a_disclosure(cast: Cast, lena: Client) -> None:
    make_still(make_offender(cast.loss_prevention, cast.campaign))
    receipt(lena, cast)
    entry = Entry.objects.get(tag=Tag.EXPORTED)
    assert entry.details == {"what": "receipt", "offenders": 1, "stills": 1}


def test_an_empty_one(cast: Cast, lena: Client) -> None:
    assert "Nothing was received yet." in text_of(receipt(lena, cast))
