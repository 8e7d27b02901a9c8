"""The bulk form: every problem at once, good rows kept, nothing made twice."""

import csv
import random
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.actions import SubmissionRefused, Upload, add_draft
from portal.submissions.board import place
from portal.submissions.bulk.actions import KEPT_DAYS, purge_bulk_uploads
from portal.submissions.bulk.columns import FIELDS, columns_for
from portal.submissions.bulk.templates import bad_rows_csv, bad_rows_xlsx, template_csv, template_xlsx
from portal.submissions.models import BulkUpload, Offender, RefusedUpload, Still
from portal.submissions.reports import declare_offenders
from portal.submissions.states import MAX_OFFENDERS
from tests.cast import Cast, make_offender, make_still, picture, submission_of
from tests.submissions.tables import REFERENCE, STILLS, good, notes, problems, send, table

BARE: dict[str, Any] = {"offence": "", "store": None, "started_at": None, "ended_at": None}


def test_good_rows_become_drafts_with_their_stills(cast: Cast) -> None:
    content = table(
        good("LP-1", **{STILLS: "a.jpg; folder/b.jpg", "Value (£)": "£1,098.50", "Violence was used": "yes"}),
        good("", **{STILLS: "c.jpg", "Offence": "robbery", "Store": "002"}),
    )
    files = {"a.jpg": picture(1), "folder/b.jpg": picture(2), "C.JPG": picture(3)}
    upload = send(cast, content, files)
    assert problems(upload) == []
    first, second = Offender.objects.order_by("rank")
    assert (first.rank, first.incident_reference, str(first.value), first.violence) == (
        1,
        "LP-1",
        "1098.50",
        True,
    )
    assert (str(first.footage_until), first.declared_at, first.stills.count()) == ("2026-11-29", None, 2)
    assert (second.store, second.offence, second.stills.count()) == (cast.second_store, "robbery", 1)
    entry = Entry.objects.get(tag=Tag.BULK_RECEIVED)
    assert (entry.details["rows"], entry.details["refused"]) == (2, 0)


def test_every_problem_of_every_row_is_listed_at_once(cast: Cast) -> None:
    content = table(
        good("LP-1", **{"Store": "Hgih Street", "Value (£)": "a lot", "Start of the incident": "01/11/2026"}),
        good("LP-2"),
        good("", **{"Offence": "", "End of the incident": "31/10/2026 10:00", "How many offenders": "0"}),
        good("lp-2", **{STILLS: "missing.jpg", "Violence was used": "perhaps"}),
    )
    upload = send(cast, content)
    told = problems(upload)
    assert {row for row, _, _ in told} == {2, 4, 5}
    for row, column, words in (
        (2, "Store", "Did you mean “High Street”?"),
        (2, "Value (£)", "98.50"),
        (2, "Start of the incident", "01/11/2026 14:05"),
        (4, "Offence", "Choose the offence."),
        (4, "End of the incident", "must end after"),
        (4, "How many offenders", "from 1 to 100"),
        (4, "The row", "your incident reference or"),
        (5, "The row", "stands in row 3 already"),
        (5, "The row", "“missing.jpg” is not on the board"),
        (5, "Violence was used", "yes or no"),
    ):
        assert any(row == r and column == c and words in text for r, c, text in told), (row, column, words)
    assert [one["row"] for one in upload.kept] == [3]
    assert Offender.objects.get().incident_reference == "LP-2"


def test_the_same_table_again_makes_nothing_twice(cast: Cast) -> None:
    content = table(
        good("LP-1", **{STILLS: "a.jpg"}), good("", **{STILLS: "b.jpg"}), good("", **{STILLS: "x.jpg"})
    )
    files = {"a.jpg": picture(1), "b.jpg": picture(2), "x.jpg": b"no picture"}
    assert "x.jpg was not taken" in " ".join(notes(send(cast, content, files)))
    again = send(cast, content, files)
    assert (Offender.objects.count(), Still.objects.count()) == (3, 2)
    assert problems(again) == []
    assert "Was here already." in notes(again)
    assert RefusedUpload.objects.exists()


def test_what_somebody_typed_meanwhile_is_left_and_said(cast: Cast) -> None:
    send(cast, table(good("LP-1", Goods="gin")))
    Offender.objects.update(goods="gin and rum")
    again = send(cast, table(good("LP-1", Goods="gin", Camera="C7")))
    offender = Offender.objects.get()
    assert (offender.goods, offender.camera) == ("gin and rum", "C7")
    assert "Left as it stands there: goods." in notes(again)


