"""Scrutineers and tellers: who may be one, until when, and who may see them."""

import pytest

from ballots import usecases
from ballots.domain import InvalidOfficers, NotAppointed, PollAlreadyOpened
from ballots.store import UnknownPoll
from chassis.auth import Caller
from tests.ballots.meetings import BODY, NOW, RULES_LOADED, SCHEMES_LOADED, events, prepare, with_meeting

OFFICERS = {
    "scrutineers": [{"id": "7", "name": None}, {"id": "3", "name": "代表3"}],
    "chief": "3",
    "tellers": [{"id": "staff-1", "name": "周计票"}],
    "conflicts": [{"person": "9", "reason": "close-relation"}],
}


@pytest.fixture
def store(sqlite_stores):
    with_meeting(sqlite_stores[0], present=60)
    prepare(sqlite_stores[0])
    return sqlite_stores[0]


def test_officers_are_shown_as_appointed_with_the_names_of_the_roll(store):
    appointed = usecases.appoint(store, BODY, "p1", OFFICERS)
    assert appointed["scrutineers"] == [{"id": "7", "name": "代表7"}, {"id": "3", "name": "代表3"}]
    assert (appointed["chief"], appointed["tellers"]) == ("3", OFFICERS["tellers"])
    assert usecases.show_officers(store, BODY, "p1") == appointed


def test_officers_of_a_later_appointment_replace_the_earlier_ones(store):
    usecases.appoint(store, BODY, "p1", OFFICERS)
    only = {"scrutineers": [{"id": "5", "name": None}], "chief": "5", "tellers": [], "conflicts": []}
    assert usecases.appoint(store, BODY, "p1", only) == usecases.show_officers(store, BODY, "p1")
    with store.reading() as ballots:
        officers = ballots.officers(ballots.poll(BODY, "p1"))
    assert (officers.chief.id, officers.scrutineer("3"), officers.teller("staff-1")) == ("5", None, None)


def test_a_poll_without_officers_has_none(store):
    shown = usecases.show_officers(store, BODY, "p1")
    assert shown == {"scrutineers": [], "chief": None, "tellers": [], "conflicts": []}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"chief": None}, "chief"),
        ({"chief": "9"}, "chief"),
        ({"scrutineers": [], "chief": "3"}, "chief"),
        ({"scrutineers": [{"id": "3", "name": None}, {"id": "80", "name": "外人"}]}, "scrutineers.1.id"),
        ({"scrutineers": [{"id": "3", "name": None}, {"id": "61", "name": None}]}, "scrutineers.1.id"),
        ({"scrutineers": [{"id": "3", "name": None}, {"id": "3", "name": None}]}, "scrutineers.1.id"),
        ({"scrutineers": [{"id": "3", "name": "别人"}]}, "scrutineers.0.name"),
        ({"tellers": [{"id": "12", "name": "代表12"}]}, "tellers.0.id"),
        ({"tellers": [{"id": "s1", "name": "甲"}, {"id": "s1", "name": "乙"}]}, "tellers.1.id"),
        ({"conflicts": [{"person": "7", "reason": "close-relation"}]}, "scrutineers.0.id"),
        ({"conflicts": [{"person": "staff-1", "reason": "implementing-unit"}]}, "tellers.0.id"),
        ({"conflicts": [{"person": "9", "reason": "other"}] * 2}, "conflicts.1.person"),
    ],
)
def test_officers_who_may_not_be_are_refused_by_their_field(store, changed, field):
    with pytest.raises(InvalidOfficers) as refused:
        usecases.appoint(store, BODY, "p1", OFFICERS | changed)
    assert refused.value.field == field
    assert usecases.show_officers(store, BODY, "p1")["scrutineers"] == []


def test_a_deputy_who_left_the_roll_scrutinises_by_the_name_that_is_given(store):
    usecases.replace_roll(
        store, BODY, [{"id": "1", "name": "代表1", "delegation": None, "district": None}], "clerk", NOW
    )
    with pytest.raises(InvalidOfficers, match="left the roll"):
        usecases.appoint(store, BODY, "p1", OFFICERS)
    named = [{"id": "7", "name": "代表7"}, {"id": "3", "name": "代表3"}]
    assert usecases.appoint(store, BODY, "p1", OFFICERS | {"scrutineers": named})["scrutineers"] == named


def test_officers_are_appointed_before_the_poll_opens(store):
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    with pytest.raises(PollAlreadyOpened):
        usecases.appoint(store, BODY, "p1", OFFICERS)
    with pytest.raises(UnknownPoll):
        usecases.appoint(store, BODY, "p2", OFFICERS)


def caller(subject, *roles):
    return Caller(subject, frozenset(roles), frozenset({BODY}))


def test_who_was_appointed_acts_and_nobody_else(store):
    usecases.appoint(store, BODY, "p1", OFFICERS)
    scrutineer, teller = OFFICERS["scrutineers"][0]["id"], OFFICERS["tellers"][0]["id"]
    for subject, role in ((scrutineer, "scrutineer"), (teller, "teller")):
        usecases.check_appointed(store, BODY, "p1", caller(subject, role))
    for subject, *roles in (
        ("somebody", "scrutineer", "teller"),
        (scrutineer, "teller"),
        (teller, "scrutineer"),
        (scrutineer, "clerk"),
    ):
        with pytest.raises(NotAppointed):
            usecases.check_appointed(store, BODY, "p1", caller(subject, *roles))


def test_where_nobody_was_appointed_a_declared_conflict_still_excludes(store):
    conflicts = [{"person": "7", "reason": "close-relation"}]
    given = {"scrutineers": [], "chief": None, "tellers": [], "conflicts": conflicts}
    usecases.appoint(store, BODY, "p1", given)
    usecases.check_appointed(store, BODY, "p1", caller("8", "scrutineer"))
    with pytest.raises(NotAppointed):
        usecases.check_appointed(store, BODY, "p1", caller("7", "scrutineer", "teller"))


def test_officers_are_named_in_no_event(store):
    usecases.appoint(store, BODY, "p1", OFFICERS)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    assert "代表" not in str([data | {"body_name": ""} for _, data in events(store)])
