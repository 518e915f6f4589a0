"""``piaojue events``: tail, verify; what a replay does with a broker is in test_operating_region."""

import json
import signal

import pytest
from sqlalchemy import text

from piaojue_contracts import Event
from tests.command.stores import as_json, audited, command
from tests.command.suites import PIAOJUE


def change(stores, service, statement, **values):
    with stores.places[service].store.begin() as transaction:
        transaction.connection.execute(text(statement), values)


def numbers(run):
    return [int(line.split()[0]) for line in run.stdout.splitlines()]


def test_the_last_events_are_printed_a_line_each(stores):
    events = stores.told("ballots", times=4)
    run = command("events", "tail", "ballots", "-n", "3", folder=stores.folder)
    assert run.exit_code == 0
    assert numbers(run) == [event.sequence for event in events[-3:]]
    assert events[-1].routing_key in run.stdout


def test_events_from_a_number_on_and_of_a_type_are_whole_as_json(stores):
    events = stores.told("ballots", times=3)
    wanted = events[1].routing_key
    words = ["events", "tail", "ballots", "--after", 2, "--type", wanted, "--json"]
    told = [json.loads(line) for line in command(*words, folder=stores.folder).stdout.splitlines()]
    assert [Event.from_json(each) for each in told] == [
        event for event in events[2:] if event.routing_key == wanted
    ]


@pytest.mark.parametrize("wanted", [0, 1, 2, 5])
def test_the_last_of_a_type_are_found_however_far_back(stores, wanted, monkeypatch):
    monkeypatch.setattr("piaojue.operating.events.PAGE", 3)
    events = stores.told("ballots", times=4)
    kind = events[0].routing_key
    run = command("events", "tail", "ballots", "-n", wanted, "--type", kind, folder=stores.folder)
    of_kind = [event.sequence for event in events if event.routing_key == kind]
    assert numbers(run) == of_kind[len(of_kind) - min(wanted, len(of_kind)) :]


def test_following_prints_what_comes_until_ctrl_c(stores, start_process):
    stores.told("ratings")
    process = start_process(
        [PIAOJUE, "events", "tail", "ratings", "-f", "--after", "0", "--data-folder", stores.folder]
    )
    process.wait_for_line(r"^ +1  ", 60)
    last = stores.told("ratings")[-1].sequence
    process.wait_for_line(rf"^ +{last}  ", 30)
    assert process.terminate(by=signal.SIGINT) == 0
    assert "Traceback" not in process.said()


def test_logs_and_positions_that_fit_are_verified_with_0(stores):
    stores.taken("notifications", stores.told("ballots", times=2))
    run = command("events", "verify", folder=stores.folder)
    assert run.exit_code == 0, run.output
    found = as_json(
        "events", "verify", "--service", "ballots", "--service", "notifications", folder=stores.folder
    )
    tip = stores.log("ballots")[-1]
    assert (found[0]["sequence"], found[0]["hash"]) == (tip.sequence, tip.hash)
    assert (found[1]["consumer"], found[1]["taken"], found[1]["fault"]) == (
        "notifications",
        tip.sequence,
        None,
    )


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE event_log SET body = replace(body, '\"data\"', '\"dada\"') WHERE sequence = 3", "event 3"),
        ("DELETE FROM event_log WHERE sequence = 2", "number 2 is missing"),
        ("DELETE FROM event_log WHERE sequence > 3", "was published, and the log ends with 3"),
        ("UPDATE event_log SET subject = 'other' WHERE sequence = 1", "its row and its message differ"),
    ],
)
def test_a_log_that_was_altered_is_told_with_1(stores, statement, told):
    stores.told("ballots", times=2)
    change(stores, "ballots", statement)
    run = command("events", "verify", folder=stores.folder)
    assert run.exit_code == 1
    assert told in run.stdout


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ("sequence = 1", "is not the log's"),
        ("sequence = 99", "the log does not have it"),
        ("forked = 'it was set back'", "it has stopped following: it was set back"),
    ],
)
def test_a_consumer_that_has_taken_another_log_is_told_with_1(stores, values, told):
    stores.taken("notifications", stores.told("ballots"))
    change(stores, "notifications", f"UPDATE inbox_cursor SET {values}")
    run = command("events", "verify", folder=stores.folder)
    assert run.exit_code == 1
    assert told in run.stdout


def test_what_cannot_be_verified_is_told_with_2(stores):
    (stores.folder / "ratings.db").unlink()
    run = command("events", "verify", folder=stores.folder)
    assert run.exit_code == 2
    assert "could not be verified" in run.stdout


def test_an_alteration_outweighs_what_cannot_be_verified(stores):
    stores.told("ballots")
    change(stores, "ballots", "DELETE FROM event_log WHERE sequence = 1")
    (stores.folder / "ratings.db").unlink()
    assert command("events", "verify", folder=stores.folder).exit_code == 1


def test_the_bus_of_an_embedded_suite_cannot_be_replayed_to(stores):
    stores.told("ballots")
    run = command("events", "replay", "ballots", "--from", 1, "--yes", folder=stores.folder)
    assert run.exit_code == 2
    assert "within its process" in run.stderr
    assert audited(stores.folder) == []
