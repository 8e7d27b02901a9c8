"""Threads that start at the same moment, and rows that no worker hears of."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, connections, transaction

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


@contextmanager
def messages_lost() -> Iterator[None]:
    """What is queued here commits, but its messages never leave: a worker that is up does not take it."""
    with transaction.atomic():
        yield
        connection.run_on_commit.clear()
