"""Roll calls: facts that are kept, and who was present at any time by them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import insert

from ballots import usecases
from ballots.domain import InvalidRollCall, RollCall, RollCallKind, UnknownDeputy, present_at
from ballots.store import UnknownMeeting
from ballots.store.tables import roll_calls
from tests.ballots.meetings import BODY, NOW, with_body

CALLED, ARRIVED, LEFT = RollCallKind


@pytest.fixture
def store(sqlite_stores):
    with_body(sqlite_stores[0])
    usecases.call_meeting(sqlite_stores[0], BODY, {"meeting": "m1", "title": "会议", "quorum": "2/3"})
    return sqlite_stores[0]


def at(minute):
    return NOW + timedelta(minutes=minute)


def record(store, kind, deputies, minute, *, since=None):
    """Recorded at a minute; so since another, if that is given."""
    return usecases.record_roll_call(
        *(store, BODY, "m1", kind, deputies, at(minute)),
        by="clerk-7",
        at=None if since is None else at(since),
    )["present"]


def present(store, minute=None):
    moment = None if minute is None else at(minute)
    return usecases.show_meeting(store, BODY, "m1", moment)["present"]


def test_arrivals_and_departures_add_to_a_roll_call(store):
    assert record(store, CALLED, ["1", "2", "3"], 0) == 3
    assert record(store, ARRIVED, ["3", "4", "5"], 10) == 5
    assert record(store, LEFT, ["1", "77"], 20) == 4
    assert record(store, LEFT, ["1"], 21) == 4
    assert [present(store, minute) for minute in (-1, 0, 9, 10, 20, 99)] == [0, 3, 3, 5, 4, 4]
    assert present(store) == 4


def test_deputies_arrive_where_no_roll_was_called(store):
    assert record(store, ARRIVED, ["1"], 0) == 1
    assert record(store, ARRIVED, [], 1) == 1


def test_a_roll_call_that_corrects_an_earlier_one_moves_nobody_who_came_after_it(store):
    record(store, CALLED, ["1", "2"], 0)
    record(store, ARRIVED, ["9"], 10)
    assert record(store, CALLED, ["1", "2", "3"], 15, since=0) == 4
    assert [present(store, minute) for minute in (0, 9, 10)] == [3, 3, 4]
    assert record(store, CALLED, ["1"], 20) == 1


def test_all_facts_are_shown_as_they_were_recorded(store):
    record(store, CALLED, ["2", "1"], 0)
    record(store, CALLED, ["1"], 5, since=0)
    record(store, LEFT, ["1"], 6)
    facts = usecases.show_roll_calls(store, BODY, "m1")["roll_calls"]
    assert [(each["number"], each["kind"], each["deputies"]) for each in facts] == [
        (1, "called", ["1", "2"]),
        (2, "called", ["1"]),
        (3, "left", ["1"]),
    ]
    assert (facts[1]["at"], facts[1]["recorded_at"], facts[1]["by"]) == (at(0), at(5), "clerk-7")


def test_a_fact_of_a_process_whose_clock_is_behind_is_still_the_last(store):
    record(store, CALLED, ["1"], 10)
    assert record(store, CALLED, ["1", "2"], 9) == 2
    assert usecases.show_roll_calls(store, BODY, "m1")["roll_calls"][1]["at"] == at(10)


def test_a_roll_call_of_an_earlier_release_is_a_fact_like_others(store):
    with store.transaction() as ballots:
        values = {"body": BODY, "meeting": "m1", "number": 1, "present": ["1", "2"], "called_at": NOW}
        ballots.connection.execute(insert(roll_calls).values(**values))
    assert record(store, ARRIVED, ["3"], 1) == 3
    first = usecases.show_roll_calls(store, BODY, "m1")["roll_calls"][0]
    assert (first["kind"], first["deputies"], first["at"], first["recorded_at"], first["by"]) == (
        *("called", ["1", "2"], NOW, NOW),
        None,
    )


@pytest.mark.parametrize(
    "since",
    [
        NOW + timedelta(seconds=1),
        NOW - timedelta(days=32),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=23))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=23))),
    ],
)
def test_a_fact_is_not_to_come_nor_of_long_ago(store, since):
    with pytest.raises(InvalidRollCall) as refused:
        usecases.record_roll_call(store, BODY, "m1", ARRIVED, ["1"], NOW, at=since)
    assert refused.value.field == "at"
    assert usecases.show_roll_calls(store, BODY, "m1") == {"roll_calls": []}


@pytest.mark.parametrize("kind", RollCallKind)
def test_a_fact_is_about_deputies_who_are_due(store, kind):
    with pytest.raises(UnknownDeputy):
        record(store, kind, ["1", "stranger"], 0)
    assert usecases.show_roll_calls(store, BODY, "m1") == {"roll_calls": []}


def test_a_fact_is_of_a_meeting_that_is_there(store):
    with pytest.raises(UnknownMeeting):
        usecases.record_roll_call(store, BODY, "m2", CALLED, ["1"], NOW)
    with pytest.raises(UnknownMeeting):
        usecases.show_roll_calls(store, BODY, "m2")


FACTS = some.lists(
    some.tuples(
        some.sampled_from(RollCallKind), some.frozensets(some.sampled_from("123456")), some.integers(0, 5)
    ),
    max_size=12,
).map(
    lambda facts: [
        RollCall(number, kind, deputies, datetime(2022, 4, 16, minute, tzinfo=UTC), NOW, None)
        for number, (kind, deputies, minute) in enumerate(facts, 1)
    ]
)


@given(FACTS, some.integers(-1, 6), some.randoms())
def test_who_is_present_follows_from_the_facts_up_to_then_in_whatever_order_they_are_read(
    facts, hour, random
):
    moment = datetime(2022, 4, 16, tzinfo=UTC) + timedelta(hours=hour)
    expected: set[str] = set()
    for fact in sorted(facts, key=lambda each: (each.at, each.number)):
        if fact.at <= moment:
            kept = set() if fact.kind is CALLED else expected
            expected = kept - fact.deputies if fact.kind is LEFT else kept | fact.deputies
    assert present_at(random.sample(facts, len(facts)), moment) == expected
