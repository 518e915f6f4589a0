"""Grouping: what is waiting is done together, so that many small requests cost one transaction."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import eventlet
from eventlet.event import Event

I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741


class Grouping(Generic[I, O]):
    """``work`` is given the waiting items, ``most`` at a time, and returns an outcome for each, in order.

    An outcome that is an exception is raised to who submitted the item. When ``work`` itself raises, all of
    its items get that exception. ``at_once`` groups are under way at a time, and may end in any order;
    meanwhile the next one gathers.
    """

    def __init__(
        self, work: Callable[[Sequence[I]], Sequence[O | Exception]], *, most: int = 256, at_once: int = 1
    ) -> None:
        self._work = work
        self._most = most
        self._at_once = at_once
        self._waiting: deque[tuple[I, Event]] = deque()
        self._under_way = 0

    def submit(self, item: I) -> O:
        """The item's outcome, once its group is done."""
        done = Event()
        self._waiting.append((item, done))
        if self._under_way < self._at_once:
            self._under_way += 1
            eventlet.spawn_n(self._run)
        outcome: O = done.wait()
        return outcome

    def _run(self) -> None:
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                self._do(group)
        finally:
            self._under_way -= 1

    def _do(self, group: Sequence[tuple[I, Event]]) -> None:
        """Whatever happens, each of the group gets an outcome: nobody else would wake who waits for it."""
        outcomes: Sequence[O | Exception]
        try:
            outcomes = self._work([item for item, _ in group])
            if len(outcomes) != len(group):
                raise RuntimeError(f"{len(outcomes)} outcomes for {len(group)} items")
        except BaseException as error:  # a time-out or a kill is no outcome either
            outcomes = [error if isinstance(error, Exception) else _Ended()] * len(group)
        for (_, done), outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Exception):
                done.send_exception(outcome)
            else:
                done.send(outcome)


class _Ended(Exception):
    """The work on the group was ended from outside."""
