"""`celery worker` with one task more: to normalise a file and write down what came of it."""

from pathlib import Path

import celery.__main__

from matching.decoding import normalise
from matching.errors import RejectedImage
from portal.celery import BULK, task


@task("tests.normalise", queue=BULK)
def normalise_file(*, path: str) -> None:
    """PATH.txt gets the format, or the code of the refusal."""
    try:
        came = normalise(Path(path).read_bytes()).source_format
    except RejectedImage as error:
        came = error.code
    Path(f"{path}.txt").write_text(came)


if __name__ == "__main__":
    celery.__main__.main()
