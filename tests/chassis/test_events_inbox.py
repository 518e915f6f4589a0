"""The inbox takes each event once and in order, and knows where a source left off or went astray."""

import json
from contextlib import suppress
from threading import Barrier, Thread

import pytest

from chassis.bus import Delivery
from chassis.correlation import current_correlation_id
from chassis.events.inbox import Inbox
from chassis.events.inbox_store import InboxStore
from chassis.events.ports import Tip
from chassis.metrics import sample
from chassis.store import StoreUnavailable
from chassis.testing.inbox import FakeInboxStore
from chassis.testing.things import altered, event_type, happenings
from tests.support.listeners import Clock, Listener, deliveries
from tests.support.things_store import kept


def duplicates():
    return sample("piaojue_inbox_duplicates_total", service="east", source="north")


def test_events_are_taken_once_and_in_order(listener, hears):
    events = happenings(5)
    taken = listener.inbox.receive(deliveries(events))
    assert (taken.taken, taken.failed, taken.gaps) == (5, 0, set())
    assert hears() == [1, 2, 3, 4, 5]
    assert listener.inbox.position("north").sequence == 5


def test_a_duplicate_is_dropped_and_counted(listener, hears):
    events, before = happenings(3), duplicates()
    listener.inbox.receive(deliveries([events[0], events[0], events[1]]))
    taken = listener.inbox.receive(deliveries(events))
    assert taken.duplicates == {"north": 2}
    assert duplicates() == before + 3
    assert hears() == [1, 2, 3]


def test_what_follows_a_gap_is_not_taken_and_the_gap_is_told(listener, hears):
    events = happenings(4)
    taken = listener.inbox.receive(deliveries([events[0], events[2], events[3]]))
    assert (taken.taken, taken.gaps) == (1, {"north"})
    assert listener.inbox.take(events).taken == 3
    assert hears() == [1, 2, 3, 4]


def test_events_out_of_order_are_a_gap_until_they_fit(listener, hears):
    first, second = happenings(2)
    assert listener.inbox.receive(deliveries([second, first])).gaps == {"north"}
    listener.inbox.receive(deliveries([second]))
    assert hears() == [1, 2]


def test_sources_are_told_apart(listener, hears):
    north, south = happenings(2), happenings(1, producer="south")
    taken = listener.inbox.receive(deliveries([north[0], south[0], north[1]]))
    assert (taken.taken, taken.gaps) == (3, set())
    assert listener.inbox.position("south").sequence == 1


def test_events_of_a_source_that_is_not_followed_are_passed_over(listener, hears):
    taken = listener.inbox.receive(deliveries(happenings(2, producer="west")))
    assert (taken.taken, taken.gaps) == (0, set())
    assert hears() == []


def test_an_event_without_a_handler_only_moves_the_cursor(listener, hears):
    first, second = happenings(2)
    stranger = altered(first, type=event_type(name="thing_moved").type).sealed()
    second = altered(second, previous_hash=stranger.hash).sealed()
    assert listener.inbox.receive(deliveries([stranger, second])).taken == 2
    assert hears() == [2]


@pytest.mark.parametrize(
    "change",
    [{"data": {"number": 9}}, {"previous_hash": "f" * 64}, {"subject": "things/2"}, {"hash": "0" * 64}],
)
def test_an_event_altered_on_its_way_is_not_taken_and_the_source_is_asked(listener, hears, change):
    first, second = happenings(2)
    listener.inbox.receive(deliveries([first]))
    taken = listener.inbox.receive(deliveries([altered(second, **change)]))
    assert (taken.taken, taken.gaps) == (0, {"north"})
    assert listener.inbox.position("north").forked is None
    listener.inbox.take([second])
    assert hears() == [1, 2]


