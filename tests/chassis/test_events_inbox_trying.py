"""What a handler fails at is undone and tried again after a pause, in the order of its subject."""

import pytest
from eventlet import Timeout
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from chassis.events.inbox_store import InboxStore
from chassis.events.log import EventLog
from chassis.events.ports import Load
from chassis.store import StoreUnavailable
from chassis.store.tables import inbox as inbox_table
from chassis.testing.log import leading, told
from chassis.testing.things import happenings
from tests.support.listeners import ALWAYS, PAUSES, Listener, deliveries, on_tables
from tests.support.things_store import kept


def test_a_handler_that_fails_once_is_tried_again_after_a_pause(listener, hears):
    listener.failing[2] = 2  # with the others, and alone
    taken = listener.inbox.receive(deliveries(happenings(3, subjects=["a", "b", "c"])))
    assert taken.failed == 1
    assert hears() == [1, 3]
    assert listener.inbox.retry() == 0
    listener.clock.pass_by(1)
    assert listener.inbox.retry() == 1
    assert hears() == [1, 3, 2]
    assert listener.inbox.seconds_to_next_try() is None


def test_nothing_remains_of_a_handler_that_failed(listener, hears):
    """It had kept its number before it failed."""
    listener.failing[2] = ALWAYS
    listener.inbox.receive(deliveries(happenings(2, subjects=["a", "b"])))
    listener.clock.pass_by(1)
    listener.inbox.retry()
    assert listener.tried.count(2) == 3
    assert hears() == [1]


def test_later_events_of_its_subject_wait_behind_one_that_fails(listener, hears):
    listener.failing[1] = 2
    taken = listener.inbox.receive(deliveries(happenings(6, subjects=["a", "b"])))
    assert taken.failed == 3
    assert hears() == [2, 4, 6]
    listener.retry_until_done()
    assert hears() == [2, 4, 6, 1, 3, 5]


def test_events_that_come_later_wait_behind_one_that_failed_before(listener, hears):
    events = happenings(3)
    listener.failing[1] = 2
    listener.inbox.receive(deliveries(events[:1]))
    listener.inbox.receive(deliveries(events[1:]))
    assert hears() == []
    listener.retry_until_done()
    assert hears() == [1, 2, 3]


def test_a_clock_that_is_set_back_holds_no_try_up(listener, hears):
    listener.failing[1] = 2  # with the others, and alone
    listener.clock.pass_by(7200)
    listener.inbox.receive(deliveries(happenings(2)))
    assert listener.inbox.retry() == 0
    listener.clock.pass_by(-7200)
    assert listener.inbox.retry() == 2
    assert hears() == [1, 2]


class DiskFull(Exception):
    """As psycopg2's, which nobody else can make."""

    pgcode = "53100"


def test_a_full_disk_is_no_fault_of_a_handler_and_costs_no_try(listener, hears):
    def full(heard):
        raise OperationalError("INSERT", {}, DiskFull())

    listener.hook = full
    for _ in range(2 * len(PAUSES)):
        with pytest.raises(StoreUnavailable):
            listener.inbox.receive(deliveries(happenings(2)))
    assert (hears(), listener.inbox_store.load()) == ([], Load(0, 0, None))
    listener.hook = lambda heard: None
    listener.failing[1] = 2
    listener.inbox.receive(deliveries(happenings(2)))
    listener.hook = full
    for _ in range(2 * len(PAUSES)):
        listener.clock.pass_by(60)
        with pytest.raises(StoreUnavailable):
            listener.inbox.retry()
    listener.hook = lambda heard: None
    assert listener.inbox.retry() == 2
    assert hears() == [1, 2]


def test_a_handler_that_runs_out_of_time_has_failed(listener, hears):
    """eventlet's Timeout is no Exception, and would else end the consumer."""

    def late(heard):
        raise Timeout(None)

    listener.hook = late
    assert listener.inbox.receive(deliveries(happenings(1))).failed == 1
    listener.hook = lambda heard: None
    listener.retry_until_done()
    assert hears() == [1]


def test_a_database_lost_in_the_middle_leaves_nothing_half_done(listener, hears):
    lost = [3, 3]

    def lose(heard):
        if heard.data["number"] in lost:
            lost.remove(heard.data["number"])
            raise StoreUnavailable("The connection to the database was lost.")

    listener.hook = lose
    batch = deliveries(happenings(5))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            listener.inbox.receive(batch)
        assert hears() == []
        assert listener.inbox.position("north").sequence == 0
    assert listener.inbox.receive(batch).taken == 5
    assert hears() == [1, 2, 3, 4, 5]


def kill_session(store, heard):
    """Its next statement is the one that is told of it."""
    pid = heard.store.connection.scalar(text("SELECT pg_backend_pid()"))
    with store.begin() as other:
        other.connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    heard.store.kept()


def test_a_session_killed_in_the_middle_of_a_batch_leaves_nothing_half_done(postgresql_store):
    listener = on_tables(postgresql_store)
    kills = [3, 3]

    def kill(heard):
        if heard.data["number"] in kills:
            kills.remove(heard.data["number"])
            kill_session(postgresql_store, heard)

    listener.hook = kill
    batch = deliveries(happenings(5))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            listener.inbox.receive(batch)
        assert kept(postgresql_store) == []
    assert listener.inbox.receive(batch).taken == 5
    assert kept(postgresql_store) == [1, 2, 3, 4, 5]


def test_a_session_killed_while_one_is_tried_again_is_no_failure_of_the_handler(postgresql_store):
    listener = on_tables(postgresql_store)
    listener.failing[1] = 2
    listener.inbox.receive(deliveries(happenings(1)))
    listener.hook = lambda heard: kill_session(postgresql_store, heard)
    listener.clock.pass_by(1)
    with pytest.raises(StoreUnavailable):
        listener.inbox.retry()
    with listener.inbox_store.begin() as transaction:
        assert listener.inbox_store.next_due(transaction, listener.clock()).attempts == 1
    listener.hook = lambda heard: None
    assert listener.inbox.retry() == 1
    assert kept(postgresql_store) == [1]


@pytest.mark.parametrize("swallowed", [True, False])
def test_a_handler_that_breaks_a_rule_of_its_tables_fails_alone(store, swallowed):
    """On PostgreSQL nothing can be done in a transaction after that, even where the handler hides it."""
    listener = Listener(InboxStore(store), lambda things, number: things.keep(number, once=min(number, 2)))
    keep = listener.keep

    def hiding(things, number):
        try:
            keep(things, number)
        except IntegrityError:
            if not swallowed:
                raise

    listener.keep = hiding
    taken = listener.inbox.receive(deliveries(happenings(4, subjects=["a", "b", "c", "d"])))
    assert taken.taken == 4
    assert kept(store) == [1, 2]
    with store.begin() as transaction:
        states = list(
            transaction.connection.scalars(inbox_table.select().with_only_columns(inbox_table.c.state))
        )
    hidden_on_sqlite = swallowed and store.engine.dialect.name == "sqlite"
    assert states.count("handled") == (4 if hidden_on_sqlite else 2)


def test_what_a_failing_handler_would_have_told_is_not_told(store):
    listener = Listener(InboxStore(store), lambda things, number: things.tell(number * 10))
    listener.failing[2] = ALWAYS
    listener.inbox.receive(deliveries(happenings(3, subjects=["a", "b", "c"])))
    listener.clock.pass_by(1)
    listener.inbox.retry()
    log = EventLog(store, "/regions/test/east")
    lead = leading(log)
    log.number(lead, 100)
    lead.release()
    assert [event.data["number"] for event in told(log)] == [10, 30]
