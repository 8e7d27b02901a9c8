"""Dropping stills on the board as a browser does, and when the upload coach's answer was on the page.

The same requests as static/js/board.js and upload.js, in their numbers and at their intervals, over HTTP with
a session: three files at a time in tus, then what was found, asked for all of them together.
"""

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import requests
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from portal.accounts.models import User
from portal.pilot.people import Picture
from portal.submissions.models import Campaign

AT_ONCE = 3  # files under way, as in upload.js
WATCH_SECONDS, SLOWEST_SECONDS, SLOWER = 0.4, 3.0, 1.3  # between two looks, as in board.js
ASKED = 40  # uploads one look asks for, as in board.js
TIMEOUT_SECONDS = 120
ALONE, TOGETHER = 20, 30


class NoAnswer(Exception):
    """A still was not taken, or nothing was said of it."""


@dataclass
class Told:
    """One file: seconds (this machine's clock) when it was dropped, taken, and spoken of; what was said."""

    url: str = ""
    dropped_at: float = 0.0
    answered_at: float = 0.0
    told_at: float = 0.0
    words: str = ""

    @property
    def uid(self) -> str:
        """Of the upload."""
        return self.url.rstrip("/").rsplit("/", 1)[-1]


class Board:
    """A campaign's board in one person's browser."""

    def __init__(self, base: str, user: User, campaign: Campaign) -> None:
        self.base = base
        self.page = f"{base}/retailer/campaigns/{campaign.uid}/"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set(settings.SESSION_COOKIE_NAME, _logged_in(user))
        self._call("GET", self.page)
        token = self.session.cookies[settings.CSRF_COOKIE_NAME] or ""
        self.session.headers.update({"X-CSRFToken": token, "Tus-Resumable": "1.0.0"})

    def drop(self, pictures: Sequence[Picture]) -> list[Told]:
        """Drop these at once, and wait until something was said of each; NoAnswer where it was not taken."""
        now = time.time()
        files = [Told(dropped_at=now) for _ in pictures]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = [pool.submit(self._send, *one) for one in zip(files, pictures, strict=True)]
            self._watch(files, jobs)
        return files

    def _send(self, file: Told, picture: Picture) -> None:
        content = picture.content()
        name = picture.path.rsplit("/", 1)[-1]
        told = {"filename": name, "fingerprint": picture.path, "sha256": hashlib.sha256(content).hexdigest()}
        metadata = ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in told.items())
        begin = {"Upload-Length": str(len(content)), "Upload-Metadata": metadata}
        url = self.base + self._call("POST", f"{self.page}uploads/", headers=begin).headers["Location"]
        bytes_ = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        self._call("PATCH", url, data=content, headers=bytes_)
        file.answered_at = time.time()
        _read(file, self._call("GET", url).json())
        file.url = url

    def _watch(self, files: Sequence[Told], jobs: Sequence[Future[None]]) -> None:
        wait = WATCH_SECONDS
        while any(not one.told_at for one in files):
            time.sleep(wait)
            for job in jobs:
                if job.done():
                    job.result()
            waiting = {one.uid: one for one in files if one.url and not one.told_at}
            asked = list(waiting)[:ASKED]
            found = self._found(asked) if asked else {}
            news = [_read(waiting[uid], told) for uid, told in found.items()]
            wait = WATCH_SECONDS if any(news) or not asked else min(SLOWEST_SECONDS, wait * SLOWER)

    def _found(self, uids: list[str]) -> dict[str, Any]:
        answer = self._call("GET", f"{self.page}uploads/found/", params={"of": uids})
        return dict(answer.json())

    def _call(self, method: str, url: str, **more: Any) -> requests.Response:
        answer = self.session.request(method, url, timeout=TIMEOUT_SECONDS, **more)
        answer.raise_for_status()
        return answer


def _logged_in(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _read(file: Told, standing: dict[str, Any]) -> bool:
    """Note what the page says of a file; whether that is the coach's answer."""
    if "still" not in standing:
        raise NoAnswer(f"{standing['code']}: {standing['message']}")
    if standing["still"]["settled"]:
        file.told_at, file.words = time.time(), standing["still"]["summary"]
    return bool(file.told_at)


# --- what is measured -----------------------------------------------------------------------------
def figures(board: Board, pictures: Sequence[Picture], look: Callable[[], None]) -> dict[str, Any]:
    """One still after the other, then thirty at once; seconds from the answered upload to the coach's words.

    With fewer than 51 pictures, fewer; NoAnswer where one was not taken.
    """
    board.drop(pictures[:1])  # the worker's first still loads the model
    rest = pictures[1:]
    cut = min(ALONE, len(rest) // 2)
    alone = []
    for picture in rest[:cut]:
        look()
        alone += board.drop([picture])
    together = board.drop(rest[cut : cut + TOGETHER])
    first = min(together, key=lambda one: one.told_at)
    return {
        "alone": len(alone),
        **{f"alone_{name}": value for name, value in _waits(alone).items()},
        "together": len(together),
        **{f"together_{name}": value for name, value in _waits(together).items()},
        "together_first_after_drop": round(first.told_at - first.dropped_at, 3),
        "together_all_after_drop": round(max(one.told_at for one in together) - first.dropped_at, 3),
        "together_uploads": round(max(one.answered_at for one in together) - first.dropped_at, 3),
        "without_words": sum(not one.words for one in alone + together),
    }


def _waits(files: Sequence[Told]) -> dict[str, float]:
    waits = [max(0.0, one.told_at - one.answered_at) for one in files] or [0.0]
    return {f"p{q}": round(float(np.percentile(waits, q)), 3) for q in (50, 95, 100)}
