"""The receipt as a PDF: what was received when, with the fingerprint of every file."""

import io
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from django.utils import timezone
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from portal.accounts.models import User
from portal.submissions.models import Campaign, Offender
from portal.submissions.reports import DECLARATION

FONT, BOLD = "Vera", "VeraBd"
MARGIN = 18 * mm
COLUMNS = (44 * mm, 34 * mm, 18 * mm, 78 * mm)
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=9, leading=12.5)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=7.5, leading=10, wordWrap="CJK")
TITLE = ParagraphStyle("title", parent=TEXT, fontName=BOLD, fontSize=17, leading=22, spaceAfter=6)
HEADING = ParagraphStyle("heading", parent=TEXT, fontName=BOLD, fontSize=11, leading=15, spaceBefore=10)
LINES = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#b8c4cc")),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
)


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """The characters the bundled font has; registers it."""
    fonts = [TTFont(FONT, "Vera.ttf"), TTFont(BOLD, "VeraBd.ttf")]
    for font in fonts:
        pdfmetrics.registerFont(font)
    return frozenset(fonts[0].face.charToGlyph)


def _shown(text: object) -> str:
    """Text for a paragraph: escaped, and characters the font lacks written as their code points."""
    known = _glyphs()
    return escape("".join(c if ord(c) in known else f"[U+{ord(c):04X}]" for c in str(text)))


def _when(at: datetime) -> str:
    return f"{timezone.localtime(at):%d %b %Y %H:%M:%S %Z}"


class NumberedCanvas(Canvas):
    """Writes "page x of y" once it knows y."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        """Keep the page for later."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write each page's foot, then the file."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(FONT, 7.5)
            self.drawRightString(A4[0] - MARGIN, 10 * mm, f"Page {number} of {len(self._pages)}")
            self.drawString(MARGIN, 10 * mm, self._doc.info.title)
            super().showPage()
        super().save()


def receipt_pdf(campaign: Campaign, offenders: Sequence[Offender], *, user: User, at: datetime) -> bytes:
    """The receipt of one submission; offenders with their stills and people fetched."""
    _glyphs()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"Receipt, {campaign.name}",
        author="Stillmatch",
        subject="Stills and reports received, with the SHA-256 of every file",
        lang="en-GB",
        displayDocTitle=True,
    )
    document.build([*_head(campaign, offenders, user, at), *_body(offenders)], canvasmaker=NumberedCanvas)
    return out.getvalue()


def _head(campaign: Campaign, offenders: Sequence[Offender], user: User, at: datetime) -> list[Flowable]:
    sent = sum(one.declared_at is not None for one in offenders)
    stills = sum(len(one.stills.all()) for one in offenders)
    facts = [
        ("Received from", user.organisation.name),
        ("Received by", f"{campaign.force.name}, campaign “{campaign.name}”"),
        ("State of", f"{_when(at)}, printed for {user.name}"),
        ("Holds", f"{len(offenders)} offenders ({sent} sent), {stills} stills"),
    ]
    rows = [[Paragraph(_shown(name), TEXT), Paragraph(_shown(value), TEXT)] for name, value in facts]
    return [
        Paragraph("Receipt", TITLE),
        Table(rows, colWidths=(38 * mm, 136 * mm), style=LINES),
        Spacer(0, 4 * mm),
        Paragraph(
            "The SHA-256 of a file is its fingerprint: whoever holds the original export can show that it is "
            "the very file received here.",
            TEXT,
        ),
        Paragraph("Declaration made for each report that was sent", HEADING),
        Paragraph(_shown(f"“{DECLARATION}”"), TEXT),
    ]


def _body(offenders: Sequence[Offender]) -> list[Flowable]:
    if not offenders:
        return [Paragraph("Nothing was received yet.", TEXT)]
    return [flowable for one in offenders for flowable in _part(one)]


def _part(one: Offender) -> list[Flowable]:
    about = [one.get_offence_display() or "No offence given"]
    about += [one.store.name] if one.store else []
    about += [f"your reference {one.incident_reference}"] if one.incident_reference else []
    declared = "Draft: no declaration was made, so it was not sent."
    if one.declared_at and one.declared_by:
        declared = f"Declared {_when(one.declared_at)} by {one.declared_by.name}."
    head = [
        Paragraph(_shown(one.title), HEADING),
        Paragraph(_shown(f"{', '.join(about)}. {declared}"), TEXT),
        Spacer(0, 1.5 * mm),
    ]
    stills = list(one.stills.all())
    if not stills:
        return [KeepTogether([*head, Paragraph("No stills.", TEXT)])]
    rows = [[Paragraph(text, SMALL) for text in ("File", "Received", "Bytes", "SHA-256")]]
    rows += [
        [
            Paragraph(_shown(text), SMALL)
            for text in (
                still.name or "Without a name",
                f"{_when(still.added_at)}, {still.added_by.name}",
                f"{still.original_bytes:,}",
                still.original_sha256,
            )
        ]
        for still in stills
    ]
    table = Table(rows, colWidths=COLUMNS, style=LINES, repeatRows=1)
    return [KeepTogether([*head, table])]
