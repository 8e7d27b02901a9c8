"""./run: the parts that cost nothing. The whole of it is what ran this test."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NEEDED = ("sh", "dirname", "cat", "cksum", "sed", "id", "printf")


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **env}
    return subprocess.run(
        ["./run", *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with the shell's tools and no Python."""
    for name in NEEDED:
        if program := shutil.which(name):
            (tmp_path / name).symlink_to(program)
    return tmp_path


def test_help_names_every_command() -> None:
    done = run("help")
    assert done.returncode == 0
    for command in ("setup", "demo", "test", "lint", "bench", "lock", "code", "manage"):
        assert command in done.stdout


def test_an_unknown_command_is_refused() -> None:
    done = run("dance")
    assert done.returncode == 2
    assert "./run setup" in done.stderr


def test_without_python_it_says_what_is_missing(bare_path: Path) -> None:
    done = run("setup", PATH=str(bare_path), PYTHON="", STILLMATCH_VENV=str(bare_path / "venv"))
    assert done.returncode == 1
    assert done.stderr == "Stillmatch needs Python 3.11 or later: none found. Set PYTHON to one.\n"


def test_an_old_python_is_not_taken(bare_path: Path) -> None:
    old = bare_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run("setup", PATH=str(bare_path), PYTHON="", STILLMATCH_VENV=str(bare_path / "venv"))
    assert done.returncode == 1
    assert "Python 3.11 or later" in done.stderr


@pytest.mark.parametrize(
    ("stamp", "locks"),
    [("service", ["requirements.txt"]), ("development", ["requirements.txt", "requirements-dev.txt"])],
)
def test_a_finished_setup_is_not_done_again(tmp_path: Path, stamp: str, locks: list[str]) -> None:
    """A stand-in Python that would fail at anything shows that nothing is run."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 99\n")
    python.chmod(0o755)
    content = b"".join((REPOSITORY / lock).read_bytes() for lock in ("requirements-uv.txt", *locks))
    sum_of_locks = subprocess.run(["cksum"], input=content, capture_output=True, check=True).stdout
    (tmp_path / f".stillmatch-{stamp}").write_bytes(sum_of_locks)
    done = run("setup", STILLMATCH_VENV=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_locks_pin_everything_with_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt"):
        lines = [
            line for line in (REPOSITORY / name).read_text().splitlines() if line and not line.startswith(" ")
        ]
        pins = [line for line in lines if not line.startswith("#")]
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins), name
