"""Dead letters: found, released, discarded; and what waited behind them goes on."""

import hashlib

import pytest
from sqlalchemy import text

from chassis.bus import Delivery
from chassis.events.dead_letters import DeadLetters
from chassis.events.inbox import Inbox
from chassis.events.inbox_store import InboxStore
from chassis.store.tables import DISCARDED
from chassis.testing.inbox import NOON, handled, parked, waiting
from chassis.testing.inbox import store as stored
from chassis.testing.things import event_type, happenings

TYPE = "piaojue.north.thing_happened.v1"


@pytest.fixture
def letters(store):
    return DeadLetters(store)


@pytest.fixture
def inbox_store(store):
    return InboxStore(store)


def test_only_what_is_parked_is_found_and_by_source_type_and_id(letters, inbox_store):
    first, second = happenings(2)
    stored(inbox_store, [first], parked())
    stored(inbox_store, [second], waiting())
    (other,) = stored(inbox_store, happenings(1, producer="south"), parked())
    stored(inbox_store, happenings(1, producer="west"), handled())
    assert {letter.id for letter in letters.find()} == {first.id, other.id}
    assert [letter.id for letter in letters.find(source="north")] == [first.id]
    assert [letter.id for letter in letters.find(type=TYPE)] == [first.id]
    assert {letter.id for letter in letters.find(type="thing_happened.v1")} == {first.id, other.id}
    assert letters.find(type="happened.v1") == letters.find(type="%") == []
    assert [letter.id for letter in letters.find(ids=[other.id, "unknown"])] == [other.id]
    assert len(letters.find(most=1)) == 1


def test_a_letter_tells_since_when_how_often_and_of_what_it_failed(letters, inbox_store):
    (event,) = stored(inbox_store, happenings(1), parked())
    (letter,) = letters.find()
    assert (letter.source, letter.sequence, letter.type, letter.subject) == ("north", 1, TYPE, "things/1")
    assert (letter.state, letter.attempts, letter.since, letter.error) == ("parked", 6, NOON, "Boom")
    assert letters.event(event.id) == event
    assert letters.event("unknown") is None


def test_how_many_wait_behind_a_letter_is_counted_by_subject(letters, inbox_store):
    events = happenings(5, subjects=["things/1", "things/2"])
    stored(inbox_store, events[:1], parked())
    stored(inbox_store, events[1:], waiting())
    (letter,) = letters.find()
    assert letters.waiting_behind(letter) == 2


def inbox_of(inbox_store, handled):
    kept = {TYPE: (event_type(), lambda heard: handled.append(heard.event.sequence))}
    return Inbox("south", inbox_store, kept, pauses=[1], clock=lambda: NOON)


def test_after_a_discarded_event_those_of_its_subject_go_on(store, letters, inbox_store):
    first, second, third = happenings(3)
    stored(inbox_store, [first], parked())
    stored(inbox_store, [second, third], waiting())
    done = []
    inbox = inbox_of(inbox_store, done)
    inbox.retry()
    assert done == []
    with store.begin() as transaction:
        assert letters.discard(transaction, first.id, "the project was withdrawn")
    inbox.retry()
    assert done == [2, 3]
    assert inbox_store.load().parked == 0
    (kept,) = letters.find(state=DISCARDED)
    assert kept.error == "discarded: the project was withdrawn; it had failed with: Boom"
    assert letters.event(first.id) == first


def test_a_released_event_is_handled_before_those_behind_it(store, letters, inbox_store):
    first, second = happenings(2)
    stored(inbox_store, [first], parked())
    stored(inbox_store, [second], waiting())
    done = []
    with store.begin() as transaction:
        assert letters.release(transaction, [second.id, first.id, "unknown"], NOON) == [first.id]
    inbox_of(inbox_store, done).retry()
    assert done == [1, 2]


def test_what_is_not_parked_is_not_discarded(store, letters, inbox_store):
    (event,) = stored(inbox_store, happenings(1), waiting())
    with store.begin() as transaction:
        assert not letters.discard(transaction, event.id, "why not")
        assert not letters.discard(transaction, "unknown", "why not")
    assert inbox_store.load().waiting == 1


def test_nothing_is_discarded_by_a_transaction_that_raised(store, letters, inbox_store):
    (event,) = stored(inbox_store, happenings(1), parked())
    with pytest.raises(KeyError), store.begin() as transaction:
        raise KeyError(letters.discard(transaction, event.id, "why not"))
    assert [letter.id for letter in letters.find()] == [event.id]


def test_a_discarded_event_that_comes_again_is_a_duplicate(store, letters, inbox_store):
    (event,) = happenings(1)
    failing = {TYPE: (event_type(), lambda heard: 1 // 0)}
    inbox = Inbox("south", inbox_store, failing, pauses=[], clock=lambda: NOON)
    inbox.take([event])
    with store.begin() as transaction:
        assert letters.discard(transaction, event.id, "it divides by nothing")
    taken = inbox.receive([Delivery(event.as_bytes(), "north.events", "thing_happened.v1")])
    assert (taken.taken, taken.duplicates["north"]) == (0, 1)
    assert inbox_store.load().parked == 0


def test_bytes_that_are_no_event_are_shown_and_discarded_with_their_hash(store, letters, inbox_store):
    with store.begin() as transaction:
        inbox_store.add_unreadable(transaction, Delivery(b"\xff\x00", "north.events", "x"), "no JSON", NOON)
    assert letters.message(1) == b"\xff\x00"
    assert letters.message(2) is None
    with store.begin() as transaction:
        assert letters.discard_message(transaction, 1) == hashlib.sha256(b"\xff\x00").hexdigest()
        assert letters.discard_message(transaction, 1) is None
    with store.begin() as transaction:
        assert transaction.connection.scalar(text("SELECT count(*) FROM inbox_unreadable")) == 0
