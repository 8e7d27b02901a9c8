"""The process in which strangers' bytes are decoded. Run by path; it must import nothing but the library
and Pillow.

`decoding.py` starts one of these per process (the zygote, Pillow already imported). For every file the
zygote is sent one end of a socket, forks, and the fork bounds itself (memory, CPU, files, wall clock)
before it looks at a byte. A crash, a loop or a memory bomb therefore ends one fork and nothing else.

On the socket: 8-byte length + JSON limits, 8-byte length + file; back: 8-byte length + JSON answer, then
the JPEG.
"""

import io
import json
import os
import re
import resource
import signal
import socket
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

NICENESS = 5  # about a third of the weight of a matching worker
PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
FORMATS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}
# A marker that ends entropy-coded data: not a stuffed zero, not a restart, not fill.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_STANDALONE = frozenset(range(0xD0, 0xD9)) | {0x01}


class Refusal(Exception):
    """Carries the code of a refusal; the sentence is written by the parent."""


def recognise(data: bytes) -> str:
    """The format by its first bytes, never by name or declared type; raises Refusal for anything else."""
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        heic = data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heif", b"avif")
        raise Refusal("heic_not_supported" if heic else "video_not_supported")
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        raise Refusal("video_not_supported")
    if data[:5] == b"%PDF-":
        raise Refusal("document_not_supported")
    raise Refusal("unsupported_format")


def count_jpeg_scans(data: bytes, stop_after: int) -> int:
    """Start-of-scan markers in the main image, read from the raw bytes; a decoder pays for every one of
    them.
    """
    scans, at = 0, 2
    while at + 4 <= len(data) and scans <= stop_after:
        if data[at] != 0xFF:
            raise Refusal("damaged")
        marker = data[at + 1]
        if marker == 0xD9:
            break
        if marker == 0xFF:
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            scans += 1
            found = _MARKER.search(data, at)
            at = found.start() if found else len(data)
    return scans


def check_png_sums(data: bytes) -> None:
    """The checksums of the chunks that make the picture; Pillow skips those of the pixels' own."""
    at, kind = 8, b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise Refusal("damaged")
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = at + 8 + size
        is_needed = not kind[:1].islower()
        if is_needed and zlib.crc32(data[at + 4 : body]) != int.from_bytes(data[body : body + 4], "big"):
            raise Refusal("damaged")
        at = body + 4


def check_header(image: Image.Image, limits: dict[str, Any]) -> None:
    """Refuse by what the header says, before a pixel is decoded."""
    width, height = image.size
    if max(width, height) > limits["max_side"]:
        raise Refusal("side_too_long")
    if width * height > limits["max_pixels"]:
        raise Refusal("too_many_pixels")
    if min(width, height) < limits["min_side"]:
        raise Refusal("too_small")
    # A phone's JPEG may carry a depth map or preview as a second picture; only the first is read.
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        raise Refusal("animated")


def to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB; transparency is laid on white so that nothing hidden under it comes to light."""
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image)
        return ground.convert("RGB")
    return image.convert("RGB")


def fit(image: Image.Image, max_side: int) -> Image.Image:
    """Not longer than max_side on either side; never enlarged."""
    if max(image.size) > max_side:
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return image


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Apply an EXIF orientation 1..8 (read before conversion dropped it)."""
    carrier = image.getexif()
    carrier[0x0112] = orientation
    return ImageOps.exif_transpose(image) if orientation in range(2, 9) else image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 damaged metadata is dropped anyway
        return 1


def decode(data: bytes, limits: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """One upright RGB JPEG without metadata and what is known of its source; raises Refusal."""
    kind = recognise(data)
    if kind == "jpeg" and count_jpeg_scans(data, limits["max_jpeg_scans"]) > limits["max_jpeg_scans"]:
        raise Refusal("too_many_scans")
    image = Image.open(io.BytesIO(data), formats=[FORMATS[kind]])
    check_header(image, limits)
    if kind == "png":
        check_png_sums(data)
    source_size = image.size
    orientation = _orientation(image)
    image.load()
    turned = upright(fit(to_rgb(image), limits["output_max_side"]), orientation)
    clean = Image.new("RGB", turned.size)  # a new image: nothing but pixels is carried over
    clean.paste(turned)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=95, subsampling=0)
    facts = {"format": kind, "source": source_size, "size": clean.size}
    return facts, out.getvalue()


def bound(limits: dict[str, Any]) -> None:
    """No more memory, CPU, time, files or processes than one decode needs."""
    seconds = max(1, int(limits["seconds"] + 0.999))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits["seconds"])


def _receive_block(channel: socket.socket) -> bytes:
    size = struct.unpack("!Q", _receive_exactly(channel, 8))[0]
    return _receive_exactly(channel, size)


def _receive_exactly(channel: socket.socket, size: int) -> bytes:
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        got = channel.recv_into(view)
        if not got:
            raise EOFError
        view = view[got:]
    return bytes(buffer)


def judge(data: bytes, limits: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """decode(), with every way in which Pillow complains turned into a code."""
    try:
        return decode(data, limits)
    except Refusal as refusal:
        return {"refused": str(refusal)}, b""
    except (MemoryError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        return {"refused": "too_many_pixels"}, b""
    except Exception as error:  # noqa: BLE001 whatever a damaged file makes a decoder raise
        return {"refused": "damaged", "detail": type(error).__name__}, b""


def serve_one(channel: socket.socket) -> None:
    """In the fork: read one request, answer it."""
    limits = json.loads(_receive_block(channel))
    bound(limits)
    facts, jpeg = judge(_receive_block(channel), limits)
    head = json.dumps(facts).encode()
    channel.sendall(struct.pack("!Q", len(head)) + head + struct.pack("!Q", len(jpeg)) + jpeg)


def _fork(work: Callable[[socket.socket], None], channel: socket.socket, control: socket.socket) -> None:
    if os.fork():
        channel.close()
        return
    try:
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        work(channel)
    finally:
        os._exit(0)


def main(control: socket.socket) -> None:
    """Fork once per socket received; end when the last holder of the control socket is gone."""
    Image.MAX_IMAGE_PIXELS = None  # our own limits are checked before decoding, and say which one was hit
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    # What has been accepted is matched before more is accepted: else a burst of uploads makes everybody wait.
    os.nice(NICENESS)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        for descriptor in descriptors:
            _fork(serve_one, socket.socket(fileno=descriptor), control)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
