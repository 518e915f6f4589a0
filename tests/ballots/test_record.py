"""The record: what is in it, and that it verifies by a program that shares nothing with ours."""

import copy
import json

import pytest

import piaojue_verify
from ballots import usecases
from ballots.domain.hashing import canonical
from ballots.store import RecordNotPublished, UnknownPoll
from tests.ballots.meetings import BODY, CANDIDATES, NOW, RECORDER, cast, count, declare, issue, open_poll
from tests.ballots.meetings import with_meeting as with_open_meeting
from tests.ballots.test_signing import sign, signed_poll

FOR_AGAINST = {
    "seats": 2,
    "marking": {"scheme": "for-against"},
    "adoption": {"rule": "majority", "of": "present", "more_than": "1/2"},
}


def recorded(store):
    return json.loads(usecases.show_record(store, BODY, "p1"))


@pytest.fixture
def record(store):
    """Of a poll with three scrutineers, 45 papers of four kinds of 50 issued."""
    signed_poll(store)
    codes = issue(store, 20)
    for code, marks in zip(codes, [["road"], ["road", "clinic"], []] * 5, strict=False):
        cast(store, [(code, marks)])
    usecases.tell_turnout(store, NOW)
    count_hash = count(store)["count_hash"]
    for person in ("9", "7", "8"):
        sign(store, person, count_hash)
    declare(store)
    return recorded(store)


def test_a_record_verifies(record):
    report = piaojue_verify.verify(record, key=RECORDER.key.jwk, receipt=record["receipts"][3])
    assert report.ok, report.as_text()
    assert {check.state for check in report.checks} == {"holds"}


def test_a_record_holds_what_was_decided_and_how(record):
    assert record["result"]["votes"] == {"water": 50, "road": 10, "clinic": 5}
    assert record["papers"] == [
        {"times": 5, "marks": ["road", "clinic"]},
        {"times": 5, "marks": ["road"]},
        {"times": 50, "marks": ["water"]},
        {"times": 5, "marks": []},
    ]
    assert len(record["receipts"]) == 65
    assert [each["project"] for each in record["candidates"]] == CANDIDATES
    assert [each["scrutineer"] for each in record["signatures"]] == ["7", "9", "8"]
    assert [each["type"].split(".")[2] for each in record["events"]] == [
        *(
            "poll_opened",
            "turnout_changed",
            "poll_closed",
            "poll_counted",
            "count_signed",
            "count_signed",
            "count_signed",
        )
    ]
    assert record["region"] == "demo"
    assert record["body"] == {"id": BODY, "name": "永安镇人民代表大会", "level": "township"}


def test_a_record_is_kept_as_it_was_made(store, record):
    kept = usecases.show_record(store, BODY, "p1")
    assert kept == canonical(record)
    usecases.register_body(store, BODY, {"name": "另一个名字", "level": "county"})
    assert usecases.show_record(store, BODY, "p1") == kept


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("papers", 2, "marks"), ["clinic"]),
        (("papers", 0, "times"), 6),
        (("receipts", 0), "0" * 64),
        (("result", "votes", "road"), 11),
        (("candidates", 0, "title"), "另一个项目"),
        (("signatures", 0, "name"), "别人"),
        (("poll", "declared_at"), "2022-04-16T01:30:00.000001Z"),
        (("events", 0, "hash"), "0" * 64),
        (("region",), "elsewhere"),
    ],
)
def test_a_record_with_one_thing_changed_does_not_verify(record, path, value):
    changed = copy.deepcopy(record)
    *outer, last = path
    inside = changed
    for step in outer:
        inside = inside[step]
    assert inside[last] != value
    inside[last] = value
    report = piaojue_verify.verify(changed)
    assert not report.ok
    assert report.check("record_hash").faults


def test_a_record_by_another_key_is_not_trusted(record):
    report = piaojue_verify.verify(record, key="A" * 43)
    assert [check.name for check in report.failed] == ["trusted_key"]


def test_a_poll_of_for_and_against_has_a_record_that_verifies(store):
    with_open_meeting(store, present=60)
    open_poll(store, rules=FOR_AGAINST)
    marks = [{"water": "for", "road": "against"}, {"clinic": "abstain"}, {}]
    cast(store, zip(issue(store, 60), marks * 20, strict=True))
    count(store)
    declare(store)
    assert piaojue_verify.verify(recorded(store), key=RECORDER.key.jwk).ok


@pytest.mark.parametrize("cast_in", [0, 1])
def test_a_poll_of_few_papers_has_a_record_that_verifies(store, cast_in):
    with_open_meeting(store)
    open_poll(store)
    cast(store, [(code, ["road"]) for code in issue(store, 5)[:cast_in]])
    count(store)
    declare(store)
    record = recorded(store)
    assert len(record["receipts"]) == cast_in
    assert piaojue_verify.verify(record).ok


def test_there_is_no_record_before_the_declaration(store):
    with_open_meeting(store)
    open_poll(store)
    for step in (lambda: None, lambda: count(store)):
        step()
        with pytest.raises(RecordNotPublished):
            usecases.show_record(store, BODY, "p1")
    with pytest.raises(UnknownPoll):
        usecases.show_record(store, BODY, "p9")
