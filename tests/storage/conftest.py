"""An S3 server that speaks the protocol, and a way to it that fails on demand."""

import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from django.conf import settings as django_settings
from moto.server import ThreadedMotoServer

BUCKET, CUSTODY_BUCKET = "stillmatch", "custody-transfer"
CREDENTIALS = {"aws_access_key_id": "tests", "aws_secret_access_key": "tests", "region_name": "us-east-1"}
HOP = {"connection", "transfer-encoding", "keep-alive"}
Rule = Callable[[str, str], bool]  # method and path of a request -> whether it fails


class Road:
    """A forwarding HTTP server in front of the real one: `fails` decides which requests get a 500."""

    def __init__(self, port_behind: int) -> None:
        self.fails: Rule = lambda _method, _path: False
        self.behind = port_behind
        self.listening = True
        road = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                if not road.listening:  # a connection that was kept from before
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if road.fails(self.command, self.path):
                    self.send_response(500)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self._forward(body)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any  # noqa: N815

            def _forward(self, body: bytes) -> None:
                link = HTTPConnection("127.0.0.1", road.behind, timeout=20)
                link.request(self.command, self.path, body, dict(self.headers))
                answer = link.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP | {"content-length", "server", "date"}:
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(content)
                link.close()

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.handler = Handler
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more."""
        self.listening = False
        self.server.shutdown()
        self.server.server_close()

    def reopen(self) -> None:
        """At the same address as before."""
        self.listening = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self.handler)
        self._serve()


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[int]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def bucket(_s3_server: int) -> Iterator[Any]:
    """An S3 client of an administrator, with two empty buckets made."""
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{_s3_server}", **CREDENTIALS)
    for name in (BUCKET, CUSTODY_BUCKET):
        client.create_bucket(Bucket=name)
    yield client
    for name in (BUCKET, CUSTODY_BUCKET):
        for key in keys(client, name):
            client.delete_object(Bucket=name, Key=key)
        client.delete_bucket(Bucket=name)


def keys(client: Any, name: str = BUCKET) -> list[str]:
    """What a bucket holds."""
    return [one["Key"] for one in client.list_objects_v2(Bucket=name).get("Contents", [])]


@pytest.fixture
def road(_s3_server: int, bucket: Any) -> Iterator[Road]:
    """The way to the server that the service is told about."""
    road = Road(_s3_server)
    yield road
    road.server.server_close()


@pytest.fixture
def on_s3(settings: Any, road: Road) -> Road:
    """The service keeps its files in the bucket, as STORAGE_BACKEND=s3 makes it."""
    settings.S3_OPTIONS = {
        **django_settings.S3_OPTIONS,
        "bucket_name": BUCKET,
        "endpoint_url": f"http://127.0.0.1:{road.port}",
        "access_key": "tests",
        "secret_key": "tests",
    }
    places = {
        name: {
            "BACKEND": "portal.storage.PrivateS3Storage",
            "OPTIONS": {**settings.S3_OPTIONS, "location": name},
        }
        for name in ("originals", "stills", "custody")
    }
    settings.STORAGES = {**django_settings.STORAGES, **places}
    return road
