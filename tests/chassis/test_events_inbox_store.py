"""The inbox's tables: one suite on the fake, SQLite and PostgreSQL; and what a database alone can show."""

import pytest
from sqlalchemy import text

from chassis.events.inbox import inbox_row
from chassis.events.inbox_store import InboxStore
from chassis.events.ports import Cursor
from chassis.store import StoreUnavailable
from chassis.testing.inbox import (
    NOON,
    FakeInboxStore,
    InboxStoreContract,
    due,
    handled,
    settle,
    waiting,
)
from chassis.testing.inbox import (
    store as stored,
)
from chassis.testing.things import happenings


class TestFake(InboxStoreContract):
    @pytest.fixture
    def inbox_store(self):
        return FakeInboxStore()


class TestDatabase(InboxStoreContract):
    @pytest.fixture
    def inbox_store(self, store):
        return InboxStore(store)


def test_two_who_look_for_what_is_due_never_get_the_same(postgresql_store):
    inbox_store = InboxStore(postgresql_store)
    events = stored(inbox_store, happenings(4, subjects=["things/1", "things/2"]), waiting())
    with inbox_store.begin() as one, inbox_store.begin() as other:
        assert inbox_store.next_due(one, NOON).event == events[0]
        assert inbox_store.next_due(other, NOON).event == events[1]
    with inbox_store.begin() as one, inbox_store.begin() as other, inbox_store.begin() as third:
        inbox_store.next_due(one, NOON)
        inbox_store.next_due(other, NOON)
        assert inbox_store.next_due(third, NOON) is None


def test_every_source_that_was_heard_has_a_position(store):
    inbox_store = InboxStore(store)
    assert inbox_store.positions() == {}
    with inbox_store.begin() as transaction:
        inbox_store.cursors(transaction, ["south", "north"])
        inbox_store.move(transaction, "north", Cursor(7, "a" * 64, "no more"))
    assert inbox_store.positions() == {"north": Cursor(7, "a" * 64, "no more"), "south": Cursor()}


def test_a_cursor_is_locked_until_the_transaction_ends(postgresql_store):
    inbox_store = InboxStore(postgresql_store)
    with inbox_store.begin() as transaction:
        inbox_store.cursors(transaction, ["north"])
    with inbox_store.begin() as one:
        inbox_store.cursors(one, ["north"])
        with pytest.raises(StoreUnavailable):
            locked_within_moments(inbox_store)


def locked_within_moments(inbox_store):
    with inbox_store.begin() as other:
        other.connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        inbox_store.cursors(other, ["north"])


def test_what_is_not_handled_is_found_without_reading_what_is(sqlite_store):
    inbox_store = InboxStore(sqlite_store)
    stored(inbox_store, happenings(5), handled())
    seen = []
    with inbox_store.begin() as transaction:
        driver = transaction.connection.connection.driver_connection
        driver.set_trace_callback(seen.append)
        inbox_store.busy_subjects(transaction, ["north"])
        inbox_store.next_due(transaction, NOON)
        driver.set_trace_callback(None)
        for query in seen:
            plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {query}")]
            assert any("inbox_unhandled" in step for step in plan), plan
    assert len(seen) == 2


def test_a_database_that_is_away_is_told_as_such(postgresql_store, postgres):
    inbox_store = InboxStore(postgresql_store)
    postgres.stop()
    for call in (
        lambda: inbox_store.position("north"),
        lambda: inbox_store.load(),
        lambda: inbox_store.parked(1),
        lambda: inbox_store.unreadables(1),
        lambda: inbox_store.next_try_at(),
        lambda: inbox_store.release("x", NOON),
    ):
        with pytest.raises(StoreUnavailable):
            call()


def test_the_message_of_a_handled_event_is_not_kept(store):
    inbox_store = InboxStore(store)
    first, second = happenings(2)
    stored(inbox_store, [first], handled())
    stored(inbox_store, [second], waiting())
    settle(inbox_store, second, handled(attempts=1))
    assert due(inbox_store) is None
    with store.begin() as transaction:
        rows = transaction.connection.execute(
            text("SELECT body, attempts FROM inbox ORDER BY sequence")
        ).all()
    assert [tuple(row) for row in rows] == [(None, 0), (None, 1)]
    assert inbox_row(first, NOON, handled())["body"] is None
