"""Files a stranger may send, each made here from its recipe, and what has to become of it."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from tests.cast import picture

SIDE = 13_300
PHP = b"<?php system($_GET['c']); ?>"
GPS_NOTE = b"SECRET-CAMERA-OWNER"


@dataclass(frozen=True)
class Hostile:
    """`code` is that of the refusal; empty where the file is taken, and then made harmless."""

    content: bytes
    code: str = ""


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(seed: int = 5) -> Image.Image:
    """A sound picture."""
    return Image.open(io.BytesIO(picture(seed))).convert("RGB")


def flat_webp(width: int, height: int) -> bytes:
    """34 bytes: a lossless picture of one colour, whose prefix codes have no bits for a pixel."""
    bits, filled = 0, 0
    fields = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (0, 1), (0, 3), (0, 1), (0, 1), (0, 1)]
    fields += [(0b0001, 4)] * 5  # simple code, one symbol, of one bit, namely 0
    for value, size in fields:
        bits |= value << filled
        filled += size
    body = bits.to_bytes((filled + 7) // 8, "little")
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))


def flat_png(width: int, height: int, extra: bytes = b"") -> bytes:
    """A black picture; a thousandth of what it unpacks to. `extra` chunks stand before the pixels."""
    packer, row = zlib.compressobj(1), bytes(1 + 3 * width)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def gif_bomb(frames: int = 100) -> bytes:
    """Frames that each claim the whole of a huge screen."""
    data = saved(Image.new("P", (8, 8)), "GIF")
    screen = data[:6] + struct.pack("<HH", SIDE, SIDE) + data[10:-1]
    return screen + data[data.index(b",") : -1] * frames + b";"


def many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is sent again and again."""
    data = saved(opened(), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * count + b"\xff\xd9"


def telling_exif() -> Image.Exif:
    """Where and with what the picture was taken."""
    exif = Image.Exif()
    exif[0x010F] = GPS_NOTE.decode()
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (54.0, 58.0, 41.0), "W", (1.0, 36.0, 49.0)
    return exif


def flipped(data: bytes) -> bytes:
    """One bit of every 400th byte is turned over."""
    changed = bytearray(data)
    for position in range(600, len(changed), 400):
        changed[position] ^= 0x10
    return bytes(changed)


def with_zip(data: bytes) -> bytes:
    """A picture that is an archive as well."""
    out = io.BytesIO(data)
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("shell.php", PHP)
    return out.getvalue()


@lru_cache(maxsize=1)
def hostile_files() -> dict[str, Hostile]:
    """Every class, by name."""
    jpeg, png, webp = picture(5), saved(opened(), "PNG"), saved(opened(), "WEBP")
    text_bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 * 2**20), 9))
    return {
        "webp-bomb": Hostile(flat_webp(SIDE, SIDE), "too_many_pixels"),
        "png-bomb": Hostile(flat_png(SIDE, SIDE)[:600_000], "too_many_pixels"),
        "png-too-long": Hostile(flat_png(20_000, 70), "side_too_long"),
        "png-large-and-flat": Hostile(flat_png(6_500, 6_500)),
        "png-text-bomb": Hostile(flat_png(320, 240, text_bomb), "damaged"),
        "gif-bomb": Hostile(gif_bomb(), "unsupported_format"),
        "jpeg-thousand-scans": Hostile(many_scans(1000), "too_many_scans"),
        "jpeg-half": Hostile(jpeg[: len(jpeg) // 2], "damaged"),
        "png-half": Hostile(png[: len(png) // 2], "damaged"),
        "webp-half": Hostile(webp[: len(webp) // 2], "damaged"),
        "png-flipped": Hostile(flipped(png), "damaged"),
        "jpeg-and-php": Hostile(saved(opened(), "JPEG", comment=PHP) + PHP),
        "jpeg-and-zip": Hostile(with_zip(jpeg)),
        "png-and-html": Hostile(flat_png(320, 240, png_chunk(b"tEXt", b"Comment\0<script>" + PHP)) + PHP),
        "jpeg-with-gps": Hostile(saved(opened(), "JPEG", exif=telling_exif())),
        "svg": Hostile(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "unsupported_format"),
        "html": Hostile(b"<!doctype html><script>alert(1)</script>" + jpeg, "unsupported_format"),
        "eps": Hostile(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "unsupported_format"),
        "pdf": Hostile(b"%PDF-1.7\n1 0 obj<</OpenAction 2 0 R>>", "document_not_supported"),
        "zip": Hostile(with_zip(b""), "unsupported_format"),
        "tiff": Hostile(saved(opened(), "TIFF"), "unsupported_format"),
        "bmp": Hostile(saved(opened(), "BMP"), "unsupported_format"),
        "mp4": Hostile(b"\0\0\0\x18ftypisom" + bytes(200), "video_not_supported"),
        "heic": Hostile(b"\0\0\0\x18ftypheic" + bytes(200), "heic_not_supported"),
        "zeros": Hostile(bytes(4096), "unsupported_format"),
        "empty": Hostile(b"", "empty_file"),
        "tiny": Hostile(saved(Image.new("RGB", (8, 8)), "PNG"), "too_small"),
    }
