"""The programs in docs/examples do what they say, against the running service."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from portal.embedded.stack import free_port
from portal.submissions.models import Offender, PartialUpload, Still
from portal.webhooks.actions import make_webhook, send_test
from portal.webhooks.models import Delivery
from portal.webhooks.states import DeliveryState, Event
from portal.webhooks.tasks import deliver
from tests.api.conftest import Program
from tests.api.test_uploads import OCTETS, begin
from tests.cast import Cast, make_offender, make_still, picture
from tests.working import wait_until

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def sent(folder: Path, url: str, program: Program, *more: str) -> list[str]:
    """What the program prints for a folder."""
    command = [sys.executable, str(EXAMPLES / "send_folder.py"), f"{url}/api/v1/", str(folder), *more]
    env = {**os.environ, "STILLMATCH_TOKEN": program.secret, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_they_are_short() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in EXAMPLES.glob("*.py")}
    assert lengths["send_folder.py"] <= 60
    assert lengths["receive_webhook.py"] <= 25


def test_a_folder_is_sent_gone_on_with_and_not_sent_twice(
    cast: Cast, program: Program, live_server: LiveServer, tmp_path: Path
) -> None:
    files = {"a.jpg": picture(1), "b.jpg": picture(2), "copy of b.jpg": picture(2), "c.pdf": b"%PDF-1.7" * 99}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    told = {"filename": "a.jpg", "sha256": sha256(files["a.jpg"]).hexdigest()}
    begun = begin(program, cast, files["a.jpg"], **told)
    Client().patch(
        begun["Location"],
        files["a.jpg"][:500],
        content_type=OCTETS,
        headers={
            "Authorization": f"Bearer {program.secret}",
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
        },
    )
    lines = sent(tmp_path, live_server.url, program)
    assert lines[:2] == ["a.jpg: taken", "b.jpg: taken"]
    assert lines[2].startswith("c.pdf: refused ")
    assert lines[3] == "copy of b.jpg: known"
    assert lines[4:] == ["offender without a place: Not sent yet"] * 2
    assert PartialUpload.objects.filter(name="a.jpg").count() == 1
    colleagues = make_offender(cast.team_mate, cast.campaign, declared=False, store=None)
    make_still(colleagues)
    again = sent(tmp_path, live_server.url, program, "theft")
    assert again[:2] == ["a.jpg: known", "b.jpg: known"]
    assert sorted(again[4:]) == ["offender 2: Being checked", "offender 3: Being checked"]
    assert (Still.objects.count(), Offender.objects.exclude(declared_at=None).count()) == (3, 2)
    colleagues.refresh_from_db()
    assert colleagues.declared_at is None


@pytest.mark.django_db(transaction=True)
def test_the_receiver_takes_what_is_signed_and_nothing_else(cast: Cast, settings: Any) -> None:
    port = free_port()
    settings.WEBHOOK_HTTP, settings.WEBHOOK_INSIDE = True, ["127.0.0.1/32"]
    settings.WEBHOOK_PORTS = [port]
    webhook, secret = make_webhook(f"http://127.0.0.1:{port}/", list(Event), by=cast.retailer_manager)
    command = [sys.executable, str(EXAMPLES / "receive_webhook.py"), str(port)]
    env = {**os.environ, "WEBHOOK_SECRET": secret}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        try:
            delivery = send_test(webhook)

            def arrived() -> bool:
                Delivery.objects.filter(state=DeliveryState.WAITING).update(due_at=delivery.made_at)
                deliver(delivery_id=delivery.pk)
                return Delivery.objects.get(pk=delivery.pk).state == DeliveryState.DELIVERED

            delivery.refresh_from_db()
            wait_until(arrived, seconds=30, what="the delivery")
            assert program.stdout is not None
            assert program.stdout.readline() == b"webhook.test {}\n"
            forged, _ = make_webhook(webhook.url, list(Event), by=cast.retailer_manager)
            other = send_test(forged)
            deliver(delivery_id=other.pk)
            assert other.tries.get().status == 400
        finally:
            program.kill()
