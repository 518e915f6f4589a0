"""The operator's commands teach: each has examples, exit codes, and, if it changes anything, the same
options."""

import subprocess

import pytest

from piaojue.operating import dead_letters, events
from tests.command.stores import command
from tests.command.suites import PIAOJUE

FAMILIES = {"dead-letters": dead_letters.app, "events": events.app}
COMMANDS = [(family, each.name) for family, app in FAMILIES.items() for each in app.registered_commands]
CHANGING = [("dead-letters", "replay"), ("dead-letters", "discard"), ("events", "replay"), ("restore",)]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_an_example_and_the_exit_codes(words):
    run = command(*words, "--help")
    assert run.exit_code == 0
    assert f"piaojue {' '.join(words)}" in run.stdout.partition("Examples:")[2]
    assert "  0  " in run.stdout.partition("Exit codes:")[2]


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_what_changes_something_can_be_tried_asks_and_takes_who_and_why(words):
    told = command(*words, "--help").stdout
    assert all(option in told for option in ("--dry-run", "--yes", "--by", "--reason"))


@pytest.mark.parametrize("text", [" ", "two\nlines", "\x1b[2J", "x" * 501])
def test_who_and_why_are_texts_on_one_line(stores, text):
    stores.parked("notifications", stores.told("ballots"))
    words = ("dead-letters", "replay", "notifications", "--all", "--yes")
    assert command(*words, "--by", text, folder=stores.folder).exit_code == 2
    assert command(*words, "--reason", text, folder=stores.folder).exit_code == 2
    assert stores.places["notifications"].inbox.load().parked > 0


@pytest.mark.parametrize("words", [("status", "--once"), ("doctor",), ("events", "verify")], ids=" ".join)
def test_a_table_that_finds_no_room_is_an_error_in_one_line(stores, words):
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [PIAOJUE, *words, "--data-folder", stores.folder],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert run.returncode == 1
    assert run.stderr == "piaojue: the output cannot be written: No space left on device\n"
