"""Parts of a rehearsal alone: what it sees when a suite does not do as it must."""

import json
from types import SimpleNamespace

import pytest

from piaojue.rehearsal import printed
from piaojue.rehearsal.afterwards import check_logs
from piaojue.rehearsal.client import RehearsalFailed
from piaojue.rehearsal.declaring import show_decisions, verify_record
from piaojue.rehearsal.showing import Silent
from piaojue.rehearsal.year import Year
from tests.verify.changes import put
from tests.verify.records import KEY, OTHER_KEY, SHEET, jwk, record_of

RECORD = record_of(SHEET)
CODES = ("ABCD-EFGH-JKMN7", "2345-6789-ABCDE", "QRST-UVWX-YZ234")


@pytest.fixture
def say_slips(monkeypatch):
    """What pdftotext says."""

    def say(text):
        done = SimpleNamespace(stdout=text.encode())
        monkeypatch.setattr(printed.subprocess, "run", lambda *_, **__: done)

    return say


def test_codes_are_read_by_their_numbers(say_slips):
    say_slips(f"2023 票决 2023\n  0001      0002\n {CODES[0]}    {CODES[1]}\n  0003\n {CODES[2]}\n")
    assert printed.codes_of(b"", 3) == dict(enumerate(CODES, 1))


@pytest.mark.parametrize("slips", [2, 4])
def test_slips_that_are_not_as_many_as_were_printed_are_told(say_slips, slips):
    say_slips(f"0001 0002\n{CODES[0]} {CODES[1]}\n0003\n{CODES[2]}")
    with pytest.raises(RehearsalFailed, match="could not be read"):
        printed.codes_of(b"", slips)


def test_program_that_reads_slips_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RehearsalFailed, match="poppler-utils"):
        printed.codes_of(b"%PDF-1.7", 1)


class _Recording:
    """A suite that gives this record of a poll, and this key of its records."""

    def __init__(self, record, key=KEY):
        self.record, self.key = record, key

    def get(self, path):
        return jwk(self.key)

    def fetch(self, method, path):
        return self.record if isinstance(self.record, bytes) else json.dumps(self.record).encode()


def verified(suite, receipts):
    """The failures of a rehearsal whose poll has this record, and what the story says of it."""
    year = Year(plan=SimpleNamespace(forecasts={"p": None}), suite=suite, watcher=Silent())
    polling = SimpleNamespace(
        year=year,
        story={"poll": "p"},
        receipts=receipts,
        calls=SimpleNamespace(path=lambda *rest: "/ballots/record"),
    )
    verify_record(polling)
    return year.failures, polling.story.get("record")


def test_record_that_is_whole_has_no_failure():
    failures, told = verified(_Recording(RECORD), RECORD["receipts"])
    assert failures == []
    assert told["verified"]
    assert told["record_hash"] == RECORD["record_hash"]


def test_record_with_another_mark_is_a_failure():
    changed = put(RECORD, ("papers", 0, "times"), RECORD["papers"][0]["times"] + 1)
    failures, told = verified(_Recording(changed), RECORD["receipts"])
    assert told["verified"] is False
    assert any(each.startswith("polls.p: the record: ") and "papers" in each for each in failures)


def test_record_of_another_key_is_a_failure():
    failures, told = verified(_Recording(RECORD, OTHER_KEY), RECORD["receipts"])
    assert told["verified"] is False
    assert len(failures) == 1


def test_receipt_that_is_not_in_the_record_is_a_failure():
    failures, told = verified(_Recording(RECORD), [*RECORD["receipts"], "0" * 64])
    assert told["verified"] is False
    assert "polls.p: 1 receipts are not in the record" in failures


def test_record_that_is_none_is_a_failure():
    failures, told = verified(_Recording(b"[" * 3), ["0" * 64])
    assert told is None
    assert failures[0].startswith("polls.p: the record is none: ")


def test_event_that_a_record_names_and_the_log_does_not_have_is_a_failure():
    suite = SimpleNamespace(log=lambda service: iter(()))
    year = Year(plan=None, suite=suite, watcher=Silent())
    year.story["polls"] = [{"poll": "p", "record": {"events": RECORD["events"][:1]}}]
    check_logs(year)
    assert year.failures == ["polls.p: the record names an event that is not in the log"]


def _polled(poll, number, follows, polls):
    found = {"decision": "p", "number": number, "follows": follows, "polls": polls}
    result = {"outcome": "complete", "adopted": [poll], "tied": [], "open_seats": 0}
    story = {"poll": poll, "title": poll, "round": found, "candidates": [], "rules": {"seats": 1}}
    year = Year(plan=None, suite=None, watcher=Silent())
    return SimpleNamespace(
        year=year,
        story=story | {"result": result},
        poll={"follows": follows},
        calls=SimpleNamespace(show=lambda: {"round": found}),
    )


def test_rounds_of_a_decision_are_those_that_the_suite_names():
    first, second = _polled("p", 1, None, ["p", "q"]), _polled("q", 2, "p", ["p", "q"])
    show_decisions([first, second])
    (decision,) = first.year.story["decisions"]
    assert [each["poll"] for each in decision["rounds"]] == decision["adopted"] == ["p", "q"]
    assert first.year.failures == []


def test_round_that_follows_another_poll_than_it_must_is_a_failure():
    first, second = _polled("p", 1, None, ["p", "q"]), _polled("q", 2, "p", ["p", "q"])
    second.poll["follows"] = "o"
    show_decisions([first, second])
    assert first.year.failures == ["polls.q: does not follow o"]
