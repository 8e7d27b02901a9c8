"""Uploading over HTTP as the retailers' users do, a few at a time, and what came back."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

import requests

from portal.pilot.people import Picture
from portal.submissions.models import Campaign
from portal.submissions.states import MAX_OFFENDERS

OK = (200, 201)
TIMEOUT_SECONDS = 120


@dataclass
class Sent:
    """One still: when the upload was answered (seconds, this machine's clock), as what, or why not."""

    picture: Picture
    answered_at: float = 0.0
    still: UUID | None = None
    refused: str = ""


@dataclass
class Uploads:
    """All stills of a pilot, and when the first upload began."""

    sent: list[Sent] = field(default_factory=list)
    began_at: float = 0.0


class Retailer:
    """One retailer's program: a session with a token, and the submissions it has open."""

    def __init__(self, base: str, token: str) -> None:
        self.base = f"{base}/api/v1/"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"
        self._submissions: dict[UUID, str] = {}
        self._turn = threading.Lock()

    def send(self, picture: Picture, campaign: Campaign) -> Sent:
        """Report an offender with one still. A retailer's user does one thing after the other."""
        with self._turn:
            submission = self._submission(campaign)
            report = {"offence": "theft", "declaration": True}
            offender = self._call(f"submissions/{submission}/offenders/", json=report).json()["uid"]
            sent = Sent(picture)
            answer = self.session.post(
                f"{self.base}offenders/{offender}/stills/",
                files={"file": (picture.path.rsplit("/", 1)[-1], picture.content())},
                timeout=TIMEOUT_SECONDS,
            )
            sent.answered_at = time.time()
        body = answer.json()
        if answer.status_code in OK:
            sent.still = UUID(body["uid"])
        else:
            sent.refused = str(body.get("code", answer.status_code))
        return sent

    def _submission(self, campaign: Campaign) -> str:
        if campaign.uid not in self._submissions:
            answer = self._call("submissions/", json={"campaign": str(campaign.uid)})
            self._submissions[campaign.uid] = answer.json()["uid"]
        return self._submissions[campaign.uid]

    def _call(self, path: str, **body: object) -> requests.Response:
        answer = self.session.post(self.base + path, timeout=TIMEOUT_SECONDS, **body)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer


def upload_all(
    pictures: Sequence[Picture],
    campaigns: Sequence[Campaign],
    retailers: Sequence[Retailer],
    *,
    at_once: int,
    look: Callable[[], None],
) -> Uploads:
    """Send every picture: spread over the retailers in turn, `at_once` uploads under way at any moment."""
    uploads = Uploads(began_at=time.time())
    with ThreadPoolExecutor(at_once) as pool:
        jobs = [
            pool.submit(
                retailers[number % len(retailers)].send,
                picture,
                campaigns[number // (len(retailers) * MAX_OFFENDERS)],
            )
            for number, picture in enumerate(pictures)
        ]
        try:
            for job in jobs:
                look()
                uploads.sent.append(job.result())
        except BaseException:
            for job in jobs:
                job.cancel()
            raise
    return uploads
