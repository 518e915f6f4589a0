"""``piaojue status``: what is where, also while most of it is down."""

import sqlite3

import pytest

from tests.command.stores import as_json, command
from tests.command.suites import up

SERVICES = ("proposals", "ballots", "ratings", "notifications")


def services(folder):
    return {each["service"]: each for each in as_json("status", folder=folder)["services"]}


def test_events_and_who_has_taken_them_are_told(stores):
    stores.taken("proposals", stores.told("ballots", times=2))
    stores.parked("notifications", stores.log("ballots")[:-1])
    tip = len(stores.log("ballots"))
    found = services(stores.folder)
    assert list(found) == list(SERVICES)
    assert (found["ballots"]["sequence"], found["ballots"]["published"]) == (tip, tip)
    assert found["proposals"]["sources"] == [
        {"source": "ballots", "taken": tip, "of": tip, "forked": None},
    ]
    assert found["notifications"]["sources"][0]["taken"] == tip - 1
    assert found["notifications"]["parked"] > 0
    assert found["notifications"]["inbox"]["waiting"] > 0
    assert found["notifications"]["inbox"]["oldest_seconds"] < 300
    shown = command("status", folder=stores.folder)
    assert shown.exit_code == 0
    assert "takes from" in shown.stdout


def test_what_is_committed_and_not_published_is_told_with_its_age(stores):
    stores.told("ballots")
    with sqlite3.connect(stores.folder / "ballots.db") as connection:
        connection.execute("UPDATE relay_state SET published = 1")
    connection.close()
    outbox = services(stores.folder)["ballots"]["outbox"]
    assert outbox["pending"] == len(stores.log("ballots")) - 1
    assert 0 <= outbox["oldest_seconds"] < 300


@pytest.mark.parametrize("kind", ["poll", "rating"])
def test_of_what_is_open_the_turnout_is_told_and_nothing_else(stores, kind):
    stores.opened(kind, issued=79, returned=3)
    assert as_json("status", folder=stores.folder)["open"] == [
        {"kind": kind, "body": "yongan", "id": "first", "issued": 79, "returned": 3}
    ]
    assert "79" in command("status", "--once", folder=stores.folder).stdout


def test_where_nothing_runs_each_service_says_so_and_no_file_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("PIAOJUE_HTTP_ADDRESS", "127.0.0.1:1")
    run = command("status", folder=tmp_path / "none")
    assert run.exit_code == 0
    assert run.stdout.count("does not exist") == run.stdout.count("nobody answers at") == 4
    assert not (tmp_path / "none").exists()


def test_a_source_that_is_followed_no_more_is_told(stores):
    stores.taken("proposals", stores.told("ballots"))
    with sqlite3.connect(stores.folder / "proposals.db") as connection:
        connection.execute("UPDATE inbox_cursor SET forked = 'it was set back'")
    connection.close()
    run = command("status", folder=stores.folder)
    assert "proposals: follows ballots no more: it was set back" in run.stdout


def test_a_running_suite_is_up_leads_and_tells_its_version(start_process, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    process = up(start_process, tmp_path / "data")
    for name, each in services(tmp_path / "data").items():
        assert each["ready"] is True, name
        assert each["leader"] is True, name
        assert each["running"] == each["installed"], name
    assert process.terminate(30) == 0
    gone = services(tmp_path / "data")["ballots"]
    assert (gone["leader"], gone["ready"], gone["running"]) == (False, False, None)
    assert gone["store"] == "ok"
