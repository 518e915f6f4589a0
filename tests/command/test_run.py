"""``piaojue run``: named services in this process, as a region runs them."""

import json
import signal

import pytest
import requests

from chassis.auth import jwks, new_key
from tests.command.suites import PIAOJUE, START_SECONDS


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """A region with its own key set and no broker to be reached."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys.json").write_text(json.dumps(jwks(new_key())))
    return {
        "PATH": "/usr/bin:/bin",
        "PIAOJUE_DATA_FOLDER": str(tmp_path / "data"),
        "PIAOJUE_JWKS": str(tmp_path / "keys.json"),
        "PIAOJUE_BROKER_URL": "amqp://nobody@127.0.0.1:1//",
        "PIAOJUE_HTTP_ADDRESS": "127.0.0.1:0",
        "PIAOJUE_LOG_FORMAT": "json",
        "PIAOJUE_DRAIN": "1",
    }


def started(start_process, environ, *services):
    """The process and where its services answer."""
    process = start_process([PIAOJUE, "run", *services], env=environ)
    answering = process.wait_for_line(r'^\{.*"url": "(http://[^"]+)/\w+".*"answering"', START_SECONDS)
    return process, answering[1]


def ended(start_process, environ, *services):
    process = start_process([PIAOJUE, "run", *services], env=environ)
    process.wait_until(lambda: not process.running, 60, "it ends")
    return process.exit_status, process.said()


def test_service_starts_without_its_broker_and_says_what_it_misses(start_process, environ):
    process, url = started(start_process, environ, "ballots")
    answer = requests.get(f"{url}/ballots/health/ready", timeout=10)
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert requests.get(f"{url}/proposals/docs", timeout=10).status_code == 404
    assert process.terminate(10) == 0


def test_several_services_share_the_process(start_process, environ):
    process, url = started(start_process, environ, "ballots", "proposals", "ballots")
    for service in ("ballots", "proposals"):
        assert requests.get(f"{url}/{service}/docs", timeout=10).status_code == 200
    assert process.terminate(10, signal.SIGINT) == 0


def test_key_set_that_is_missing_is_told_with_what_to_do(start_process, environ, tmp_path):
    status, said = ended(start_process, {**environ, "PIAOJUE_JWKS": str(tmp_path / "none.json")}, "ballots")
    assert status == 1
    assert f"cannot start: The key set {tmp_path / 'none.json'} cannot be read. Name" in said
    assert "piaojue token" in said


def test_faults_of_the_configuration_are_listed_with_2(start_process, environ):
    faulty = {**environ, "PIAOJUE_WORKERS": "many", "PIAOJUE_BALLOTS_COLOUR": "red"}
    status, said = ended(start_process, faulty, "ballots", "proposals")
    assert status == 2
    assert said.count("PIAOJUE_WORKERS") == 1
    assert "PIAOJUE_BALLOTS_COLOUR" in said
    assert "Traceback" not in said


def test_plugin_that_is_not_installed_stops_the_start_with_2(start_process, environ):
    status, said = ended(start_process, {**environ, "PIAOJUE_BALLOTS_ADOPTION_RULES": "lottery"}, "ballots")
    assert status == 2
    assert "lottery" in said
    assert "Traceback" not in said


def test_key_set_that_is_missing_is_told_with_1(start_process, environ, tmp_path):
    (tmp_path / "keys.json").unlink()
    status, said = ended(start_process, environ, "ballots")
    assert status == 1
    assert "Traceback" not in said


def test_database_that_is_away_is_told_with_1(start_process, environ):
    away = {**environ, "PIAOJUE_BALLOTS_STORE_URL": "postgresql://nobody:secret@127.0.0.1:1/ballots"}
    status, said = ended(start_process, away, "ballots")
    assert status == 1
    assert said.splitlines()[-1] == "piaojue: cannot start: The database cannot be reached at the moment."
    assert "secret" not in said


def test_unknown_service_is_refused_with_the_one_that_was_meant(start_process, environ):
    status, said = ended(start_process, environ, "balots")
    assert status == 2
    assert "There is no service 'balots'" in " ".join(said.split())
