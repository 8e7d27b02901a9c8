"""The package on paper: package.pdf, made from record.json's content with ReportLab.

What a font without the character cannot show is in record.json, which holds every field exactly.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as PillowImage
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

EARLIER = ("number", "outcome", "decided_at", "reopened_at", "reason")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
INK, MUTED, LINE, SHADE = (colors.HexColor(code) for code in ("#15232c", "#4b5d68", "#d0dae0", "#f0e6f9"))
STILL_WIDTH, STILL_HEIGHT = 80 * mm, 60 * mm
PIXELS = 900  # of a still's longer side on paper; the archive has it in full
TITLES = {"intelligence": "Intelligence package", "disclosure": "Disclosure package"}
Row = Sequence[Any]


@cache
def _fonts() -> tuple[str, str, str]:
    """Bitstream Vera, which ReportLab brings along: embedded, so that the paper looks alike everywhere."""
    for name, file in (("Vera", "Vera.ttf"), ("Vera-Bold", "VeraBd.ttf"), ("Vera-Italic", "VeraIt.ttf")):
        pdfmetrics.registerFont(TTFont(name, file))
    return "Vera", "Vera-Bold", "Vera-Italic"


@cache
def _style(kind: str) -> ParagraphStyle:
    plain, bold, _ = _fonts()
    sizes = {"title": 18, "h2": 13, "h3": 10.5, "text": 9, "small": 7, "head": 7}
    face = bold if kind in ("title", "h2", "h3", "head") else plain
    size = sizes[kind]
    return ParagraphStyle(
        kind,
        fontName=face,
        fontSize=size,
        leading=size * 1.35,
        textColor=INK,
        spaceBefore=size * 0.9 if kind in ("h2", "h3") else 0,
        spaceAfter=size * 0.4 if kind in ("title", "h2", "h3") else 0,
        splitLongWords=True,
    )


def _text(value: Any, kind: str = "text") -> Paragraph:
    return Paragraph(escape(_shown(value)).replace("\n", "<br/>"), _style(kind))


def _shown(value: Any) -> str:
    """A value of the record as people read it; times stay in UTC, to the second."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and TIME.fullmatch(value):
        return f"{datetime.fromisoformat(value):%-d %b %Y, %H:%M:%S} UTC"
    return "–" if value is None or value == "" else str(value)


class _Numbered(Canvas):
    """A canvas that knows how many pages there are: every page is drawn once more at the end."""

    caveat = ""
    label = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  (ReportLab's name)
        """Keep the page until all are known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its number and the caveat."""
        for page in self._pages:
            self.__dict__.update(page)
            self._frame(len(self._pages))
            super().showPage()
        super().save()

    def _frame(self, pages: int) -> None:
        plain, bold, _ = _fonts()
        top = A4[1] - 12 * mm
        self.setFillColor(SHADE)
        self.rect(MARGIN, top - 2 * mm, WIDTH, 6.5 * mm, stroke=0, fill=1)
        self.setFillColor(INK)
        self.setFont(bold, 7.5)
        self.drawString(MARGIN + 2 * mm, top, self.caveat)
        self.setFont(plain, 7)
        self.setFillColor(MUTED)
        self.drawString(MARGIN, 10 * mm, self.label)
        self.drawRightString(A4[0] - MARGIN, 10 * mm, f"Page {self._pageNumber} of {pages}")


def for_paper(jpeg: bytes) -> bytes:
    """A normalised still small enough for paper, as JPEG."""
    with PillowImage.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        image.thumbnail((PIXELS, PIXELS))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=88)
    return out.getvalue()


def paper(record: Mapping[str, Any], stills: Mapping[str, bytes], key: str) -> bytes:
    """The PDF: `stills` are the normalised JPEGs by uid, `key` the fingerprint that signs the archive."""
    title = f"{TITLES[record['kind']]}, case {record['case']['number']}, {record['package']['force']}"
    label = f"{title} · package {record['package']['uid']}"
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=22 * mm,
        bottomMargin=18 * mm,
        title=title,
        author=record["package"]["force"],
        subject=record["caveat"],
        lang="en-GB",
        invariant=1,
    )
    frame = Frame(document.leftMargin, document.bottomMargin, document.width, document.height, id="body")
    document.addPageTemplates(PageTemplate(frames=[frame]))
    canvas = type("Numbered", (_Numbered,), {"caveat": record["caveat"], "label": label})
    document.build(_story(record, stills, title, key), canvasmaker=canvas)
    return out.getvalue()


