"""``piaojue dead-letters``: what is parked is listed, shown, tried again, given up."""

import json
import os
import pty
import subprocess

import pytest

from chassis.bus import Delivery
from chassis.clock import now
from piaojue.operating import dead_letters
from tests.command.stores import as_json, audited, command
from tests.command.suites import PIAOJUE


@pytest.fixture
def parked(stores):
    """In notifications: each first event of a subject of ballots' golden messages, told twice."""
    stores.parked("notifications", stores.told("ballots", times=2))
    return as_json("dead-letters", "list", folder=stores.folder)


def stray(stores, body=b"\xffcode 12345"):
    inbox = stores.places["ballots"].inbox
    with inbox.begin() as transaction:
        inbox.add_unreadable(transaction, Delivery(body, "proposals.events", "x.v1"), "not JSON", now())


def test_nothing_parked_is_told_with_0(stores):
    run = command("dead-letters", "list", folder=stores.folder)
    assert (run.exit_code, run.stdout) == (0, "Nothing is parked.\n")


def test_that_nothing_is_parked_is_not_said_where_it_is_not_known(stores):
    (stores.folder / "ratings.db").unlink()
    for words in (["dead-letters", "list"], ["dead-letters", "list", "--discarded"], ["audit"]):
        run = command(*words, folder=stores.folder)
        assert (run.exit_code, run.stdout) == (1, "")
        assert "ratings.db does not exist" in run.stderr


def test_a_list_that_is_too_long_to_be_read_says_how_many_are_left_out(stores, monkeypatch):
    monkeypatch.setattr(dead_letters, "SHOWN", 2)
    for _ in range(5):
        stray(stores)
    run = command("dead-letters", "list", folder=stores.folder)
    assert "bytes-2" in run.stdout
    assert "bytes-3" not in run.stdout
    assert "3 more are not shown" in run.stderr
    assert len(as_json("dead-letters", "list", folder=stores.folder)) == 5


def test_what_is_parked_is_listed_with_1_and_without_what_an_error_said(stores, parked):
    run = command("dead-letters", "list", folder=stores.folder)
    assert run.exit_code == 1
    assert all(letter["id"] in run.stdout for letter in parked)
    assert "LookupError" in run.stdout
    assert "12345" not in run.stdout
    assert {letter["service"] for letter in parked} == {"notifications"}
    assert {letter["attempts"] for letter in parked} == {1}


def test_the_list_is_narrowed_by_service_source_and_type(stores, parked):
    wanted = parked[0]
    name = wanted["type"].split(".", 2)[2]
    assert as_json("dead-letters", "list", "--service", "ballots", folder=stores.folder) == []
    assert as_json("dead-letters", "list", "--source", "ratings", folder=stores.folder) == []
    found = as_json("dead-letters", "list", "--type", name, folder=stores.folder)
    assert wanted["id"] in {letter["id"] for letter in found}
    assert {letter["type"] for letter in found} == {wanted["type"]}


def test_one_is_shown_in_full_with_how_many_wait_behind_it(stores, parked):
    letter = parked[0]
    told = as_json("dead-letters", "show", "notifications", letter["id"], folder=stores.folder)
    waiting = stores.places["notifications"].inbox.load().waiting
    assert told["event"]["id"] == letter["id"]
    assert told["event"]["data"]
    assert (
        sum(
            as_json("dead-letters", "show", "notifications", each["id"], folder=stores.folder)[
                "waiting_behind"
            ]
            for each in parked
        )
        == waiting
        > 0
    )
    shown = command("dead-letters", "show", "notifications", letter["id"], folder=stores.folder)
    assert f'"{letter["subject"]}"' in shown.stdout


def test_an_id_that_is_not_parked_is_told_with_1(stores, parked):
    for words in (["show"], ["replay", "--yes"], ["discard", "--reason", "why", "--yes"]):
        run = command("dead-letters", words[0], "notifications", "nothing", *words[1:], folder=stores.folder)
        assert run.exit_code == 1
        assert "nothing" in run.stderr
    assert audited(stores.folder) == []