def test_a_forged_event_cannot_stop_its_source(listener, hears):
    """Its hash is right, and it does not continue the log: only the source itself can say what does."""
    first, second = happenings(2)
    forged = altered(second, previous_hash="f" * 64, data={"number": 9}).sealed()
    listener.inbox.receive(deliveries([first]))
    assert listener.inbox.receive(deliveries([forged])).gaps == {"north"}
    assert listener.inbox.position("north").forked is None
    listener.inbox.receive(deliveries([second]))
    assert hears() == [1, 2]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda event: altered(event, previous_hash="f" * 64).sealed(), "does not continue"),
        (lambda event: altered(event, data={"number": 9}), "not what was hashed"),
        (lambda event: altered(event, sequence=3).sealed(), "event 2 is missing"),
    ],
)
def test_a_source_whose_own_log_does_not_continue_is_stopped(listener, hears, change, reason):
    first, second = happenings(2)
    listener.inbox.take([first])
    assert listener.inbox.take([change(second)]).taken == 0
    assert reason in listener.inbox.position("north").forked
    assert sample("piaojue_inbox_forked", service="east", source="north") == 1
    assert listener.inbox.take([second]).taken == 0
    assert hears() == [1]
    listener.inbox.take(happenings(1, producer="south"))
    assert hears() == [1, 1]


@pytest.mark.parametrize(
    ("tip", "reason"), [((1, "a" * 64), "ends with event 1"), ((2, "a" * 64), "not the one")]
)
def test_a_source_that_was_set_back_or_altered_is_stopped(listener, tip, reason):
    listener.inbox.take(happenings(2))
    listener.inbox.compare("north", listener.inbox.position("north"), Tip(*tip))
    assert reason in listener.inbox.position("north").forked


def test_a_source_that_is_ahead_or_equal_is_followed_on(listener):
    events = happenings(3)
    listener.inbox.take(events[:2])
    position = listener.inbox.position("north")
    for event in events[1:]:
        listener.inbox.compare("north", position, Tip(event.sequence, event.hash))
    assert listener.inbox.position("north").forked is None


def test_a_handler_works_for_the_request_that_caused_the_event(listener):
    seen = []
    listener.hook = lambda heard: seen.append(current_correlation_id())
    event = altered(happenings(1)[0], correlation_id="request-7").sealed()
    listener.inbox.receive(deliveries([event]))
    assert seen == ["request-7"]


def test_fields_that_are_not_known_are_read_over(listener, hears):
    members = json.loads(happenings(1)[0].as_bytes()) | {"added": "by a gateway"}
    taken = listener.inbox.receive([Delivery(json.dumps(members).encode(), "north.events", "x")])
    assert taken.taken == 1
    assert hears() == [1]


def test_two_inboxes_of_a_service_share_its_work_and_keep_the_order(postgresql_store):
    """Two processes: one heals while the other receives, and both retry."""
    events = happenings(200, subjects=[f"things/{at}" for at in range(5)])
    ready = Barrier(3)
    listeners = [
        Listener(InboxStore(postgresql_store), lambda things, number: things.keep(number, once=number))
        for _ in range(3)
    ]
    for listener in listeners:
        listener.failing.update(dict.fromkeys(range(1, 200, 7), 1))

    def work(listener, size):
        ready.wait(20)
        for _ in range(0, len(events), size):
            with suppress(StoreUnavailable):
                listener.inbox.take(events[listener.inbox.position("north").sequence :][:size])
            listener.clock.pass_by(10)
            listener.inbox.retry()
        while listener.inbox.position("north").sequence < len(events):
            listener.inbox.take(events[listener.inbox.position("north").sequence :][:size])

    threads = [
        Thread(target=work, args=[each, size]) for each, size in zip(listeners, (7, 13, 20), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    listeners[0].clock.pass_by(1000)
    while listeners[0].inbox.retry():
        listeners[0].clock.pass_by(1000)
    found = kept(postgresql_store)
    assert sorted(found) == list(range(1, 201))
    for subject in range(5):
        own = [number for number in found if (number - 1) % 5 == subject]
        assert own == sorted(own)


def test_an_inbox_follows_the_producers_of_what_it_handles():
    inbox = Inbox("east", FakeInboxStore(), {}, pauses=[1], clock=Clock())
    assert inbox.sources == frozenset()
