"""Threads that start at the same moment."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def at_once(acts: Sequence[Callable[[], Result]]) -> list[Result | BaseException]:
    """Run each in a thread and a database connection of its own; what it returned or raised."""
    gun = threading.Barrier(len(acts))
    results: list[Result | BaseException] = [TimeoutError("never ended")] * len(acts)

    def run(number: int) -> None:
        gun.wait(30)
        try:
            results[number] = acts[number]()
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
