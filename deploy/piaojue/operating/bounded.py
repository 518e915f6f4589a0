"""Several things at once, none of which may take longer than it is given."""

from collections.abc import Callable, Mapping
from threading import Thread
from time import monotonic
from typing import Any


class TookTooLong(Exception):
    """It had not ended when its time was up; it is left to itself."""


def bounded(tasks: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, Any]:
    """What each task returned, or the exception that it raised, or TookTooLong; by the tasks' names.

    Each has a thread of its own, which does not keep the process from ending.
    """
    results: dict[str, Any] = {}

    def run(name: str, task: Callable[[], Any]) -> None:
        try:
            results[name] = task()
        except Exception as error:
            results[name] = error

    threads = {name: Thread(target=run, args=(name, task), daemon=True) for name, task in tasks.items()}
    for thread in threads.values():
        thread.start()
    deadline = monotonic() + seconds
    for thread in threads.values():
        thread.join(max(deadline - monotonic(), 0))
    # A copy: what ends only now must not change an answer that somebody reads.
    ended = dict(results)
    return {name: ended.get(name, TookTooLong(f"no answer within {seconds:g} s")) for name in tasks}
