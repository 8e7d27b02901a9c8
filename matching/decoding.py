"""From a stranger's bytes to an image that is safe to keep, show and measure.

`normalise` never decodes in this process: see decoding_child.py. What comes back is our own JPEG: 8-bit
RGB, upright, without metadata. `decode_normalised` reads only that.
"""

import atexit
import hashlib
import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.errors import DecoderUnavailable, RejectedImage

MIB = 2**20


@dataclass(frozen=True)
class DecodeLimits:
    """What is accepted. A genuine 48-megapixel phone photo is 27 MB; a progressive 4K photo has 10 scans."""

    max_bytes: int = 32 * MIB
    max_pixels: int = 60_000_000
    max_side: int = 16_000
    min_side: int = 64
    max_jpeg_scans: int = 64
    seconds: float = 10.0
    memory_bytes: int = 1536 * MIB
    output_max_side: int = 4096


@dataclass(frozen=True)
class NormalisedImage:
    """`jpeg` is 8-bit RGB, upright, no metadata, quality 95, 4:4:4; sizes are pixels; sha256 are hex
    digests.
    """

    jpeg: bytes
    width: int
    height: int
    source_format: str
    source_width: int
    source_height: int
    sha256: str
    source_sha256: str


SENTENCES = {
    "empty_file": "The file is empty. Please export the still again and send that file.",
    "file_too_large": (
        "The file is larger than {max_mib} MB. Please send a single still as a JPEG, not the raw export."
    ),
    "unsupported_format": (
        "This is not a JPEG, PNG or WebP picture. Please save the still as a JPEG and send that."
    ),
    "heic_not_supported": "This is a HEIC or AVIF photo. Please save or share it as a JPEG and send that.",
    "video_not_supported": (
        "This is a video. Please pause it where the face is clearest and send a still of that moment."
    ),
    "document_not_supported": (
        "This is a PDF document. Please save the picture inside it as a JPEG and send that."
    ),
    "too_many_pixels": (
        "The picture has too many pixels (the limit is {megapixels} million). Please send a smaller copy."
    ),
    "side_too_long": (
        "One side of the picture is longer than {max_side} pixels. Please crop it to the scene and send that."
    ),
    "too_small": (
        "The picture is smaller than {min_side} pixels on one side. Please send the full "
        "camera frame, not a crop."
    ),
    "animated": "This file is an animation. Please send one still picture.",
    "too_many_scans": (
        "This JPEG is built in an unusual way. Please open it, save it again as a JPEG and send that."
    ),
    "damaged": "The picture is damaged or incomplete. Please export the still again and send that file.",
    "took_too_long": (
        "The picture could not be opened in a reasonable time. Please save it again as a JPEG and send that."
    ),
    "decoder_crashed": (
        "The picture could not be opened safely. Please save it again as a JPEG and send that."
    ),
}


def refusal(code: str, limits: DecodeLimits) -> RejectedImage:
    """The exception for a code, its sentence filled in with the limits that applied."""
    sentence = SENTENCES[code].format(
        max_mib=limits.max_bytes // MIB,
        megapixels=limits.max_pixels // 1_000_000,
        max_side=limits.max_side,
        min_side=limits.min_side,
    )
    return RejectedImage(code, sentence)


def normalise(data: bytes, limits: DecodeLimits | None = None) -> NormalisedImage:
    """Decode hostile bytes in a bounded child; raises RejectedImage (tell the sender) or DecoderUnavailable
    (retry).
    """
    limits = limits or DecodeLimits()
    if not data:
        raise refusal("empty_file", limits)
    if len(data) > limits.max_bytes:
        raise refusal("file_too_large", limits)
    facts, jpeg = _ask_child(data, limits)
    if "refused" in facts:
        raise refusal(facts["refused"], limits)
    return NormalisedImage(
        jpeg=jpeg,
        width=facts["size"][0],
        height=facts["size"][1],
        source_format=facts["format"],
        source_width=facts["source"][0],
        source_height=facts["source"][1],
        sha256=hashlib.sha256(jpeg).hexdigest(),
        source_sha256=hashlib.sha256(data).hexdigest(),
    )


def decode_normalised(jpeg: bytes) -> NDArray[np.uint8]:
    """Our own re-encoding only, in this process: uint8 (H, W, 3) RGB."""
    from PIL import Image

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        return np.array(image.convert("RGB"), dtype=np.uint8)


def _ask_child(data: bytes, limits: DecodeLimits) -> tuple[dict[str, Any], bytes]:
    """One fork's answer; its death is a refusal too, and says whether it was the clock."""
    started = time.monotonic()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _ZYGOTE.hand_over(theirs)
        ours.settimeout(limits.seconds + 2.0)  # a margin: the child's own alarm should be what ends it
        try:
            return _exchange(ours, data, limits)
        except (TimeoutError, EOFError, ConnectionError, BrokenPipeError):
            late = time.monotonic() - started >= 0.9 * limits.seconds
            raise refusal("took_too_long" if late else "decoder_crashed", limits) from None


def _exchange(channel: socket.socket, data: bytes, limits: DecodeLimits) -> tuple[dict[str, Any], bytes]:
    head = json.dumps(asdict(limits)).encode()
    channel.sendall(struct.pack("!Q", len(head)) + head + struct.pack("!Q", len(data)))
    channel.sendall(data)
    facts: dict[str, Any] = json.loads(_receive_block(channel))
    return facts, _receive_block(channel)


def _receive_block(channel: socket.socket) -> bytes:
    size = struct.unpack("!Q", _receive_exactly(channel, 8))[0]
    return _receive_exactly(channel, size)


def _receive_exactly(channel: socket.socket, size: int) -> bytes:
    parts, missing = [], size
    while missing:
        part = channel.recv(min(missing, MIB))
        if not part:
            raise EOFError
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Zygote:
    """The decoding process of this process: started at first use, replaced when it is gone, never inherited
    by a fork.

    Not multiprocessing's fork server: that one imports the caller's __main__ into every child (here Celery or
    gunicorn) and refuses to work inside a worker's daemonic process.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """After a fork: the parent's zygote is the parent's."""
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def hand_over(self, channel: socket.socket) -> None:
        """Give one end of a socket to a new fork; raises DecoderUnavailable."""
        with self._lock:
            for attempt in (1, 2):
                control = self._control or self._start()
                try:
                    socket.send_fds(control, [b"!"], [channel.fileno()])
                    return
                except OSError as error:
                    self._stop()
                    if attempt == 2:
                        raise DecoderUnavailable(
                            "The decoding process keeps ending; see the system's log."
                        ) from error

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        script = Path(__file__).with_name("decoding_child.py")
        try:
            with theirs:
                command = [sys.executable, "-P", str(script), str(theirs.fileno())]
                self._process = subprocess.Popen(
                    command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=_child_environment()
                )
        except OSError as error:
            ours.close()
            raise DecoderUnavailable(f"The decoding process cannot be started: {error}") from error
        self._control = ours
        return ours

    def _stop(self) -> None:
        if self._control:
            self._control.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._control, self._process = None, None

    def close(self) -> None:
        """At exit; the zygote ends by itself once its control socket is closed."""
        with self._lock:
            self._stop()


def _child_environment() -> dict[str, str]:
    """No secrets of ours in the process that reads strangers' bytes."""
    return {
        key: os.environ[key]
        for key in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
        if key in os.environ
    }


_ZYGOTE = _Zygote()
os.register_at_fork(after_in_child=_ZYGOTE.forget)
atexit.register(_ZYGOTE.close)
