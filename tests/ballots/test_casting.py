"""Slips, codes and papers of an open poll, on a real store: a code is good once, and nothing tells on it."""

import json
import random

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    InvalidMarks,
    MoreIssuedThanPresent,
    Overvoted,
    PollNotOpen,
    new_code,
)
from ballots.store import UnknownPoll
from chassis.errors import Refused
from tests.ballots.meetings import (
    BODY,
    CANDIDATES,
    KEY,
    NOW,
    RULES_LOADED,
    SCHEMES_LOADED,
    accepted,
    cast,
    events,
    finish,
    issue,
    open_poll,
    prepare,
    with_meeting,
)


@pytest.fixture
def stores(sqlite_stores):
    return sqlite_stores


def test_more_slips_than_deputies_present_are_not_issued(store):
    with_meeting(store, present=60)
    open_poll(store)
    issue(store, 59)
    with pytest.raises(MoreIssuedThanPresent):
        issue(store, 2)
    assert usecases.show_poll(store, BODY, "p1")["issued"] == 59
    issue(store, 1)


def test_codes_are_kept_as_keyed_hashes_only(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 20)
    with store.engine.connect() as connection:
        kept = connection.scalars(text("SELECT hash FROM codes")).all()
    assert len(kept) == 20
    assert not any(code in each or code.replace("-", "") in each for code in codes for each in kept)


def test_a_code_is_good_once_and_of_two_casts_together_the_first_counts(store):
    with_meeting(store)
    open_poll(store)
    code, other = issue(store, 2)
    first, second = cast(store, [(code, ["water"]), (code, ["road"])])
    assert accepted(first)
    assert isinstance(second, CodeSpent)
    (again,) = cast(store, [(code, ["water"])])
    assert isinstance(again, CodeSpent)
    assert accepted(cast(store, [(other, ["road"])])[0])
    assert finish(store)["result"]["votes"] == {"water": 1, "road": 1, "clinic": 0}


@pytest.mark.parametrize(
    ("marks", "refusal"),
    [
        (CANDIDATES, Overvoted),
        (["castle"], InvalidMarks),
        (["water", "water"], InvalidMarks),
        ({"water": "for"}, InvalidMarks),
        ("water", InvalidMarks),
        (None, InvalidMarks),
        ([["water"]], InvalidMarks),
    ],
)
def test_a_refused_paper_leaves_the_code_good(store, marks, refusal):
    with_meeting(store)
    open_poll(store)
    (code,) = issue(store, 1)
    (outcome,) = cast(store, [(code, marks)])
    assert isinstance(outcome, refusal)
    assert outcome.field == "marks"
    assert "water" not in outcome.detail
    assert accepted(cast(store, [(code, [])])[0])


def test_a_code_of_another_poll_or_of_nobody_is_unknown(store):
    with_meeting(store)
    open_poll(store)
    open_poll(store, "p2")
    (code,) = issue(store, 1, "p2")
    outcomes = cast(store, [(code, []), (new_code(random.Random(99)), [])])
    assert [type(each) for each in outcomes] == [CodeUnknown, CodeUnknown]


def test_casts_for_several_polls_are_put_where_they_belong(store):
    with_meeting(store)
    open_poll(store)
    open_poll(store, "p2")
    mine, theirs = issue(store, 1), issue(store, 1, "p2")
    casts = [
        usecases.read_cast(BODY, poll, {"code": code, "marks": marks}, KEY, SCHEMES_LOADED)
        for poll, code, marks in [
            ("p2", theirs[0], ["road"]),
            ("p1", mine[0], ["water"]),
            ("p9", mine[0], ["water"]),
        ]
    ]
    outcomes = usecases.cast_ballots(store, casts)
    assert all(map(accepted, outcomes[:2]))
    assert isinstance(outcomes[2], UnknownPoll)
    assert finish(store)["result"]["votes"]["water"] == 1
    assert finish(store, "p2")["result"]["votes"]["road"] == 1


def test_nothing_is_cast_before_the_opening_or_after_the_close(store):
    with_meeting(store)
    prepare(store)
    code = new_code(random.Random(1))
    assert isinstance(cast(store, [(code, [])])[0], PollNotOpen)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    (good,) = issue(store, 1)
    usecases.close_poll(store, BODY, "p1", NOW)
    assert isinstance(cast(store, [(good, ["water"])])[0], PollNotOpen)
    with pytest.raises(PollNotOpen):
        issue(store, 1)


def test_turnout_is_told_when_it_has_changed(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 3)
    for _ in range(2):
        usecases.tell_turnout(store, NOW)
    cast(store, [(codes[0], [])])
    for _ in range(2):
        usecases.tell_turnout(store, NOW)
    told = [data for name, data in events(store) if name == "turnout_changed.v1"]
    assert [(each["issued"], each["returned"]) for each in told] == [(3, 0), (3, 1)]


def test_no_event_and_no_refusal_holds_a_code_a_name_or_marks(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 5)
    refusals = cast(store, [(codes[0], CANDIDATES), (codes[1], ["castle"]), (codes[0], "water")])
    cast(store, [(code, ["water", "clinic"]) for code in codes])
    refusals += cast(store, [(codes[0], ["road"])])
    finish(store)
    said = json.dumps(events(store), ensure_ascii=False)
    said += "".join(each.detail for each in refusals if isinstance(each, Refused))
    assert len([each for each in refusals if isinstance(each, Refused)]) == 4
    assert not any(code in said for code in codes)
    assert "代表1" not in said
    assert "castle" not in said
