"""Another process of the service on this host, which searches when told to.

Run as a program it reads lines of JSON (force, person, length) and answers with (template id, score) pairs.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]


class Neighbour:
    """The other end."""

    def __init__(self, env: dict[str, str]) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.gallery.neighbour"],
            env=env,
            cwd=REPOSITORY,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, force: int, person: int, length: int = 20) -> None:
        """Have it search for a person; `answer()` gives what it found."""
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps([force, person, length]) + "\n")
        self.child.stdin.flush()

    def answer(self) -> list[tuple[int, float]]:
        """Template ids and scores, best first; AssertionError with what went wrong there."""
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        assert line.startswith("["), f"the other process said {line!r}"
        return [(pk, float.fromhex(score)) for pk, score in json.loads(line)]

    def search(self, force: int, person: int, length: int = 20) -> list[tuple[int, float]]:
        """Ask and wait."""
        self.ask(force, person, length)
        return self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.close()
        self.child.wait(30)
        self.child.stdout.close()


def main() -> None:
    """Answer until there are no more lines."""
    answers, sys.stdout = sys.stdout, sys.stderr  # where the log goes
    import django

    django.setup()
    from matching.index import to_grid
    from portal.accounts.models import Organisation
    from portal.searches.actions import search_gallery
    from tests.cast import ENGINE, unit_vector

    for line in sys.stdin:
        force, person, length = json.loads(line)
        query = to_grid(unit_vector(person)[None])[0]
        answer = search_gallery(query, ENGINE, Organisation.objects.get(pk=force), length=length)
        listed = [(one.template_id, one.score.hex()) for one in answer.listed]
        print(json.dumps(listed), file=answers, flush=True)


if __name__ == "__main__":
    main()