def test_what_was_sent_is_not_touched(cast: Cast) -> None:
    content = table(good("LP-1", **{STILLS: "a.jpg"}))
    send(cast, content, {"a.jpg": picture(1)})
    sent, _ = declare_offenders(list(Offender.objects.all()), by=cast.loss_prevention)
    assert len(sent) == 1
    again = send(cast, table(good("LP-1", Goods="rum", **{STILLS: "b.jpg"})), {"b.jpg": picture(2)})
    assert notes(again) == ["Was sent already, so nothing was changed."]
    assert (Offender.objects.get().goods, Still.objects.count()) == ("", 1)


def test_stills_on_the_board_are_taken_by_their_names(cast: Cast) -> None:
    dropped = [make_offender(cast.loss_prevention, cast.campaign, declared=False, **BARE) for _ in range(2)]
    for number, offender in enumerate(dropped):
        make_still(offender, picture(number), name=f"till-{number}.jpg")
        place(offender, None, by=cast.loss_prevention)
    upload = send(cast, table(good("LP-1", **{STILLS: "TILL-0.jpg; till-1.jpg"})))
    assert problems(upload) == []
    offender = Offender.objects.get()
    assert (offender.rank, offender.incident_reference, offender.stills.count()) == (1, "LP-1", 2)


def test_the_31st_row_is_kept_for_later(cast: Cast) -> None:
    upload = send(cast, table(*[good(f"LP-{n}") for n in range(MAX_OFFENDERS + 2)]))
    assert Offender.objects.count() == MAX_OFFENDERS
    assert {row for row, _, _ in problems(upload)} == {32, 33}
    assert "All 30 places are taken" in problems(upload)[0][2]


def test_no_time_left_is_said_and_taken_the_next_time(cast: Cast) -> None:
    content, files = table(good("", **{STILLS: "a.jpg"})), {"a.jpg": picture(1)}
    late = send(cast, content, files, seconds=-1)
    assert "no time left" in problems(late)[0][2]
    assert problems(send(cast, content, files)) == []
    assert Still.objects.count() == 1


def test_only_the_bad_rows_come_back_with_what_to_put_right(cast: Cast) -> None:
    stores = list(cast.retailer.stores.all())
    sent = good(
        "LP-1", **{"Value (£)": "a lot", "Goods": '=HYPERLINK("http://x")', "How they operate": '-fast\n"@x"'}
    )
    upload = send(cast, table(sent, good("LP-2")))
    for rest in (bad_rows_csv(upload, stores), bad_rows_xlsx(upload, stores)):
        again = send(cast, rest)
        assert [bad["cells"] for bad in again.problems] == [bad["cells"] for bad in upload.problems]
    text = bad_rows_csv(upload, stores).decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert "What to put right" in text
    assert "LP-2" not in text
    sheet = load_workbook(BytesIO(bad_rows_xlsx(upload, stores)))["Offenders"]
    assert not [cell for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8-sig"), (";", "cp1252"), ("\t", "utf-16"), (";", "utf-8")]
)
def test_tables_as_people_save_them(cast: Cast, delimiter: str, encoding: str) -> None:
    content = table(good("LP-1", Goods="Crème, 4 × £2"), delimiter=delimiter, encoding=encoding)
    assert problems(send(cast, content)) == []
    assert Offender.objects.get().goods == "Crème, 4 × £2"


def test_formulas_are_text(cast: Cast) -> None:
    book = load_workbook(BytesIO(template_xlsx(list(cast.retailer.stores.all()))))
    sheet = book["Offenders"]
    column = {cell.value: cell.column for cell in sheet[1]}
    for name, value in {**good("LP-1"), "Goods": "=1+1", "Value (£)": "=SUM(1,2)"}.items():
        sheet.cell(3, column[name]).value = value
    out = BytesIO()
    book.save(out)
    upload = send(cast, out.getvalue())
    assert [(row, name) for row, name, _ in problems(upload)] == [(3, "Value (£)")]
    assert upload.problems[0]["cells"]["goods"] == "=1+1"


def test_the_template_comes_back_as_it_is(cast: Cast) -> None:
    stores = list(cast.retailer.stores.all())
    for content in (template_csv(stores), template_xlsx(stores)):
        with pytest.raises(SubmissionRefused, match="No row is filled in"):
            send(cast, content)
    book = load_workbook(BytesIO(template_xlsx(stores)))
    assert book.sheetnames == ["Offenders", "Notes", "Lists"]
    rules = book["Offenders"].data_validations.dataValidation
    assert len(rules) == len([one for one in columns_for(stores) if one.choices])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The table is empty"),
        (b"PK\x03\x04 and nothing else", "not a zip"),
        (b"\xd0\xcf\x11\xe0 old", "old Excel file"),
        (b"Name,Age\nx,1\n", "headings of the template"),
        (table(*[good(f"LP-{n}") for n in range(201)]), "may have 200 rows"),
        (b"x" * (5 * 2**20 + 1), "larger than 5 MB"),
    ],
)
def test_what_is_no_table_is_said(cast: Cast, content: bytes, words: str) -> None:
    with pytest.raises(SubmissionRefused, match=words):
        send(cast, content)
    assert not BulkUpload.objects.exists()


