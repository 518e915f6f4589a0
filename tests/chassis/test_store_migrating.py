"""Migrations of a real service, on either database."""

import subprocess
import sys
from threading import Barrier, Thread
from types import SimpleNamespace

import pytest
from sqlalchemy import inspect, text

from chassis.store import (
    Fit,
    SchemaMismatch,
    StoreUnavailable,
    check_migrated,
    look,
    migrate,
    migrating,
    open_engine,
)
from chassis.store.migrating import fits_from

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


def newer(engine, fits_from):
    """As a release of later days leaves it, whose tables older releases fit from a revision on."""
    migrate(engine, SERVICE)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(
            text("UPDATE schema_fit SET revision = '9999', fits_from = :since"), {"since": fits_from}
        )


def test_a_release_goes_on_with_tables_of_a_newer_one_that_it_fits(engine):
    head = look(engine, SERVICE).head
    newer(engine, fits_from=head)
    for call in (migrate, check_migrated):
        assert call(engine, SERVICE) == Fit("9999", head, known=False)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_tables_of_a_newer_release_that_fit_no_more_are_refused_with_the_reason(engine):
    newer(engine, fits_from="9998")
    for call in (migrate, check_migrated):
        with pytest.raises(SchemaMismatch, match=r"fit releases from revision 9998 on.*start a newer one"):
            call(engine, SERVICE)


def test_migrating_tells_how_it_was_and_the_tables_say_which_releases_fit(engine):
    assert migrate(engine, SERVICE).current is None
    head = look(engine, SERVICE).head
    assert migrate(engine, SERVICE) == Fit(head, head, known=True)
    with engine.connect() as connection:
        revision, fits_from = connection.execute(text("SELECT * FROM schema_fit")).one()
    assert revision == head
    assert fits_from <= head


def script(revision, **said):
    return SimpleNamespace(revision=revision, module=SimpleNamespace(**said))


def test_tables_are_for_the_releases_that_every_migration_is_for():
    first, second, third = script("1"), script("2", fits_from="1"), script("3", fits_from="1")
    assert fits_from([first]) == "1"
    assert fits_from([third, second, first]) == "1"
    assert fits_from([script("4"), third, second, first]) == "4"
    assert fits_from([script("5", fits_from="2"), script("4"), third, second, first]) == "4"


def test_it_is_told_whether_the_release_before_may_go_on_beside_this_one(engine, monkeypatch):
    migrate(engine, SERVICE)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    for oldest, beside in (("0001", True), ("0002", False)):
        monkeypatch.setattr(migrating, "fits_from", lambda scripts, oldest=oldest: oldest)
        assert look(engine, SERVICE).beside is beside


def test_a_table_that_is_in_use_for_too_long_is_unavailable_and_nothing_changed(database_url, monkeypatch):
    monkeypatch.setattr(migrating, "_LOCK_SECONDS", 1)
    engine = open_engine(database_url())
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    with engine.begin() as somebody:
        somebody.execute(text("LOCK TABLE alembic_version"))
        with pytest.raises(StoreUnavailable):
            migrate(engine, SERVICE)
    migrate(engine, SERVICE)
    engine.dispose()


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
