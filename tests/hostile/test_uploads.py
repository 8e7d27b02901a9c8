"""Every class of hostile file by both doors: refused with a code and a sentence, or made harmless."""

from html import escape, unescape
from io import BytesIO

import pytest
from django.urls import reverse
from PIL import Image

from matching.decoding import SENTENCES
from portal import storage
from portal.submissions.models import Offender, RefusedUpload, Still
from tests.cast import picture
from tests.hostile.doors import Doors
from tests.hostile.files import GPS_NOTE, PHP, flat_webp, hostile_files

pytestmark = pytest.mark.django_db
REFUSED = sorted(name for name, file in hostile_files().items() if file.code)
TAKEN = sorted(name for name, file in hostile_files().items() if not file.code)
TRACES = (PHP, b"<?php", b"<script", GPS_NOTE, b"Exif", b"GPS", b"shell.php", b"PK\x03\x04")


def test_the_recipe_of_the_bomb_is_a_real_picture() -> None:
    """Or else its refusal would prove nothing."""
    assert len(flat_webp(13_300, 13_300)) <= 40
    image = Image.open(BytesIO(flat_webp(320, 240)))
    image.load()
    assert (image.format, image.size) == ("WEBP", (320, 240))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_code_and_a_sentence(
    doors: Doors, offenders: tuple[Offender, Offender], name: str
) -> None:
    file = hostile_files()[name]
    page = unescape(doors.by_form(offenders[0], file.content))
    answer = doors.by_api(offenders[1], file.content)
    assert answer.status_code == 422, answer.content
    assert answer.json()["code"] == file.code
    sentence = answer.json()["detail"]
    assert sentence.startswith(SENTENCES[file.code].split("{")[0])
    assert sentence.endswith(".")
    assert f"still.jpg was not taken. {sentence}" in page
    refused = RefusedUpload.objects.order_by("pk").values_list("offender_id", "code", "message")
    assert list(refused) == [(one.pk, file.code, sentence) for one in offenders]
    assert not Still.objects.exists()


@pytest.mark.parametrize("name", TAKEN)
def test_taken_and_made_harmless(doors: Doors, offenders: tuple[Offender, Offender], name: str) -> None:
    file = hostile_files()[name]
    assert "1 still was received" in doors.by_form(offenders[0], file.content)
    assert doors.by_api(offenders[1], file.content).status_code == 201
    for still in Still.objects.all():
        assert storage.read(storage.originals(), still.original_key) == file.content  # evidence, untouched
        stored = storage.read(storage.stills(), still.copy_key)
        served = doors.browser.get(reverse("retailer:still-image", args=[still.uid]))
        assert served["Content-Type"] == "image/jpeg"
        for content in (stored, served.content):
            image = Image.open(BytesIO(content))
            assert (image.format, image.mode, max(image.size) <= 4096) == ("JPEG", "RGB", True)
            assert not image.getexif()
            assert not [trace for trace in TRACES if trace in content]


def test_bits_turned_over_in_a_jpeg_are_refused_or_a_picture(
    doors: Doors, offenders: tuple[Offender, Offender]
) -> None:
    data = bytearray(picture(6))
    for position in range(700, len(data), 97):
        data[position] ^= 0x20
    answer = doors.by_api(offenders[0], bytes(data))
    assert answer.status_code == 201 or answer.json()["code"] in SENTENCES


LONG = "x" * 300 + ".jpg"
NAMES = {
    "unicode": ("камера-überwachung-摄像头.jpg", "камера-überwachung-摄像头.jpg"),
    "decomposed": ("cafe\u0301.jpg", "café.jpg"),
    "bidirectional": ("face\u202egpj.exe", "facegpj.exe"),
    "zero-width": ("fa\u200bce\u2066.jpg", "face.jpg"),
    "nul": ("still\0.php.jpg", "still.php.jpg"),
    "control": ("still\x1b[31m\x07.jpg", "still[31m.jpg"),
    "upwards": ("../../../etc/passwd", "passwd"),
    "windows": ("C:\\Windows\\..\\evil.jpg", "evil.jpg"),
    "encoded": ("&#46;&#46;&#47;evil.jpg", "evil.jpg"),
    "markup": ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
    "formula": ("=cmd|' calc'!A0.jpg", "=cmd|' calc'!A0.jpg"),
    "template": ("{{ settings.SECRET_KEY }}.jpg", "{{ settings.SECRET_KEY }}.jpg"),
    "long": (LONG, "x" * 251 + ".jpg"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_are_cleaned_shown_and_never_a_path(
    doors: Doors, offenders: tuple[Offender, Offender], kind: str
) -> None:
    sent, shown = NAMES[kind]
    raw = sent.encode()
    doors.by_form(offenders[0], picture(8), raw)
    answer = doors.by_api(offenders[1], picture(8), raw)
    assert answer.status_code == 201, answer.content
    assert answer.json()["name"] == shown
    assert set(Still.objects.values_list("name", flat=True)) == {shown}
    for key in Still.objects.values_list("original_key", flat=True):
        assert set(key) <= set("0123456789abcdef/")  # nothing of the name is in the key
    refused = doors.by_form(offenders[0], b"GIF89a", raw)
    assert escape(shown) in refused
    assert "<img src=x" not in refused


@pytest.mark.parametrize("name", [b"", b"..", b"/", b"\0", b"not-utf-8-\xff.jpg"])
def test_a_file_without_a_usable_name(
    doors: Doors, offenders: tuple[Offender, Offender], name: bytes
) -> None:
    """No file, for a browser that sends none; never an error of ours."""
    assert "Choose at least one still." in doors.by_form(offenders[0], picture(8), name)
    assert doors.by_api(offenders[1], picture(8), name).status_code in (400, 415, 422)
    assert not Still.objects.exists()
