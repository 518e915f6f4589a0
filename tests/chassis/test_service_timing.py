"""Work at intervals goes on at its interval, whatever becomes of the time of day."""

import time

import eventlet
import pytest
from structlog.testing import capture_logs

from chassis.errors import Unavailable
from chassis.service.timing import Timer, timer
from tests.support.waiting import eventually

INTERVAL = 0.05


class Ticking(Timer):
    """Counts its ticks. ``busy``: seconds that each takes."""

    def __init__(self, busy=0.0, eager=False):
        super().__init__(interval=INTERVAL, eager=eager)
        self.busy, self.ticks = busy, 0

    def handle_timer_tick(self):
        self.ticks += 1
        eventlet.spawn_after(self.busy, self.worker_complete.send)

    def more(self, count):
        wanted = self.ticks + count
        eventually(lambda: self.ticks >= wanted, 10, f"{count} more ticks")


@pytest.fixture
def ticking():
    made = []

    def make(**options):
        made.append(Ticking(**options))
        made[-1].gt = eventlet.spawn(made[-1]._run)
        return made[-1]

    yield make
    for each in made:
        each.kill()


@pytest.mark.parametrize("jump", [-7200, 7200])
def test_a_timer_goes_on_at_its_interval_when_the_clock_is_set(ticking, monkeypatch, jump):
    timer, real = ticking(), time.time
    timer.more(2)
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    began, before = time.monotonic(), timer.ticks
    timer.more(4)
    most = (time.monotonic() - began) / INTERVAL + 2
    assert timer.ticks - before <= most


def test_ticks_that_were_missed_are_not_made_up_for(ticking):
    timer = ticking(busy=4 * INTERVAL)
    began = time.monotonic()
    timer.more(3)
    assert time.monotonic() - began >= 2 * 4 * INTERVAL


def test_an_eager_timer_ticks_at_once_and_another_after_its_interval(ticking):
    eager, patient = ticking(eager=True), ticking()
    eager.more(1)
    assert patient.ticks == 0
    patient.more(1)


def test_a_timer_that_is_stopped_ticks_no_more(ticking):
    timer = ticking()
    timer.more(1)
    timer.stop()
    assert timer.gt.dead


class Working:
    """A service whose work needs what may be ``away``."""

    name, away, fault = "north", False, None

    @timer(interval=1)
    def work(self):
        if self.away:
            raise Unavailable("The database cannot be reached at the moment.")
        if self.fault is not None:
            raise self.fault


def test_work_whose_need_is_away_is_told_once_and_again_when_it_goes_on():
    working = Working()
    with capture_logs() as lines:
        for away in (False, True, True, True, False, False, True):
            working.away = away
            working.work()
    assert [line["event"] for line in lines] == ["work_waits", "work_goes_on", "work_waits"]
    assert lines[0] == {
        "event": "work_waits",
        "log_level": "warning",
        "service": "north",
        "work": "work",
        "reason": "The database cannot be reached at the moment.",
    }


def test_work_that_fails_otherwise_is_for_the_container_to_tell():
    working = Working()
    working.fault = ValueError("boom")
    with pytest.raises(ValueError, match="boom"):
        working.work()
