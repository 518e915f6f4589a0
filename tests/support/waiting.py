"""Waiting for a condition, never for a time."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    condition: Callable[[], T],
    within: float = 10.0,
    what: str = "",
    *,
    ignoring: tuple[type[Exception], ...] = (),
    pause: float = 0.02,
) -> T:
    """Ask the condition until its answer is true, at least once and for ``within`` seconds; return that.

    As long as an assertion in it fails, or something in ``ignoring`` is raised, it does not hold yet; what
    else it raises ends the waiting. Between two questions the greenlets of this process work, so what is
    waited for may happen in the test's own process.
    AssertionError: it did not hold in time; the text says ``what``, and what was seen instead at last.
    """
    __tracebackhide__ = True
    end = time.monotonic() + within
    while True:
        last = time.monotonic() >= end
        try:
            answer = condition()
        except (AssertionError, *ignoring) as error:
            seen = f"{type(error).__name__}: {error}"
        else:
            if answer:
                return answer
            seen = f"it was {answer!r}"
        if last:
            raise AssertionError(f"not within {within:g} s: {what or 'the condition'}; at last {seen}")
        let_others_work(pause)


def let_others_work(seconds: float) -> None:
    """Not an import at the top, since eventlet complains aloud of its own age whenever it is imported."""
    eventlet = sys.modules.get("eventlet")
    (eventlet or time).sleep(seconds)
