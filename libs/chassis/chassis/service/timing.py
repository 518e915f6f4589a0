"""Work at intervals, whatever becomes of the time of day."""

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from eventlet import Timeout
from nameko.timer import Timer as NamekoTimer

F = TypeVar("F", bound=Callable[..., Any])


class Timer(NamekoTimer):  # type: ignore[misc]
    """``@timer(interval=SECONDS)``: as nameko's, which reckons by the time of day.

    There a clock that is set back by two hours holds the work up for as long, and one that is set forward has
    7,200 ticks made up for. Here what was missed while a tick took its time is not made up for, either.
    """

    def _run(self) -> None:
        due = monotonic() + (0 if self.eager else self.interval)
        while not self._stopped_before(due):
            self.handle_timer_tick()
            self.worker_complete.wait()
            self.worker_complete.reset()
            due = max(due + self.interval, monotonic())

    def _stopped_before(self, due: float) -> bool:
        with Timeout(max(due - monotonic(), 0), exception=False):
            self.should_stop.wait()
            return True
        return False


def timer(*, interval: float, eager: bool = False) -> Callable[[F], F]:
    """Entrypoint: the method is called every ``interval`` seconds, from one interval after the start on; at
    once, if ``eager``."""
    decorator: Callable[[F], F] = Timer.decorator(interval=interval, eager=eager)
    return decorator
