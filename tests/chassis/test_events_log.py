"""The log of events: one suite on the fake, SQLite and PostgreSQL; and commits that overtake each other."""

import sys
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import text

from chassis.correlation import correlated
from chassis.events.log import EventLog, page_answerer
from chassis.events.ports import Pending
from chassis.store import StoreUnavailable
from chassis.testing.log import EventLogContract, FakeEventLog, leading, told
from chassis.testing.things import HAPPENED, SOURCE
from piaojue_contracts import verify
from tests.support.things_store import tell, things_store
from tests.support.waiting import eventually, let_others_work


class TestFake(EventLogContract):
    @pytest.fixture
    def log(self):
        return FakeEventLog()

    @pytest.fixture
    def append(self, log):
        return log.append


class TestDatabase(EventLogContract):
    @pytest.fixture
    def log(self, store):
        return EventLog(store, SOURCE)

    @pytest.fixture
    def append(self, store):
        return lambda numbers: tell(store, *numbers)


class WantedError(Exception):
    pass


def numbered(log, most=1000):
    lead = leading(log)
    try:
        while log.number(lead, most):
            pass
    finally:
        lead.release()
    return [event.data["number"] for event in told(log)]


def told_and_failed(things):
    things.keep(1)
    things.tell(1)
    return WantedError()


def test_a_transaction_that_is_rolled_back_publishes_nothing(store):
    log = EventLog(store, SOURCE)
    with pytest.raises(WantedError), store.transaction() as things:
        raise told_and_failed(things)
    tell(store, 2)
    assert numbered(log) == [2]


def test_nobody_is_woken_by_a_transaction_without_events(store):
    woken = []
    store.wake_relay = lambda: woken.append(1)
    with store.transaction() as things:
        things.keep(1)
    assert not woken


def test_events_carry_the_request_that_they_came_from(store):
    with correlated("request-7"):
        tell(store, 1)
    log = EventLog(store, SOURCE)
    numbered(log)
    assert told(log)[0].correlation_id == "request-7"
    assert told(log)[0].traceparent.startswith("00-")


def test_a_commit_that_comes_late_gets_a_later_number(postgresql_store):
    """Its row has the lower id: a cursor over ids would have passed it by."""
    log = EventLog(postgresql_store, SOURCE)
    inserted, may_commit = Event(), Event()

    def slow():
        with postgresql_store.begin() as transaction:
            transaction.publish(HAPPENED, subject="slow", data={"number": 1})
            transaction.flush(notify=False)
            inserted.set()
            assert may_commit.wait(20)
            transaction.forget_since(0)

    writer = Thread(target=slow)
    writer.start()
    assert inserted.wait(20)
    tell(postgresql_store, 2)
    assert numbered(log) == [2]
    may_commit.set()
    writer.join(20)
    assert numbered(log) == [2, 1]
    assert verify(told(log))[0] == 2


def test_numbers_have_no_gaps_while_many_commit_and_some_roll_back(store):
    log, writers, each = EventLog(store, SOURCE), 4, 25
    ended, ready = Event(), Barrier(writers)

    def write(writer):
        ready.wait(20)
        for at in range(each):
            number = writer * 1000 + at
            try:
                with store.transaction() as things:
                    things.tell(number, f"writers/{writer}")
                    if at % 5 == 4:
                        raise WantedError
            except WantedError:
                pass

    def relay():
        lead = leading(log)
        while not ended.is_set():
            log.number(lead, 7)
            let_others_work(0)
        lead.release()

    threads = [Thread(target=write, args=[writer]) for writer in range(writers)]
    numbering = Thread(target=relay)
    numbering.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ended.set()
    numbering.join(60)
    found = numbered(log)
    assert sorted(found) == [
        writer * 1000 + at for writer in range(writers) for at in range(each) if at % 5 != 4
    ]
    assert verify(told(log))[0] == len(found)
    for writer in range(writers):
        own = [number for number in found if number // 1000 == writer]
        assert own == sorted(own)


def test_what_waits_is_counted_from_the_commit_to_the_confirm(store):
    log = EventLog(store, SOURCE)
    assert log.pending() == Pending(0, None)
    tell(store, 1, 2)
    assert log.pending().events == 2
    oldest = log.pending().oldest
    lead = leading(log)
    log.number(lead, 1)
    assert log.pending() == Pending(2, oldest)
    log.number(lead, 1)
    log.mark_published(lead, 1)
    assert log.pending().events == 1
    log.mark_published(lead, 2)
    lead.release()
    assert log.pending() == Pending(0, None)


def test_a_page_is_answered_with_the_tip(store):
    log = EventLog(store, SOURCE)
    tell(store, 1, 2, 3)
    numbered(log)
    answer = page_answerer(log, 2)({"after": 1})
    assert answer["tip"] == {"sequence": 3, "hash": told(log)[-1].hash}
    assert answer["events"] == log.page(1, 2)


def test_the_lead_of_a_session_that_was_killed_goes_to_another(postgresql_store):
    log = EventLog(postgresql_store, SOURCE)
    first = leading(log)
    tell(postgresql_store, 1)
    session = first.connection.scalar(text("SELECT pg_backend_pid()"))
    first.connection.rollback()
    with postgresql_store.begin() as transaction:
        transaction.connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": session})
    second = eventually(lambda: log.lead(lambda: None), 10, "the lead is free")
    with pytest.raises(StoreUnavailable):
        log.number(first, 10)
    first.release()
    assert [each.sequence for each in log.number(second, 10)] == [1]
    second.release()


def test_the_lead_of_a_process_that_was_killed_goes_to_another(sqlite_store, tmp_path, start_process):
    log = EventLog(sqlite_store, SOURCE)
    program = (
        "import sys; from chassis.store import open_engine, take_leadership\n"
        "held = take_leadership(open_engine(sys.argv[1])); print('leads', held is not None, flush=True)\n"
        "sys.stdin.read() or __import__('signal').pause()"
    )
    other = start_process([sys.executable, "-W", "ignore", "-c", program, str(sqlite_store.engine.url)])
    other.wait_for_line("leads True")
    assert log.lead(lambda: None) is None
    other.kill()
    leading(log).release()


def test_only_one_of_many_gets_the_lead(store):
    log, won, ready = EventLog(store, SOURCE), [], Barrier(5)

    def reach():
        ready.wait(20)
        if lead := log.lead(lambda: None):
            won.append(lead)

    threads = [Thread(target=reach) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(won) == 1
    won[0].release()


def test_who_waits_for_the_lead_keeps_no_connection(postgresql_store):
    log = EventLog(postgresql_store, SOURCE)
    lead = leading(log)
    for _ in range(30):
        assert log.lead(lambda: None) is None
    assert postgresql_store.engine.pool.checkedout() == 0
    with postgresql_store.begin() as transaction:
        query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert transaction.connection.scalar(query) <= 4
    lead.release()


def test_a_released_lead_leaves_no_session_behind(database_url):
    with things_store(database_url("north")) as store:
        log = EventLog(store, SOURCE)
        for _ in range(5):
            leading(log).release()
        query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")

        def sessions():
            with store.begin() as transaction:
                return transaction.connection.scalar(query) <= 2

        eventually(sessions, 10, "the sessions of the leaders are gone")
