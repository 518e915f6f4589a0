"""A service that is told to stop while everybody works: what it has begun is done, told and published."""

import os
import signal
from collections import Counter
from contextlib import closing
from threading import Event, Lock, Thread
from time import monotonic

import psycopg2
import pytest
from kombu import Connection

from tests.end_to_end import year
from tests.support.deployed import deployed
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

DRAIN = 5
STOPS_WITHIN = 2 * DRAIN + 5 + 5
"""As it promises, and what a busy machine may add."""


@pytest.fixture(scope="module")
def made(rabbitmq, postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopping")
    with deployed(folder, rabbitmq, postgres, PIAOJUE_DRAIN=str(DRAIN)) as region:
        yield region


@pytest.fixture
def region(made):
    """With what the test before has stopped started again."""
    names = ("proposals", "ballots")
    ended = [name for name in names if name not in made.processes or not made.processes[name].running]
    if ended:
        made.start(*ended)
    return made


class Load:
    """Does a deed over and over, in six threads, until nobody answers any more; counts what it was told."""

    def __init__(self, deed, items):
        self._deed, self._items = deed, iter(items)
        self._lock, self._enough = Lock(), Event()
        self.told = Counter()
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(6)]
        for thread in self._threads:
            thread.start()

    def _work(self):
        while not self._enough.is_set():
            with self._lock:
                item = next(self._items, None)
            if item is None:
                return
            try:
                status = self._deed(item).status
            except OSError as error:
                status = type(error).__name__
                self._enough.set()
            with self._lock:
                self.told[status] += 1

    def wait_for(self, accepted):
        eventually(lambda: self.told[201] >= accepted, 60, f"{accepted} were accepted")

    def finish(self):
        self._enough.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)


def query(url, question):
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()


def stopped(region, name):
    """The exit status; AssertionError when it took longer than it may."""
    begun = monotonic()
    status = region.processes[name].terminate(within=STOPS_WITHIN)
    assert monotonic() - begun < STOPS_WITHIN
    return status


def suggesting(region):
    path = f"/proposals/bodies/{year.BODY}/suggestions"
    return lambda number: region.call(
        *("POST", path),
        {"year": 2023, "title": f"第 {number} 口井", "content": "东村需要一口井", "source": "residents"},
        roles=["deputy"],
    )


def test_casts_under_way_are_answered_and_no_paper_is_in_the_box_untold(region):
    year.publish_candidates(region)
    year.open_meeting(region, 2000)
    codes = year.open_poll(region, slips=2000)
    load = Load(lambda code: year.cast(region, code, ["water"]), codes)
    load.wait_for(150)
    assert stopped(region, "ballots") == 0
    load.finish()
    cut = {"ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected"}  # before it was heard
    assert set(load.told) <= {201, 503, *cut}, load.told
    papers = query(region.databases["ballots"], "SELECT count(*) FROM papers WHERE poll = 'p1'")[0]
    assert papers == load.told[201]
    assert "requests_ended_unfinished" not in region.processes["ballots"].said()
    assert everything_published(region, "ballots")


def everything_published(region, name):
    url = region.databases[name]
    waiting = query(url, "SELECT count(*) FROM outbox")[0]
    published, last = query(
        url, "SELECT (SELECT published FROM relay_state), (SELECT max(sequence) FROM event_log)"
    )
    return (waiting, published) == (0, last)


def test_events_of_what_was_accepted_are_published_before_the_end(region):
    told, queued = suggestions_told(region), in_inbox(region)
    load = Load(suggesting(region), range(2000))
    load.wait_for(150)
    assert stopped(region, "proposals") == 0
    load.finish()
    assert suggestions_told(region) - told == load.told[201]
    assert everything_published(region, "proposals")
    assert in_inbox(region) - queued >= load.told[201]


def suggestions_told(region):
    told = "SELECT count(*) FROM event_log WHERE type LIKE '%suggestion_received%'"
    return query(region.databases["proposals"], told)[0]


def in_inbox(region):
    """How many events wait for notifications, which does not run."""
    with Connection(region.broker_url) as connection, connection.channel() as channel:
        return channel.queue_declare("notifications.inbox", passive=True).message_count


def test_a_broker_that_is_away_is_not_waited_for_and_events_stay(region):
    region.rabbitmq.kill()
    load = Load(suggesting(region), range(50))
    load.wait_for(50)
    assert stopped(region, "proposals") == 0
    load.finish()
    region.rabbitmq.start()
    region.start("proposals")
    eventually(
        lambda: everything_published(region, "proposals"), 60, "they are published after the next start"
    )


def test_what_does_not_end_in_time_is_ended(region):
    """PostgreSQL stops, as a process, amid everything: nobody gets an answer from it."""
    load = Load(suggesting(region), range(50))
    load.wait_for(5)
    backends = query(
        region.postgres.url,
        "SELECT array_agg(pid) FROM pg_stat_activity WHERE usename LIKE '%-proposals'",
    )[0]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert stopped(region, "proposals") == 0
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
    load.finish()
