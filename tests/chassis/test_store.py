"""The store: transactions of either database, who waits for whom, and what is told when it is away."""

import sqlite3
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread

import eventlet
import pytest
from sqlalchemy import Column, MetaData, Table, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError, ProgrammingError

from chassis.store import Instant, Store, StoreUnavailable, open_engine
from chassis.store import engine as module
from chassis.store.engine import is_away, is_down
from chassis.store.tables import outbox
from piaojue_contracts import InvalidData
from tests.support.things_store import Things, kept, tell, things_store
from tests.support.waiting import eventually


class WantedError(Exception):
    pass


def outbox_size(store):
    with store.begin() as transaction:
        return len(transaction.connection.execute(outbox.select()).all())


def keep_and_fail(things):
    things.keep(1)
    things.tell(1)
    raise WantedError


def test_a_transaction_is_kept_whole_or_not_at_all(store):
    with store.transaction() as things:
        things.keep(1)
        things.tell(1)
    with pytest.raises(WantedError), store.transaction() as things:
        keep_and_fail(things)
    assert kept(store) == [1]
    assert outbox_size(store) == 1


def test_an_event_that_does_not_fit_its_schema_stops_the_transaction(store):
    with pytest.raises(InvalidData), store.transaction() as things:
        things.tell("no number")
    assert outbox_size(store) == 0


def test_reading_changes_nothing_whatever_is_done(store):
    woken = []
    store.wake_relay = lambda: woken.append(1)
    with store.reading() as things:
        things.keep(1)
        things.tell(1)
        assert things.kept() == [1]
    assert kept(store) == []
    assert outbox_size(store) == 0
    assert not woken


def test_reading_does_not_wait_for_a_writer_and_sees_what_is_committed(store):
    with store.transaction() as things:
        things.keep(1)
        assert kept(store) == []
    assert kept(store) == [1]


def test_who_reads_sees_one_moment_of_sqlite(sqlite_store):
    with sqlite_store.reading() as things:
        assert things.kept() == []
        with sqlite_store.transaction() as writer:
            writer.keep(1)
        assert things.kept() == []


def test_a_broken_rule_of_a_table_passes_as_what_it_is(store):
    with store.transaction() as things:
        things.keep(1, once=1)
    with pytest.raises(IntegrityError), store.transaction() as things:
        things.keep(2, once=1)
    assert kept(store) == [1]


def test_a_wrong_statement_is_not_taken_for_a_database_that_is_away(store):
    for wrong in ("SELECT * FROM nowhere", "SELEKT 1"):
        with pytest.raises((OperationalError, ProgrammingError)), store.begin() as transaction:
            transaction.connection.execute(text(wrong))


@pytest.mark.parametrize(
    ("state", "down"), [("53100", True), ("57P01", True), ("25006", True), ("40P01", False), ("57014", False)]
)
def test_a_database_that_is_down_is_told_from_a_statement_that_was_ended(postgresql_store, state, down):
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{state}'; END $$"
    with postgresql_store.engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(text(raising))
    assert is_away(raised.value)
    assert is_down(raised.value) is down


def test_a_file_that_is_full_is_down_and_a_broken_rule_is_not(sqlite_store):
    with sqlite_store.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(DBAPIError) as full:
            connection.execute(text("CREATE TABLE more (content TEXT)"))
    assert is_down(full.value)
    with sqlite_store.engine.connect() as connection, pytest.raises(DBAPIError) as wrong:
        connection.execute(text("INSERT INTO things (number) VALUES (NULL)"))
    assert not is_down(wrong.value)


def test_after_a_statement_that_failed_postgresql_says_so_and_is_not_away(postgresql_store):
    def hide(connection):
        with suppress(ProgrammingError):
            connection.execute(text("SELECT * FROM nowhere"))
        return connection

    with pytest.raises(InternalError), postgresql_store.begin() as transaction:
        hide(transaction.connection).execute(text("SELECT 1"))


def test_a_stopped_database_is_unavailable_and_is_used_again_when_it_is_back(postgresql_store, postgres):
    with postgresql_store.transaction() as things:
        things.keep(1)
    postgres.stop()
    for call in (lambda: kept(postgresql_store), lambda: tell(postgresql_store, 1)):
        with pytest.raises(StoreUnavailable):
            call()
    postgres.start()
    eventually(lambda: kept(postgresql_store) == [1], ignoring=(StoreUnavailable,))
    tell(postgresql_store, 1)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (lambda url: url.replace("@", "x@"), "refused: not this user, or not with this password"),
        (lambda url: url.replace("//", "//nobody"), "refused: not this user, or not with this password"),
        (lambda url: f"{url}x", "has no such database"),
        (lambda url: f"{url}?sslmode=strange", "has an option that is none"),
        (lambda url: f"{url}?strange=1", "has an option that is none"),
        (lambda url: f"{url}?sslmode=require", "does not speak TLS"),
        (lambda url: f"{url}?port=1", "cannot be reached at the moment"),
    ],
)
def test_why_a_database_is_not_reached_is_told_without_what_is_secret(database_url, changed, told):
    url = database_url("north")
    engine = open_engine(changed(url))
    with pytest.raises(StoreUnavailable, match=told) as why:
        Store(engine, Things).reading().__enter__()
    assert "north" not in why.value.detail
    engine.dispose()


