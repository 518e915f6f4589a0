"""``piaojue migrate``: the tables as a step of their own, and a start that is refused on tables that do not
fit."""

import subprocess

import psycopg2
import pytest

from tests.command.test_run import ended, environ, started  # noqa: F401  # the fixture
from tests.support.deployed import PIAOJUE, piaojue
from tests.support.region import SERVICES


@pytest.fixture
def unmigrated(environ, database_url):  # noqa: F811
    urls = {f"PIAOJUE_{name.upper()}_STORE_URL": database_url(name) for name in SERVICES}
    return {**environ, **urls, "PIAOJUE_MIGRATE": "false"}


def change(url, *statements):
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def failed(*words, env):
    done = subprocess.run([PIAOJUE, *words], capture_output=True, text=True, timeout=60, env=env)
    return done.returncode, done.stderr


def test_all_services_are_migrated_and_a_second_time_there_is_nothing_to_do(unmigrated):
    told = piaojue("migrate", "--all", env=unmigrated)
    assert told.count("no tables →") == len(SERVICES)
    assert piaojue("migrate", "--all", env=unmigrated).count("nothing to do") == len(SERVICES)


def test_dry_run_says_what_would_be_done_and_changes_nothing(unmigrated):
    for _ in range(2):
        assert "no tables → 0001, not done: --dry-run" in piaojue(
            "migrate", "proposals", "--dry-run", env=unmigrated
        )


def test_several_that_run_at_once_wait_for_each_other(unmigrated, tmp_path):
    command = [PIAOJUE, "migrate", "ballots"]
    several = [subprocess.Popen(command, env=unmigrated, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate(timeout=120)[0] for process in several]
    assert [process.returncode for process in several] == [0, 0, 0]
    assert sum("no tables →" in each for each in told) == 1
    assert sum("nothing to do" in each for each in told) == 2


def test_one_that_fails_does_not_keep_the_others_from_it(unmigrated):
    change(
        unmigrated["PIAOJUE_PROPOSALS_STORE_URL"], "CREATE TABLE alembic_version (version_num VARCHAR(32))"
    )
    change(unmigrated["PIAOJUE_PROPOSALS_STORE_URL"], "INSERT INTO alembic_version VALUES ('9999')")
    status, said = failed("migrate", "--all", env=unmigrated)
    assert status == 1
    assert "the tables of proposals are of revision 9999" in said
    assert "Traceback" not in said
    assert "nothing to do" in piaojue("migrate", "ballots", env=unmigrated)


def test_a_database_that_is_away_is_told_without_its_password(environ):  # noqa: F811
    away = {**environ, "PIAOJUE_BALLOTS_STORE_URL": "postgresql://nobody:secret@127.0.0.1:1/ballots"}
    status, said = failed("migrate", "ballots", env=away)
    assert (status, said) == (1, "piaojue: ballots: The database cannot be reached at the moment.\n")


def test_what_the_database_does_not_do_is_told_and_the_others_are_migrated(unmigrated, postgres):
    url = unmigrated["PIAOJUE_PROPOSALS_STORE_URL"]
    change(
        postgres.url.rpartition("/")[0] + f"/{url.rpartition('/')[2]}",
        "ALTER SCHEMA public OWNER TO postgres",
    )
    status, said = failed("migrate", "--all", env=unmigrated)
    assert (status, said) == (
        1,
        "piaojue: proposals: the database did not do it, and nothing was changed: "
        "permission denied for schema public\n",
    )
    assert "nothing to do" in piaojue("migrate", "notifications", env=unmigrated)


@pytest.mark.parametrize("words", [[], ["--all", "ballots"], ["balots"]])
def test_services_are_named_or_all_of_them(environ, words):  # noqa: F811
    assert failed("migrate", *words, env=environ)[0] == 2


def test_start_on_tables_that_are_too_old_is_refused_with_what_to_do(start_process, unmigrated):
    status, said = ended(start_process, unmigrated, "ballots")
    assert status == 2
    assert "the tables of ballots are of revision none" in said
    assert "run piaojue migrate ballots" in said
    assert len(said.splitlines()) == 1, "and nothing of what never began"
    piaojue("migrate", "ballots", env=unmigrated)
    change(unmigrated["PIAOJUE_BALLOTS_STORE_URL"], "UPDATE alembic_version SET version_num = '0001'")
    status, said = ended(start_process, unmigrated, "ballots")
    assert status == 2
    assert "are of revision 0001, this release needs" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("source", ["/regions/elsewhere/ratings", "/regions/demo/proposals"])
def test_nothing_is_done_in_the_database_of_another_region_or_service(start_process, unmigrated, source):
    """It would go on with their log, and take their events for its own."""
    piaojue("migrate", "ratings", env=unmigrated)
    change(
        unmigrated["PIAOJUE_RATINGS_STORE_URL"],
        "INSERT INTO event_log (sequence, id, type, subject, hash, body) "
        f"""VALUES (1, 'a', 'b', 'c', 'd', '{{"source": "{source}"}}')""",
    )
    status, said = failed("migrate", "ratings", env=unmigrated)
    assert status == 1
    assert f"the database of /regions/demo/ratings has the log of {source}" in said
    status, said = ended(start_process, unmigrated, "ratings")
    assert status == 2
    assert f"has the log of {source}: its settings region and store_url do not belong together" in said
    checked = subprocess.run(
        [PIAOJUE, "doctor", "--only", "database"], capture_output=True, text=True, timeout=60, env=unmigrated
    )
    assert f"has the log of {source}" in checked.stdout
    assert "set region and store_url as they were" in checked.stdout


def test_start_on_tables_of_a_newer_release_is_for_those_that_fit(start_process, unmigrated):
    piaojue("migrate", "ratings", env=unmigrated)
    url = unmigrated["PIAOJUE_RATINGS_STORE_URL"]
    change(
        url,
        "UPDATE alembic_version SET version_num = '9999'",
        "UPDATE schema_fit SET revision = '9999', fits_from = '9998'",
    )
    status, said = ended(start_process, unmigrated, "ratings")
    assert status == 2
    assert "fit releases from revision 9998 on" in said
    change(url, "UPDATE schema_fit SET fits_from = '0001'")
    process, _ = started(start_process, unmigrated, "ratings")
    assert "tables_of_a_newer_release" in process.said()
    assert process.terminate(20) == 0
