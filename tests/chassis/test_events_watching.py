"""The watch over one's own log: it verifies what is there, and says where the chain breaks."""

from dataclasses import replace
from threading import Thread
from uuid import uuid4

import pytest

from chassis.events.watching import ChainWatch
from chassis.metrics import sample
from chassis.testing.log import FakeEventLog, leading
from tests.support.waiting import eventually


@pytest.fixture
def log():
    return FakeEventLog()


@pytest.fixture
def watch(log):
    return watch_over(log)


def watch_over(log):
    watch = ChainWatch(f"service-{uuid4().hex[:8]}", log, interval=0.01)
    watch.service = watch._service
    return watch


def numbered(log, *numbers):
    log.append(numbers)
    lead = leading(log)
    log.number(lead, 1000)
    lead.release()


def seen(watch):
    return tuple(
        int(sample(name, service=watch.service)) for name in ("piaojue_log_verified", "piaojue_log_broken")
    )


def test_a_log_is_verified_page_by_page_to_its_end(log, watch):
    numbered(log, *range(45))
    assert [watch.look(), seen(watch)] == [True, (20, 0)]
    while watch.look():
        pass
    assert seen(watch) == (45, 0)
    numbered(log, 45, 46)
    watch.look()
    assert seen(watch) == (47, 0)


def test_an_altered_event_is_found_and_the_log_verified_no_further(log, watch):
    numbered(log, *range(30))
    true = log.events[24]
    log.events[24] = replace(true, data={"number": 99})
    while watch.look():
        pass
    assert seen(watch) == (20, 1)
    assert not watch.look()
    log.events[24] = true
    while watch.look():
        pass
    assert seen(watch) == (30, 0)


def test_a_missing_event_is_found(log, watch):
    numbered(log, *range(10))
    del log.events[4]
    watch.look()
    assert seen(watch) == (0, 1)


class AskedLog(FakeEventLog):
    """``asked``: how often it was asked whether this process leads."""

    leads, asked = False, 0

    @property
    def leads_here(self):
        self.asked += 1
        return self.leads


def test_only_the_leader_watches_and_outlives_a_database_that_is_away():
    log = AskedLog()
    numbered(log, 1, 2, 3)
    watch = watch_over(log)
    Thread(target=watch.run, daemon=True).start()
    eventually(lambda: log.asked > 3)
    assert seen(watch) == (0, 0)
    log.away, log.leads, before = True, True, log.asked
    eventually(lambda: log.asked > before + 3)
    assert seen(watch) == (0, 0)
    log.away = False
    eventually(lambda: seen(watch) == (3, 0))
