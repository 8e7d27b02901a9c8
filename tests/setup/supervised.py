"""A program for the tests: a supervisor with a Redis and a process that has a child of its own.

    python -m tests.setup.supervised STATE_DIR

Prints one line for each thing the supervisor announces, after "up" and the pids.
"""

import sys
from pathlib import Path

from portal.embedded.redis_server import EmbeddedRedis
from portal.embedded.supervisor import Service, Supervisor

# A process with a child: both would sleep for ever.
SLEEP = "import time; time.sleep(600)"
FAMILY = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{SLEEP}']); {SLEEP}"


def main(state_dir: Path) -> None:
    """Run until told to stop."""
    redis = EmbeddedRedis(state_dir)
    supervisor = Supervisor(log_dir=state_dir / "log", announce=lambda line: print(line, flush=True))
    supervisor.stop_on_signals()
    supervisor.start(Service("redis", redis.command, ready=redis.ready))
    supervisor.start(Service("family", (sys.executable, "-c", FAMILY)))
    pids = " ".join(f"{name}={entry.child.pid}" for name, entry in supervisor.running.items())
    print(f"up {pids}", flush=True)
    supervisor.run()
    supervisor.stop()
    print("stopped", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