def _story(record: Mapping[str, Any], stills: Mapping[str, bytes], title: str, key: str) -> list[Flowable]:
    subject = record["subject"]
    story: list[Flowable] = [_text(title, "title"), _text(record["caveat"])]
    about = record["package"]
    story += _summary(
        "This package",
        [
            ("Made for", about["made_for"]),
            ("Requested by", _who(about["requested_by"])),
            ("Requested at", about["requested_at"]),
            ("Package", about["uid"]),
            ("Signed with the key", key),
            ("To check it", "manage.py verify_package FILE; record.json holds every field exactly."),
        ],
    )
    story += _summary("Identified, as intelligence", [(_words(name), subject[name]) for name in subject])
    story += _summary("The case", [(_words(n), v) for n, v in record["case"].items() if n != "steps"])
    story += _table("Moves of the case", ("When", "To", "Outcome", "Reason", "By"), _steps(record))
    for number, offence in enumerate(record["offences"], start=1):
        story += _offence(number, offence, stills)
    story += _series(record["series"])
    return story


def _steps(record: Mapping[str, Any]) -> list[Row]:
    names = ("at", "to", "result", "reason")
    return [(*(one[name] for name in names), _who(one["by"])) for one in record["case"]["steps"]]


def _offence(number: int, offence: Mapping[str, Any], stills: Mapping[str, bytes]) -> list[Flowable]:
    told = [("Retailer", offence["retailer"]), ("Store", offence["store"]), ("Campaign", offence["campaign"])]
    told += [("In the case because", offence["basis"]), ("Offender's id", offence["offender"])]
    told += [(_words(name), value) for name, value in offence["report"].items() if value not in (None, "")]
    story = _summary(f"Offence {number}", told)
    for still in offence["stills"]:
        story += _still(still, stills.get(still["uid"]))
    for question in offence["questions"]:
        story += _question(question)
    for search in offence["searches"]:
        story += _search(search)
    return story + (_decision(offence["decision"]) if offence["decision"] else [])


def _decision(decision: Mapping[str, Any]) -> list[Flowable]:
    names = ("outcome", "decided_at", "subject_uid", "adjudicated", "uid")
    story = _summary("Decision", [(_words(name), decision[name]) for name in names], "h3")
    earlier = [[one[name] for name in EARLIER] for one in decision["earlier_rounds"]]
    story += _table("Rounds before it", [_words(name) for name in EARLIER], earlier)
    for review in decision["reviews"]:
        story += _review(review)
    truths = [
        [one[name] for name in ("known_on", "kind", "source", "note")] for one in decision["later_truth"]
    ]
    return story + _table("Known later", ("Date", "What", "From", "Note"), truths)


def _still(still: Mapping[str, Any], jpeg: bytes | None) -> list[Flowable]:
    original, copy, face = still["original"], still["normalised"], still["face"]
    size = f"{original['width']} × {original['height']}, {original['bytes']} bytes"
    rows = [
        ("Original", f"{original['format']}, {size}"),
        ("sha256 of the original", original["sha256"]),
        ("Normalised copy", copy["steps"]),
        ("sha256 of the copy", copy["sha256"]),
        ("Face found by", still["detector"]),
        ("Face chosen by", still["chosen_how"]),
    ]
    if face:
        box = ", ".join(f"{face[side]:.0f}" for side in "xywh")
        rows += [("Face: x, y, width, height in pixels", box)]
        rows += [("Quality", ", ".join(f"{name} {value}" for name, value in sorted(face["quality"].items())))]
    story = _summary(f"Still {still['uid']}", rows, "h3")
    if jpeg:
        scale = min(STILL_WIDTH / copy["width"], STILL_HEIGHT / copy["height"])
        story.append(Image(io.BytesIO(jpeg), copy["width"] * scale, copy["height"] * scale, hAlign="LEFT"))
    return story


def _question(question: Mapping[str, Any]) -> list[Flowable]:
    asked = ("kind", "text", "due_on", "provided", "answer", "collect_from", "answered_at")
    rows = [("Asked by", _who(question["asked_by"]))]
    rows += [(_words(name), question[name]) for name in asked if question.get(name) not in (None, "")]
    story = _summary(f"Question of {_shown(question['asked_at'])}", rows, "h3")
    sent = [(one["name"], one["bytes"], one["sha256"], one["file"]) for one in question["documents"]]
    head = ("Name as sent", "Bytes", "sha256", "In the archive")
    return story + _table("Documents, enclosed as received and not opened", head, sent, (45, 20, 55, 54))


