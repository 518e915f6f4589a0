"""Rounds: a runoff after a tie, a next round after a shortfall, a void poll again; each follows one poll
once."""

import pytest

from ballots import usecases
from ballots.domain import NoFurtherRound, PollNotDeclared
from ballots.store import NextRoundExists, PollExists
from tests.ballots.meetings import (
    BODY,
    NOW,
    RULES,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    finish,
    issue,
    open_poll,
    with_meeting,
)


@pytest.fixture
def stores(sqlite_stores):
    return sqlite_stores


def declared(store, papers, poll="p1", rules=None):
    """A declared poll of these papers: marks → how many."""
    open_poll(store, poll, rules)
    voted(store, papers, poll)


def voted(store, papers, poll):
    marks = [list(each) for each, times in papers.items() for _ in range(times)]
    cast(store, zip(issue(store, len(marks), poll), marks, strict=True), poll)
    finish(store, poll)


def follow(store, before="p1", poll="p2"):
    return usecases.prepare_next_round(store, BODY, before, {"poll": poll, "title": "再次投票"})


def test_a_tie_is_followed_by_a_runoff_between_the_tied_for_the_open_seats(store):
    with_meeting(store)
    declared(store, {("water", "road"): 30, ("water", "clinic"): 30, ("road", "clinic"): 15})
    runoff = follow(store)
    assert [each["project"] for each in runoff["candidates"]] == ["road", "clinic"]
    assert runoff["rules"]["seats"] == 1
    assert runoff["rules"]["marking"] == {"scheme": "choose", "at_most": 1}
    assert runoff["round"] == {"decision": "p1", "number": 2, "follows": "p1", "polls": ["p1", "p2"]}
    usecases.open_poll(store, BODY, "p2", RULES_LOADED, SCHEMES_LOADED, NOW)
    voted(store, {("road",): 41, ("clinic",): 38}, "p2")
    assert usecases.show_poll(store, BODY, "p2")["result"]["adopted"] == ["road"]
    assert usecases.show_poll(store, BODY, "p1")["round"]["polls"] == ["p1", "p2"]


def test_a_shortfall_is_followed_by_a_round_on_what_was_not_adopted(store):
    with_meeting(store)
    declared(store, {("water", "road"): 39, ("water",): 20, ("clinic",): 20})
    again = follow(store)
    assert [each["project"] for each in again["candidates"]] == ["road", "clinic"]
    assert again["rules"]["seats"] == 1


def test_rounds_go_on_until_the_seats_are_filled(store):
    with_meeting(store)
    declared(store, {("water",): 39, ("road",): 39})
    for number, (before, poll) in enumerate([("p1", "p2"), ("p2", "p3")], start=2):
        assert follow(store, before, poll)["round"]["number"] == number
        usecases.open_poll(store, BODY, poll, RULES_LOADED, SCHEMES_LOADED, NOW)
        voted(store, {("water", "road"): 39 if number == 2 else 79}, poll)
    with pytest.raises(NoFurtherRound):
        follow(store, "p3", "p4")
    shown = usecases.show_poll(store, BODY, "p2")["round"]
    assert shown == {"decision": "p1", "number": 2, "follows": "p1", "polls": ["p1", "p2", "p3"]}


def test_a_round_on_a_differential_list_asks_no_surplus_of_what_is_left(store):
    with_meeting(store)
    declared(store, {("water",): 50}, rules=RULES | {"differential": True})
    again = follow(store)
    assert again["rules"]["differential"] is False
    usecases.open_poll(store, BODY, "p2", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_nothing_follows_a_poll_that_is_not_declared_or_has_filled_its_seats(store):
    with_meeting(store)
    open_poll(store)
    with pytest.raises(PollNotDeclared):
        follow(store)
    voted(store, {("water", "road"): 60}, "p1")
    with pytest.raises(NoFurtherRound):
        follow(store)


def test_one_poll_follows_another_once(store):
    with_meeting(store)
    declared(store, {("water",): 50})
    with pytest.raises(PollExists):
        follow(store, poll="p1")
    follow(store)
    with pytest.raises(NextRoundExists):
        follow(store, poll="p3")
    assert usecases.show_poll(store, BODY, "p1")["round"]["polls"] == ["p1", "p2"]