def test_a_database_killed_in_the_middle_of_a_transaction_is_unavailable(postgresql_store, postgres):
    def killed(things):
        things.keep(1)
        postgres.kill()
        return things

    with pytest.raises(StoreUnavailable), postgresql_store.transaction() as things:
        killed(things).keep(2)
    postgres.start()
    eventually(lambda: kept(postgresql_store) == [], ignoring=(StoreUnavailable,))


def test_more_at_once_than_there_are_connections_wait_and_then_are_told(database_url, monkeypatch):
    monkeypatch.setattr(module, "_POOL_WAIT_SECONDS", 0.1)
    url = database_url("north")
    with things_store(url):
        engine = open_engine(url, connections=1)
        small = Store(engine, Things)
        with small.transaction(), pytest.raises(StoreUnavailable, match="in use"):
            kept(small)
        assert kept(small) == []
        small.close()


def test_the_password_of_a_database_is_in_no_refusal():
    engine = open_engine("postgresql://somebody:secret-word@127.0.0.1:9/nowhere")
    with pytest.raises(StoreUnavailable) as refused, module.unavailable_when_lost():
        engine.connect()
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_is_refused(url):
    with pytest.raises(ValueError, match="file"):
        open_engine(url)


def test_sqlite_puts_on_disk_what_is_committed_and_overwrites_what_is_deleted(sqlite_store):
    with sqlite_store.begin() as transaction:
        settings = [
            transaction.connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]
    assert settings == ["wal", 2, 1, 1]


def test_writers_of_sqlite_wait_and_let_the_others_work(sqlite_store):
    """A green thread that writes gives way in the middle; its colleague must not stop the whole process."""
    done = []

    def write(number):
        with sqlite_store.transaction() as things:
            things.keep(number)
            eventlet.sleep(0)
            done.append(number)

    def others():
        while len(done) < 5:
            ticks.append(1)
            eventlet.sleep(0)

    ticks: list[int] = []
    eventlet.spawn(others)
    green_lock = eventlet.semaphore.Semaphore()
    sqlite_store._one_writer = green_lock  # what monkey patching makes of it
    threads = [eventlet.spawn(write, number) for number in range(5)]
    for thread in threads:
        thread.wait()
    assert kept(sqlite_store) == [0, 1, 2, 3, 4]
    assert len(ticks) > 5


def test_threads_that_write_to_sqlite_take_turns(sqlite_store):
    threads = [Thread(target=tell, args=[sqlite_store, number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outbox_size(sqlite_store) == 20


def test_a_writer_of_sqlite_waits_for_one_in_another_process(sqlite_store):
    """And meanwhile lets others work: the wait is ours, not the driver's, which would stop them all."""
    other = sqlite3.connect(sqlite_store.engine.url.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    pauses, waiting = [], Event()

    def pause(seconds):
        pauses.append(seconds)
        waiting.set()
        if len(pauses) == 5:
            other.execute("COMMIT")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "sleep", pause)
        tell(sqlite_store, 1)
    assert waiting.is_set()
    assert len(pauses) == 5
    other.close()


def test_a_writer_of_sqlite_does_not_wait_for_ever(sqlite_store, monkeypatch):
    monkeypatch.setattr(module, "_WRITER_WAIT_SECONDS", 0.1)
    other = sqlite3.connect(sqlite_store.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        tell(sqlite_store, 1)
    other.execute("ROLLBACK")
    other.close()
    tell(sqlite_store, 1)


def test_a_process_killed_in_a_transaction_leaves_sqlite_as_it_was(sqlite_store, start_process):
    program = (
        "import sys, signal; from tests.support.things_store import things_store\n"
        "with things_store(sys.argv[1]) as store, store.transaction() as things:\n"
        "    things.keep(1); things.tell(1); print('in it', flush=True); signal.pause()"
    )
    other = start_process([sys.executable, "-W", "ignore", "-c", program, str(sqlite_store.engine.url)])
    other.wait_for_line("in it")
    other.kill()
    tell(sqlite_store, 2)
    assert kept(sqlite_store) == []
    assert outbox_size(sqlite_store) == 1


def test_a_moment_comes_back_in_utc(store):
    moment = datetime(2022, 4, 16, 1, 30, 0, 7, tzinfo=UTC)
    table = Table("moments", MetaData(), Column("at", Instant))
    with store.begin() as transaction:
        table.create(transaction.connection)
        transaction.connection.execute(table.insert().values(at=moment))
        assert transaction.connection.scalar(select(table.c.at)) == moment
        assert transaction.connection.scalar(select(table.c.at)).tzinfo is UTC
    with pytest.raises(Exception, match="time zone"), store.begin() as transaction:
        transaction.connection.execute(table.insert().values(at=datetime(2022, 4, 16)))


def test_importing_the_store_connects_to_nothing():
    command = "import chassis.store as s; s.open_engine('postgresql://a:b@127.0.0.1:9/c')"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", command], timeout=60).returncode == 0
