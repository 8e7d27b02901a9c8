"""The programs that make up the service on one machine, as the supervisor's services."""

import os
import signal
import socket
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from portal.embedded.redis_server import EmbeddedRedis
from portal.embedded.supervisor import Service

WEB_THREADS = 8
# SIGQUIT ends gunicorn's master and its workers at once; its SIGTERM waits for requests.
AT_ONCE = signal.SIGQUIT


def environment(state_dir: Path, redis: EmbeddedRedis, **more: str) -> dict[str, str]:
    """What the service's programs need to find each other, on top of this process's environment."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "STILLMATCH_STATE_DIR": str(state_dir),
        "REDIS_URL": redis.broker_url,
        **more,
    }


def free_port(preferred: int = 0) -> int:
    """`preferred` if nothing listens there, else the next free one; 0 asks for any."""
    for port in range(preferred, preferred + 100) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no free port from {preferred} on")


def redis_service(redis: EmbeddedRedis) -> Service:
    """The broker."""
    return Service("redis", redis.command, ready=redis.ready, death_signal=signal.SIGTERM)


def _celery(name: str, *arguments: str, env: Mapping[str, str]) -> Service:
    command = (sys.executable, "-m", "celery", "-A", "portal", *arguments, "--loglevel", "WARNING")
    return Service(name, command, env=env)


def worker_services(env: Mapping[str, str], *, processes: int) -> list[Service]:
    """Matching on `processes` cores; small workers for the sweeper, which must never queue, and messages."""
    quiet = ("--without-gossip", "--without-mingle")
    matching = ("worker", "-Q", "interactive,bulk", "-n", "matching@%h", "--concurrency", str(processes))
    upkeep = ("worker", "-Q", "maintenance", "-n", "upkeep@%h", "--concurrency", "1")
    # Threads: it only waits for other people's machines.
    messenger = ("worker", "-Q", "outgoing", "-n", "messenger@%h", "-P", "threads", "--concurrency", "4")
    return [
        _celery("worker", *matching, *quiet, env=env),
        _celery("upkeep", *upkeep, *quiet, env=env),
        _celery("messenger", *messenger, *quiet, env=env),
        _celery("beat", "beat", "--pidfile", "", env=env),
    ]


def web_service(env: Mapping[str, str], *, port: int) -> Service:
    """gunicorn on the loopback interface."""
    shape = (
        "--worker-class",
        "gthread",
        "--workers",
        "1",
        "--threads",
        str(WEB_THREADS),
        "--no-control-socket",
    )
    command = (sys.executable, "-m", "gunicorn", "portal.wsgi:application", "-b", f"127.0.0.1:{port}", *shape)
    return Service(
        "web", command, env=env, ready=lambda: answers(port), stop_signal=AT_ONCE, death_signal=AT_ONCE
    )


def answers(port: int) -> bool:
    """Whether the web service answers with a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=5) as response:
            return int(response.status) < 400
    except OSError:
        return False