def _search(search: Mapping[str, Any]) -> list[Flowable]:
    gallery = search["gallery"]
    rows = [
        ("Probe sha256", search["probe_sha256"]),
        ("Model", f"{search['model']} {search['model_version']}"),
        ("Detector", search["detector"]),
        ("Index", f"{search['engine']}, grid {search['grid']}"),
        ("Gallery", f"event {gallery['gallery_seq']}, {gallery['gallery_size']} templates"),
        ("Gallery digest", gallery["gallery_digest"]),
        ("Left out", f"{gallery['excluded_count']} templates, digest {gallery['excluded_digest']}"),
        ("Threshold", search["threshold"]),
        ("List asked for", search["list_length"]),
        ("Made because", f"{_words(search['occasion'])}. {search['basis']}"),
    ]
    story = _summary(f"Search of {_shown(search['at'])}", rows, "h3")
    listed = [
        (one["rank"], one["subject_uid"], f"{one['score']:.6f}", _support(one["support"]))
        for one in search["candidates"]
    ]
    head = ("Rank", "Opaque id", "Score", "What the score supports")
    return story + _table("All its candidates", head, listed, (12, 60, 20, 82))


def _support(band: Mapping[str, str]) -> str:
    return f"{band['words'].capitalize()}. {band['meaning'] or band['reason']}"


def _review(review: Mapping[str, Any]) -> list[Flowable]:
    rows = [
        ("Officer", _who(review["reviewer"])),
        ("Taken", review["claimed_at"]),
        ("State", review["state"]),
        ("Blind judgements saved", review["blind_saved_at"]),
        ("Their sha256", review["blind_sha256"]),
        ("Finished", review["completed_at"]),
        ("Outcome", review["outcome"]),
        ("Reasons", review["rationale"]),
        ("Caveat acknowledged", review["caveat_acknowledged"]),
        ("Changes of the view", f"{len(review['view_edits'])}, each in record.json"),
    ]
    rows += [(_words(name), value) for name, value in review["grounds"].items()]
    story = _summary(f"Review: {_words(review['stage'])}, round {review['round']}", rows, "h3")
    judged = [_judged(one) for one in review["judgements"]]
    head = ("Shown", "Opaque id", "Blind", "Features", "Conf.", "Seconds", "Rank, score", "After the reveal")
    return story + _table("All its judgements", head, judged, (11, 33, 20, 34, 11, 15, 22, 28))


def _judged(one: Mapping[str, Any]) -> Row:
    compared = sorted(one["features"].items())
    features = "; ".join(f"{_words(name)}: {_words(found)}" for name, found in compared)
    shown = f"{one['shown_after']['rank']}, {one['shown_after']['score']:.4f}" if one["shown_after"] else ""
    after = f"{_words(one['after'])}: {one['after_reason']}" if one["after"] else "unchanged"
    first = (one["position"], one["subject_uid"], _words(one["blind"]), features)
    return (*first, one["confidence"], one["seconds_viewed"], shown, after)


def _series(pairs: Sequence[Mapping[str, Any]]) -> list[Flowable]:
    story: list[Flowable] = []
    for pair in pairs:
        rows = [("Offenders", " and ".join(pair["offenders"])), ("Cosine of the probes", pair["score"])]
        rows += [("Suggested from", pair["threshold"]), ("Suggested at", pair["suggested_at"])]
        story += _summary("Linked as one person", rows)
        judged = [
            (one["at"], _who(one["by"]), _words(one["verdict"]), one["reason"]) for one in pair["judgements"]
        ]
        head = ("When", "Officer", "Judgement", "Reason")
        story += _table("Judged, each without the other's", head, judged)
        ruled = [
            (one["at"], _who(one["by"]), _words(one["ruling"]), one["reason"]) for one in pair["rulings"]
        ]
        if ruled:
            story += _table("Ruled with both judgements in view", ("When", "Supervisor", *head[2:]), ruled)
    return story


# --- building blocks ------------------------------------------------------------------------------
def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _who(person: Mapping[str, str] | None) -> str:
    return f"{person['name']}, {_words(person['role']).lower()}" if person else "the service"


def _summary(title: str, rows: Iterable[tuple[str, Any]], kind: str = "h2") -> list[Flowable]:
    cells = [[_text(name, "head"), _text(value)] for name, value in rows]
    table = Table(cells, colWidths=(WIDTH * 0.3, WIDTH * 0.7), style=_lines(), splitInRow=1)
    heading = _text(title, kind)
    heading.keepWithNext = 1
    return [heading, table, Spacer(0, 3 * mm)]


def _table(title: str, head: Row, rows: Sequence[Row], widths: Sequence[float] = ()) -> list[Flowable]:
    """A table with its title; nothing where there are no rows. Widths in millimetres."""
    if not rows:
        return []
    cells = [[_text(one, "head") for one in head]]
    cells += [[_text(one, "small") for one in row] for row in rows]
    total = sum(widths)
    columns = [WIDTH * one / total for one in widths] or None
    table = Table(cells, colWidths=columns, repeatRows=1, style=_lines(), splitInRow=1)
    return [KeepTogether([_text(title, "head"), Spacer(0, 1 * mm)]), table, Spacer(0, 4 * mm)]


def _lines() -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ]
    )