def test_replaying_one_has_it_tried_first_and_leaves_a_trail(stores, parked):
    letter = parked[0]
    run = command(
        *("dead-letters", "replay", "notifications", letter["id"], "--yes"),
        *("--by", "Li Na", "--reason", "the template is mended"),
        folder=stores.folder,
    )
    assert run.exit_code == 0, run.stderr
    due = stores.places["notifications"].inbox
    with due.begin() as transaction:
        assert due.next_due(transaction, now()).event.id == letter["id"]
    assert letter["id"] not in {each["id"] for each in as_json("dead-letters", "list", folder=stores.folder)}
    (entry,) = audited(stores.folder)
    assert (entry["action"], entry["by"], entry["reason"]) == (
        "dead-letters replay",
        "Li Na",
        "the template is mended",
    )
    assert entry["details"] == {"events": [letter["id"]]}
    assert entry["user"]


def test_replaying_all_of_a_type_leaves_the_others_parked(stores, parked):
    name = parked[0]["type"].split(".", 2)[2]
    run = command(
        "dead-letters", "replay", "notifications", "--all", "--type", name, "--yes", folder=stores.folder
    )
    assert run.exit_code == 0
    left = as_json("dead-letters", "list", folder=stores.folder)
    assert {each["type"] for each in left} == {each["type"] for each in parked} - {parked[0]["type"]}
    assert left


def test_replaying_all_where_nothing_is_parked_does_nothing(stores):
    run = command("dead-letters", "replay", "ratings", "--all", "--yes", folder=stores.folder)
    assert (run.exit_code, run.stdout) == (0, "Nothing of that is parked.\n")
    assert audited(stores.folder) == []


@pytest.mark.parametrize("words", [[], ["some", "--all"], ["some", "--type", "x.v1"], ["bytes-1"]])
def test_a_replay_that_is_not_clear_is_refused_with_2(stores, words):
    run = command("dead-letters", "replay", "ballots", *words, "--yes", folder=stores.folder)
    assert run.exit_code == 2


def test_discarding_lets_those_behind_go_on_and_keeps_the_reason(stores, parked):
    letter = next(
        each
        for each in parked
        if as_json("dead-letters", "show", "notifications", each["id"], folder=stores.folder)[
            "waiting_behind"
        ]
    )
    run = command(
        *("dead-letters", "discard", "notifications", letter["id"], "--reason", "told by hand", "--yes"),
        folder=stores.folder,
    )
    assert run.exit_code == 0, run.stderr
    inbox = stores.places["notifications"].inbox
    with inbox.begin() as transaction:
        assert inbox.next_due(transaction, now()).event.subject == letter["subject"]
    (kept,) = as_json("dead-letters", "list", "--discarded", folder=stores.folder)
    assert kept["id"] == letter["id"]
    assert kept["error"].startswith("discarded: told by hand; ")
    (entry,) = audited(stores.folder)
    assert (entry["reason"], entry["details"]["event"]) == ("told by hand", letter["id"])
    again = command(
        *("dead-letters", "discard", "notifications", letter["id"], "--reason", "twice", "--yes"),
        folder=stores.folder,
    )
    assert again.exit_code == 1


def test_discarding_without_a_reason_is_refused(stores, parked):
    run = command("dead-letters", "discard", "notifications", parked[0]["id"], "--yes", folder=stores.folder)
    assert run.exit_code == 2
    blank = command(
        *("dead-letters", "discard", "notifications", parked[0]["id"], "--reason", " ", "--yes"),
        folder=stores.folder,
    )
    assert blank.exit_code == 2
    assert len(as_json("dead-letters", "list", folder=stores.folder)) == len(parked)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["replay", "notifications", "--all"], 2),
        (["replay", "notifications", "--all", "--dry-run"], 0),
        (["replay", "notifications", "--all", "--dry-run", "--yes"], 0),
        (["discard", "notifications", "ID", "--reason", "why"], 2),
        (["discard", "notifications", "ID", "--reason", "why", "--dry-run"], 0),
    ],
)
def test_nothing_is_changed_by_a_dry_run_or_where_nobody_can_be_asked(stores, parked, words, code):
    words = [parked[0]["id"] if word == "ID" else word for word in words]
    run = command("dead-letters", *words, folder=stores.folder)
    assert run.exit_code == code
    assert "Nothing was changed" in run.stdout or "add --yes" in run.stderr
    assert parked[0]["id"] in run.stdout + run.stderr
    assert as_json("dead-letters", "list", folder=stores.folder) == parked
    assert audited(stores.folder) == []


