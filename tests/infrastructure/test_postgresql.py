"""The private PostgreSQL: what it keeps, who may see what, and that nothing of it stays behind."""

from contextlib import closing

import psycopg2
import pytest

from tests.support import postgresql as module
from tests.support.postgresql import PrivatePostgres, reachable
from tests.support.processes import descendants, listening, state


def run(url, statement):
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


def pids(postgres):
    return [postgres._server.pid, *descendants(postgres._server.pid)]


def test_a_database_belongs_to_its_own_role(database_url):
    url = database_url("ballots")
    run(url, "CREATE TABLE papers (id int)")
    assert run(url, "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'papers'") == [(True,)]
    assert run(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]


def test_databases_of_one_name_are_different_ones(database_url):
    run(database_url("ballots"), "CREATE TABLE papers (id int)")
    assert run(database_url("ballots"), "SELECT to_regclass('papers')") == [(None,)]


def test_a_role_cannot_reach_the_database_of_another(database_url):
    one, other = database_url(), database_url()
    trespassing = f"{one.rpartition('/')[0]}/{other.rpartition('/')[2]}"
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(trespassing)


def test_a_wrong_password_is_refused(database_url):
    role, _, rest = database_url().rpartition("@")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(f"{role}x@{rest}")


def test_fsync_is_on_unless_said_otherwise(postgres, tmp_path):
    postgres.start()
    assert run(postgres.url, "SHOW fsync") == [("on",)]
    with PrivatePostgres(tmp_path, fsync=False, settings={"work_mem": "5MB"}) as careless:
        assert run(careless.url, "SHOW fsync") == [("off",)]
        assert run(careless.url, "SHOW work_mem") == [("5MB",)]


def test_a_killed_server_keeps_what_was_committed(postgres, database_url):
    url = database_url()
    run(url, "CREATE TABLE papers AS SELECT 7 AS id")
    with closing(psycopg2.connect(url)):
        before = pids(postgres)
        assert len(before) > 2, "the children are there that have to go, too"
        postgres.kill()
    assert not any(map(state, before))
    assert not listening(postgres.port)
    postgres.start()
    assert run(url, "SELECT id FROM papers") == [(7,)]


def test_a_restarted_server_keeps_what_was_committed(postgres, database_url):
    url = database_url()
    run(url, "CREATE TABLE papers AS SELECT 7 AS id")
    before = pids(postgres)
    postgres.stop()
    assert not any(map(state, before))
    postgres.restart()
    assert run(url, "SELECT id FROM papers") == [(7,)]


def test_a_closed_server_leaves_its_log_alone(tmp_path):
    closed_to_others = tmp_path / "closed"
    closed_to_others.mkdir(mode=0o700)
    with PrivatePostgres(closed_to_others / "postgres") as server:
        home, before = server._home, pids(server)
        assert (home / "data/PG_VERSION").exists()
    assert not home.exists()
    assert not any(map(state, before))
    assert [path.name for path in (closed_to_others / "postgres").iterdir()] == ["postgresql.log"]
    assert not reachable(closed_to_others), "nobody was let in for it"


def test_a_missing_server_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "INSTALLED", tmp_path)
    with pytest.raises(module.ServerMissingError, match="apt-get install postgresql"):
        PrivatePostgres(tmp_path)


def test_the_newest_server_is_taken(tmp_path, monkeypatch):
    for version in ("9.6", "15", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        for program in ("initdb", "postgres"):
            (tmp_path / version / "bin" / program).touch()
    (tmp_path / "17/bin/postgres").unlink()
    monkeypatch.setattr(module, "INSTALLED", tmp_path)
    assert module.programs() == tmp_path / "15/bin"


def test_a_paused_server_answers_nobody_until_it_is_resumed(postgres, database_url):
    url = database_url()
    postgres.pause()
    try:
        with pytest.raises(psycopg2.OperationalError, match="timeout"):
            psycopg2.connect(url, connect_timeout=2)
    finally:
        postgres.resume()
    assert run(url, "SELECT 1") == [(1,)]


def test_a_server_that_does_not_run_cannot_be_paused(tmp_path):
    with pytest.raises(RuntimeError, match="does not run"):
        PrivatePostgres(tmp_path).pause()
