"""Migrations of a real service, on either database."""

import subprocess
import sys
from threading import Barrier, Thread

import pytest
from sqlalchemy import inspect, text

from chassis.store import SchemaMismatch, StoreUnavailable, check_migrated, migrate, open_engine

SERVICE = "ballots"


@pytest.fixture
def engine(store_url):
    engine = open_engine(store_url)
    yield engine
    engine.dispose()


def tables(engine):
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def test_an_empty_database_is_refused_until_it_is_migrated(engine):
    with pytest.raises(SchemaMismatch, match="revision none"):
        check_migrated(engine, SERVICE)
    assert tables(engine) == set()
    migrate(engine, SERVICE)
    check_migrated(engine, SERVICE)
    assert {"outbox", "event_log", "inbox", "inbox_cursor", "relay_state"} <= tables(engine)


def test_migrating_again_changes_nothing(engine):
    migrate(engine, SERVICE)
    before = tables(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE relay_state SET published = 7"))
    migrate(engine, SERVICE)
    assert tables(engine) == before
    with engine.connect() as connection:
        assert list(connection.scalars(text("SELECT published FROM relay_state"))) == [7]


def test_two_threads_that_migrate_at_once_wait_for_each_other(engine):
    failed, ready = [], Barrier(3)

    def bring():
        ready.wait(20)
        try:
            migrate(engine, SERVICE)
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=bring) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    check_migrated(engine, SERVICE)


def test_two_processes_that_migrate_at_once_wait_for_each_other(store_url, engine):
    program = (
        "import sys; from chassis.store import migrate, open_engine\n"
        "engine = open_engine(sys.argv[1]); sys.stdin.readline(); migrate(engine, sys.argv[2])"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, store_url, SERVICE]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    for process in processes:
        process.stdin.close()
    check_migrated(engine, SERVICE)


def test_a_database_of_a_newer_release_is_refused_and_left_alone(engine):
    migrate(engine, SERVICE)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for call in (migrate, check_migrated):
        with pytest.raises(SchemaMismatch, match="9999"):
            call(engine, SERVICE)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_migration_that_fails_leaves_nothing_half_done(engine):
    """A table of the first revision is there already, made by somebody else."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE polls (somebody_elses INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        migrate(engine, SERVICE)
    assert tables(engine) <= {"polls", "alembic_version"}
    with pytest.raises(SchemaMismatch):
        check_migrated(engine, SERVICE)


def test_a_database_that_is_away_is_unavailable():
    engine = open_engine("postgresql://a:b@127.0.0.1:9/c")
    for call in (migrate, check_migrated):
        with pytest.raises(StoreUnavailable):
            call(engine, SERVICE)
