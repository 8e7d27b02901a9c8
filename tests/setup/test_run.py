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


def sum_of(*locks: str) -> bytes:
    """As `run` stamps what it installed."""
    content = b"".join((REPOSITORY / lock).read_bytes() for lock in locks)
    return subprocess.run(["cksum"], input=content, capture_output=True, check=True).stdout


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
    (tmp_path / f".stillmatch-{stamp}").write_bytes(sum_of("requirements-uv.txt", *locks))
    (tmp_path / ".stillmatch-weights").write_bytes(sum_of("requirements-uv.txt", "matching/weights.txt"))
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


def test_weights_that_cannot_be_fetched_are_said_and_the_other_network_serves(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        '#!/bin/sh\n[ "$2" = matching.fetch_weights ] && exit 1\necho "model: $MATCHING_MODEL"\n'
    )
    python.chmod(0o755)
    (tmp_path / ".stillmatch-service").write_bytes(sum_of("requirements-uv.txt", "requirements.txt"))
    done = run("manage", "check", STILLMATCH_VENV=str(tmp_path), MATCHING_MODEL="")
    assert (done.returncode, done.stdout) == (0, "model: Dlib\n")
    assert "matching/weights.txt could not be fetched" in done.stderr