@pytest.mark.parametrize(
    ("answer", "done"), [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)]
)
def test_on_a_terminal_it_is_asked_before_anything_is_changed(stores, parked, answer, done):
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    ended = subprocess.run(
        [PIAOJUE, "dead-letters", "replay", "notifications", "--all", "--data-folder", stores.folder],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    assert ended.returncode == 0, ended.stderr
    assert "Do it? [y/N]" in ended.stderr
    assert (as_json("dead-letters", "list", folder=stores.folder) == []) is done
    assert len(audited(stores.folder)) == done


def test_a_message_that_is_no_event_is_listed_shown_and_discarded(stores):
    stray(stores)
    (listed,) = as_json("dead-letters", "list", folder=stores.folder)
    assert (listed["service"], listed["id"], listed["type"]) == ("ballots", "bytes-1", "x.v1")
    assert "12345" not in json.dumps(listed)
    shown = command("dead-letters", "show", "ballots", "bytes-1", folder=stores.folder).stdout
    assert "\\xffcode 12345" in shown
    run = command(
        *("dead-letters", "discard", "ballots", "bytes-1", "--reason", "a stray test", "--yes"),
        folder=stores.folder,
    )
    assert run.exit_code == 0, run.stderr
    assert as_json("dead-letters", "list", folder=stores.folder) == []
    (entry,) = audited(stores.folder)
    assert len(entry["details"]["sha256"]) == 64
    assert "12345" not in json.dumps(entry)
    gone = command("dead-letters", "show", "ballots", "bytes-1", folder=stores.folder)
    assert gone.exit_code == 1


def test_several_are_discarded_by_one_command_all_or_none(stores, parked):
    for _ in range(3):
        stray(stores)
    discarded = ("dead-letters", "discard", "ballots", "--reason", "误发的测试消息", "--yes")
    run = command(*discarded, "bytes-1", "bytes-2", "bytes-9", folder=stores.folder)
    assert (run.exit_code, run.stdout) == (1, "")
    assert "bytes-9" in run.stderr
    assert len(as_json("dead-letters", "list", "--service", "ballots", folder=stores.folder)) == 3
    run = command(*discarded, "bytes-1", "bytes-3", "bytes-1", folder=stores.folder)
    assert run.exit_code == 0, run.stderr
    (left,) = as_json("dead-letters", "list", "--service", "ballots", folder=stores.folder)
    assert left["id"] == "bytes-2"
    assert [entry["target"] for entry in audited(stores.folder)] == ["ballots: bytes-1", "ballots: bytes-3"]
    ids = [letter["id"] for letter in parked][:2]
    run = command(
        "dead-letters", "discard", "notifications", *ids, "--reason", "why", "--yes", folder=stores.folder
    )
    assert run.exit_code == 0, run.stderr
    assert {entry["details"].get("event") for entry in audited(stores.folder)} == {None, *ids}


def test_control_characters_of_a_stranger_do_not_reach_the_terminal(stores):
    stray(stores, b"\x1b[2J\x07")
    shown = command("dead-letters", "show", "ballots", "bytes-1", folder=stores.folder).stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_a_store_that_is_missing_is_told_and_the_others_are_listed(stores, parked):
    (stores.folder / "ratings.db").unlink()
    run = command("dead-letters", "list", folder=stores.folder)
    assert run.exit_code == 1
    assert "ratings.db does not exist" in run.stderr
    assert parked[0]["id"] in run.stdout
    assert not (stores.folder / "ratings.db").exists()