def test_columns_nobody_asked_for_are_not_read(cast: Cast) -> None:
    upload = send(cast, table(good("LP-1", Ethnicity="x", Colour="y", Goods="gin")))
    assert ["never ask for it" in text or "not in the template" in text for text in upload.remarks] == [
        True,
        True,
    ]
    assert Offender.objects.get().goods == "gin"


def test_a_guessed_name_is_a_remark(cast: Cast) -> None:
    upload = send(cast, table(good("LP-1", **{"How they operate": "aka smiler"})))
    assert "“smiler” may be a name" in notes(upload)[0]


def test_what_is_kept_of_a_table_goes_after_some_days(cast: Cast) -> None:
    send(cast, table(good("LP-1")))
    assert purge_bulk_uploads(by=SystemActor("test")) == 0
    BulkUpload.objects.update(at=timezone.now() - timedelta(days=KEPT_DAYS, hours=1))
    assert purge_bulk_uploads(by=SystemActor("test")) == 1
    assert Offender.objects.count() == 1
    assert Entry.objects.filter(tag=Tag.BULK_ERASED).count() == 1


HEADINGS = st.sampled_from(
    [STILLS, REFERENCE, "Store", "store", "Offence", *FIELDS, "Start of the incident"]
) | st.text(max_size=8)
CELLS = st.sampled_from(
    ["", "High Street", "001", "theft", "01/11/2026 14:05", "yes", "=1+1", "-5", "1e999", "NaN", "9" * 30,
     "a.jpg; b.jpg",
     "31/02/2026 10:00", "29/03/2026 01:30", "0001-01-01 00:00", "9999-12-31 23:59", "x" * 5000,
     "\x00", "'=", ";;;"]
) | st.text(max_size=30)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(HEADINGS, min_size=1, max_size=8),
    st.lists(st.lists(CELLS, max_size=8), max_size=5),
    st.integers(),
)
def test_any_table_is_kept_or_listed_row_by_row(
    cast: Cast, headings: list[str], lines: list[list[str]], seed: int
) -> None:
    header = [*headings, "store", "offence", "started_at", "incident_reference"]
    tail = [["High Street", "theft", "01/11/2026 14:05", f"R{seed}-{n}"] for n in range(len(lines))]
    random.Random(seed).shuffle(tail)
    rows = [
        [*line, *[""] * (len(headings) - len(line)), *tail[n]][: len(header)] for n, line in enumerate(lines)
    ]
    body = _csv([header, *rows])
    before = Offender.objects.count()
    try:
        upload = send(cast, body)
    except SubmissionRefused:
        return
    listed = {one["row"] for one in upload.kept} | {bad["row"] for bad in upload.problems}
    assert len(upload.kept) + len(upload.problems) == upload.rows == len(listed)
    assert Offender.objects.count() <= before + len(upload.kept)


def _csv(lines: list[list[str]]) -> bytes:
    out = StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode(errors="replace")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"Store,Offence,Start of the incident\n"]),
)
def test_any_bytes_are_a_table_or_refused(cast: Cast, content: bytes, start: bytes) -> None:
    try:
        upload = send(cast, start + content)
    except SubmissionRefused:
        return
    assert len(upload.kept) + len(upload.problems) == upload.rows


def test_a_row_begins_with_the_clock_of_its_store(cast: Cast) -> None:
    cast.retailer.stores.update(clock_offset_minutes=4)
    clock = Offender._meta.get_field("clock_offset_minutes").verbose_name
    heading = str(clock)[:1].upper() + str(clock)[1:]
    send(cast, table(good("A1"), good("A2", **{heading: "0"})))
    found = Offender.objects.order_by("rank").values_list("clock_offset_minutes", flat=True)
    assert list(found) == [4, 0]


def test_a_draft_of_the_board_takes_the_clock_of_its_rows_store(cast: Cast) -> None:
    cast.retailer.stores.update(clock_offset_minutes=4)
    submission = submission_of(cast.loss_prevention, cast.campaign)
    still, _ = add_draft(submission, Upload(picture(1), "cam1.jpg"), by=cast.loss_prevention)
    send(cast, table(good("A1", **{STILLS: "cam1.jpg"})))
    offender = Offender.objects.get()
    assert (offender.pk, offender.clock_offset_minutes) == (still.offender_id, 4)
