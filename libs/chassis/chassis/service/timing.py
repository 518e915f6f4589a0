"""Work at intervals, whatever becomes of the time of day."""

from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any

from eventlet import Timeout
from nameko.timer import Timer as NamekoTimer

from chassis.errors import Unavailable
from chassis.logging import get_logger

Tick = Callable[[Any], None]

_log = get_logger("chassis.timing")


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

    def kill(self) -> None:
        """Nothing to do where the service did not come so far."""
        if self.gt is not None:
            super().kill()

    def _stopped_before(self, due: float) -> bool:
        with Timeout(max(due - monotonic(), 0), exception=False):
            self.should_stop.wait()
            return True
        return False


def timer(*, interval: float, eager: bool = False) -> Callable[[Tick], Tick]:
    """Entrypoint: the method is called every ``interval`` seconds, from one interval after the start on; at
    once, if ``eager``.

    While what it needs is Unavailable it is called in vain, which is logged when it begins and when it ends.
    """
    entrypoint: Callable[[Tick], Tick] = Timer.decorator(interval=interval, eager=eager)

    def decorated(method: Tick) -> Tick:
        return entrypoint(_patient(method))

    return decorated


def _patient(method: Tick) -> Tick:
    waits = False

    @wraps(method)
    def tick(service: Any) -> None:
        nonlocal waits
        about = {"service": service.name, "work": method.__name__}
        try:
            method(service)
        except Unavailable as away:
            if not waits:
                _log.warning("work_waits", reason=away.detail, **about)
            waits = True
        else:
            if waits:
                _log.info("work_goes_on", **about)
            waits = False

    return tick
