"""From a body and its roll to an open poll, on a real store: what is kept, and what is refused by name."""

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.domain import (
    InvalidPoll,
    InvalidRoll,
    InvalidRules,
    MeetingNotOpen,
    NotDifferential,
    PollAlreadyOpened,
    PollNotClosed,
    PollNotCounted,
    QuorumNotMet,
    UnknownDeputy,
)
from ballots.store import (
    MeetingExists,
    PollExists,
    UnknownBody,
    UnknownCandidateList,
    UnknownMeeting,
    UnknownPoll,
)
from tests.ballots.meetings import (
    BODY,
    KINDS_LOADED,
    NOW,
    RULES,
    RULES_LOADED,
    SCHEMES_LOADED,
    declare,
    events,
    finish,
    open_poll,
    prepare,
    with_body,
    with_meeting,
)


@pytest.fixture
def stores(sqlite_stores):
    return sqlite_stores


def test_a_meeting_without_its_quorum_is_not_opened(store):
    with_body(store)
    usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "会", "quorum": "2/3"})
    usecases.call_roll(store, BODY, "m1", [str(n) for n in range(1, 53)], NOW)
    with pytest.raises(QuorumNotMet, match="52 of 79"):
        usecases.open_meeting(store, BODY, "m1", NOW)
    assert not events(store)
    usecases.call_roll(store, BODY, "m1", [str(n) for n in range(1, 54)], NOW)
    assert usecases.open_meeting(store, BODY, "m1", NOW)["present"] == 53


def test_a_corrected_roll_call_is_a_fact_beside_the_first(store):
    with_meeting(store, present=60)
    usecases.call_roll(store, BODY, "m1", ["1", "2"], NOW)
    assert usecases.show_meeting(store, BODY, "m1")["present"] == 2
    with store.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM roll_calls")) == 2


def test_a_quorum_lost_before_the_poll_keeps_it_from_opening(store):
    with_meeting(store)
    prepare(store)
    usecases.call_roll(store, BODY, "m1", ["1"], NOW)
    with pytest.raises(QuorumNotMet):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_a_roll_is_replaced_whole_or_not_at_all(store):
    with_body(store)
    twice = [{"id": "1", "name": "甲", "delegation": None, "district": None}] * 2
    with pytest.raises(InvalidRoll) as refusal:
        usecases.replace_roll(store, BODY, twice, "clerk", NOW)
    assert refusal.value.field == "deputies.1.id"
    assert usecases.show_body(store, BODY)["deputies"] == 79


def test_a_meeting_keeps_the_roll_it_was_called_with(store):
    with_meeting(store)
    usecases.replace_roll(
        store, BODY, [{"id": "x", "name": "乙", "delegation": None, "district": None}], "clerk", NOW
    )
    assert usecases.show_meeting(store, BODY, "m1")["due"] == 79


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({}, "rules.seats"),
        (RULES | {"seats": 0}, "rules.seats"),
        (RULES | {"marking": {"scheme": "choose"}}, "rules.marking.at_most"),
        (RULES | {"adoption": {"rule": "lottery"}}, "rules.adoption.rule"),
        (RULES | {"quorum": "3/2"}, "rules.quorum"),
        (RULES | {"colour": "red"}, "rules.colour"),
    ],
)
def test_a_poll_with_faulty_rules_names_the_field(store, rules, field):
    with_meeting(store)
    with pytest.raises(InvalidRules) as refusal:
        prepare(store, rules=rules or {"marking": RULES["marking"], "adoption": RULES["adoption"]})
    assert refusal.value.field == field


def test_a_differential_poll_needs_more_candidates_than_seats(store):
    with_meeting(store)
    prepare(store, rules=RULES | {"seats": 3, "differential": True})
    with pytest.raises(NotDifferential):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_a_poll_on_a_project_that_is_not_listed_is_refused(store):
    with_meeting(store)
    given = {"poll": "p1", "meeting": "m1", "title": "x", "year": 2022, "rules": RULES}
    with pytest.raises(InvalidPoll) as refusal:
        usecases.prepare_poll(
            store, BODY, given | {"candidates": ["water", "castle"]}, RULES_LOADED, SCHEMES_LOADED
        )
    assert refusal.value.field == "candidates.1"


def test_things_that_are_not_there_are_named(store):
    with pytest.raises(UnknownBody):
        usecases.show_body(store, "nowhere")
    with pytest.raises(UnknownBody):
        usecases.replace_roll(store, "nowhere", [], "clerk", NOW)
    with_meeting(store)
    with pytest.raises(UnknownMeeting):
        usecases.show_meeting(store, BODY, "m2")
    with pytest.raises(UnknownPoll):
        usecases.show_poll(store, BODY, "p9")
    with pytest.raises(UnknownCandidateList):
        usecases.show_candidates(store, BODY, 1999)
    with pytest.raises(UnknownDeputy):
        usecases.call_roll(store, BODY, "m1", ["stranger"], NOW)


def test_things_are_made_once(store):
    with_meeting(store)
    with pytest.raises(MeetingExists):
        usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "会", "quorum": "2/3"})
    open_poll(store)
    with pytest.raises(PollExists):
        prepare(store)
    with pytest.raises(PollAlreadyOpened):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_a_poll_needs_an_open_meeting(store):
    with_body(store)
    usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "会", "quorum": "2/3"})
    prepare(store)
    with pytest.raises(MeetingNotOpen):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_steps_out_of_their_order_are_refused(store):
    with_meeting(store)
    open_poll(store)
    with pytest.raises(PollNotClosed):
        usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    with pytest.raises(PollNotCounted):
        declare(store)
    finish(store)
    with pytest.raises(PollNotClosed):
        usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    with pytest.raises(PollNotCounted):
        declare(store)
