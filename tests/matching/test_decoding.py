"""Hostile and benign files: what is refused, with which code, and what comes out of what is accepted."""

import io
import multiprocessing
import os
import random
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from matching.decoding import SENTENCES, DecodeLimits, decode_normalised, normalise
from matching.decoding_child import count_jpeg_scans
from matching.errors import RejectedImage


def picture(width: int = 320, height: int = 240, mode: str = "RGB") -> Image.Image:
    """A picture with an upper left corner that is told from the others: red."""
    rng = np.random.default_rng(7)
    pixels = rng.integers(60, 120, (height // 8, width // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    pixels[: height // 4, : width // 4] = (250, 10, 10)
    return Image.fromarray(pixels).convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def refused(data: bytes, limits: DecodeLimits | None = None) -> str:
    with pytest.raises(RejectedImage) as caught:
        normalise(data, limits)
    assert caught.value.message.endswith(".")
    assert "{" not in caught.value.message
    return caught.value.code


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header promises far more."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))

    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 4096)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp")])
def test_the_three_formats_come_out_as_the_same_picture(kind: str, name: str) -> None:
    normal = normalise(saved(picture(), kind, quality=95))
    assert (normal.source_format, normal.width, normal.height) == (name, 320, 240)
    pixels = decode_normalised(normal.jpeg)
    assert pixels.shape == (240, 320, 3)
    assert pixels.dtype == np.uint8
    difference = np.abs(pixels.astype(int) - np.asarray(picture()).astype(int))
    assert difference.mean() < 6


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    image = Image.new("I;16", (100, 80), 30000) if mode == "I;16" else picture(mode=mode)
    data = saved(image, "JPEG" if mode == "CMYK" else "PNG")
    assert decode_normalised(normalise(data).jpeg).shape[2] == 3


def test_orientation_is_applied_and_all_metadata_dropped() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned clockwise
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    normal = normalise(
        saved(picture(), "JPEG", exif=exif, comment=b"<?php evil", icc_profile=b"profile" * 40)
    )
    assert (normal.width, normal.height) == (240, 320)
    pixels = decode_normalised(normal.jpeg).astype(int)
    assert pixels[10:40, -40:-10, 0].mean() > 200  # red went from the upper left to the upper right
    for trace in (b"SecretCamera", b"php", b"profile", b"Exif"):
        assert trace not in normal.jpeg


def test_what_is_hidden_under_transparency_does_not_come_to_light() -> None:
    image = picture(mode="RGBA")
    image.putalpha(0)
    assert decode_normalised(normalise(saved(image, "PNG")).jpeg).min() > 250


def test_a_large_picture_is_reduced_and_its_own_size_kept_on_record() -> None:
    normal = normalise(saved(Image.new("RGB", (5000, 1000), "grey"), "JPEG"))
    assert (normal.width, normal.height) == (4096, 819)
    assert (normal.source_width, normal.source_height) == (5000, 1000)


def test_a_phone_picture_with_a_second_image_inside_is_accepted() -> None:
    out = io.BytesIO()
    picture().save(out, "MPO", save_all=True, append_images=[picture(mode="L").convert("RGB")])
    assert normalise(out.getvalue()).width == 320


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\0" * 500, "unsupported_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (b"<html><script>alert(1)</script></html>", "unsupported_format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "unsupported_format"),
        (b"GIF89a" + b"\0" * 100, "unsupported_format"),
        (b"PK\x03\x04" + b"\0" * 100, "unsupported_format"),
        (b"%PDF-1.7\n", "document_not_supported"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 50, "heic_not_supported"),
        (b"\0\0\0\x18ftypisom" + b"\0" * 50, "video_not_supported"),
        (b"RIFF\0\0\0\0AVI LIST", "video_not_supported"),
        (b"\xff\xd8\xff\xe0 not a jpeg at all", "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8X", "damaged"),
        (png_claiming(30_000, 100), "side_too_long"),
        (png_claiming(10_000, 10_000), "too_many_pixels"),
        (png_claiming(5_000, 5_000), "damaged"),
        (saved(picture(64, 40), "PNG"), "too_small"),
    ],
)
def test_refused_with_a_code_and_a_sentence(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_every_code_has_a_sentence_and_no_sentence_is_left_over() -> None:
    assert all(text.endswith(".") for text in SENTENCES.values())


def test_more_bytes_than_the_limit_are_not_even_looked_at() -> None:
    assert refused(b"\xff\xd8\xff" * 1000, DecodeLimits(max_bytes=1000)) == "file_too_large"


def test_animations_are_refused() -> None:
    frames = [picture(), picture().rotate(90), picture().rotate(180)]
    for kind in ("PNG", "WEBP"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert refused(data) == "animated"


def test_a_progressive_photo_passes_and_a_thousand_scans_do_not() -> None:
    data = saved(picture(), "JPEG", progressive=True)
    scans = count_jpeg_scans(data, 64)
    assert 2 <= scans <= 12
    assert normalise(data).width == 320
    scan = data.rindex(b"\xff\xda")
    assert refused(data[:-2] + data[scan:-2] * 100 + b"\xff\xd9") == "too_many_scans"


def test_scans_of_a_thumbnail_are_not_counted() -> None:
    inner = saved(picture(64, 64), "JPEG", progressive=True)
    outer = saved(picture(), "JPEG", exif=b"Exif\0\0" + inner)
    assert count_jpeg_scans(outer, 64) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_file_is_refused(kind: str, share: float) -> None:
    data = saved(picture(), kind)
    assert refused(data[: int(len(data) * share)]) == "damaged"


def test_mutated_files_are_refused_or_decoded_and_nothing_else() -> None:
    rng = random.Random(11)
    sources = [saved(picture(96, 96), kind) for kind in ("JPEG", "PNG", "WEBP")]
    outcomes = set()
    for _ in range(150):
        data = bytearray(rng.choice(sources))
        for _ in range(rng.randint(1, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            outcomes.add(normalise(bytes(data)).width > 0)
        except RejectedImage as rejected:
            outcomes.add(rejected.code in SENTENCES)
    assert outcomes == {True}


def test_a_decode_that_takes_too_long_is_ended() -> None:
    slow = saved(Image.effect_noise((4000, 3000), 90), "PNG")
    assert refused(slow, DecodeLimits(seconds=0.05)) == "took_too_long"
    assert normalise(saved(picture(), "PNG")).width == 320  # the next one is not affected


def test_a_decode_that_takes_too_much_memory_is_refused() -> None:
    large = saved(Image.new("RGB", (7000, 7000)), "PNG")
    assert refused(large, DecodeLimits(memory_bytes=160 * 2**20)) in ("too_many_pixels", "decoder_crashed")


def test_many_threads_at_once() -> None:
    data, sizes = saved(picture(), "JPEG"), []
    threads = [threading.Thread(target=lambda: sizes.append(normalise(data).width)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [320] * 8


def _in_child(work: Callable[[], int]) -> int:
    """Run in a forked, daemonic process, as a prefork worker is; its exit code."""
    context = multiprocessing.get_context("fork")
    child = context.Process(target=lambda: os._exit(work()), daemon=True)
    child.start()
    child.join(30)
    return child.exitcode or 0


def test_a_forked_worker_uses_a_decoder_of_its_own() -> None:
    data = saved(picture(), "JPEG")
    assert normalise(data).width == 320
    assert _in_child(lambda: normalise(data).width // 40) == 8
    assert normalise(data).width == 320


def test_the_decoder_imports_neither_our_code_nor_numpy() -> None:
    script = "import sys, matching.decoding as d; p = d.Path(d.__file__).with_name('decoding_child.py');"
    script += "import runpy; sys.modules.pop('numpy'); before = set(sys.modules);"
    script += "runpy.run_path(str(p), run_name='child'); new = set(sys.modules) - before;"
    script += "assert not {n for n in new if n.startswith(('numpy', 'matching', 'django', 'cv2'))}, new"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
