"""What cannot be read, or fails again and again, is set aside: kept, told why, and given again when asked."""

from chassis.bus import Delivery
from chassis.errors import Conflict
from chassis.testing.things import altered, happenings
from tests.support.listeners import ALWAYS, deliveries


def test_what_cannot_be_read_is_kept_as_bytes_and_the_rest_is_taken(listener, hears):
    first, second = deliveries(happenings(2))
    strange = [Delivery(b"\xff", "north.events", "x"), Delivery(b"[]", "north.events", "y")]
    assert listener.inbox.receive([first, *strange, second]).taken == 2
    assert hears() == [1, 2]
    kept_bytes = listener.inbox_store.unreadables(10)
    assert [(each.routing_key, each.size) for each in kept_bytes] == [("x", 1), ("y", 2)]
    assert listener.inbox.receive(strange[:1]).taken == 0


def test_an_event_that_came_by_the_exchange_of_another_is_kept_aside(listener, hears):
    """Who may publish in one name could tell in another's otherwise."""
    first, second = happenings(2)
    forged = Delivery(second.as_bytes(), "south.events", second.routing_key)
    assert listener.inbox.receive([*deliveries([first]), forged]).taken == 1
    assert hears() == [1]
    (aside,) = listener.inbox_store.unreadables(10)
    assert "exchange of another" in aside.reason
    assert listener.inbox.receive(deliveries([second])).taken == 1


def test_pauses_grow_and_the_event_is_parked_after_the_last(listener, hears):
    listener.failing[1] = ALWAYS
    listener.inbox.receive(deliveries(happenings(1)))
    pauses = []
    while (seconds := listener.inbox.seconds_to_next_try()) is not None:
        pauses.append(seconds)
        listener.clock.pass_by(seconds)
        listener.inbox.retry()
    assert pauses == [1, 2, 5]
    (entry,) = listener.inbox_store.parked(10)
    assert (entry.attempts, entry.error) == (4, "RuntimeError")


def test_those_behind_a_parked_event_wait_and_others_go_on(listener, hears):
    listener.failing[1] = ALWAYS
    events = happenings(5, subjects=["a", "b"])
    listener.inbox.receive(deliveries(events[:3]))
    listener.retry_until_done()
    listener.inbox.receive(deliveries(events[3:]))
    listener.retry_until_done()
    assert hears() == [2, 4]
    load = listener.inbox_store.load()
    assert (load.waiting, load.parked) == (2, 1)


def test_a_replay_handles_the_parked_event_and_then_those_behind(listener, hears):
    listener.failing[1] = ALWAYS
    events = happenings(3)
    listener.inbox.receive(deliveries(events))
    listener.retry_until_done()
    listener.failing.clear()
    assert listener.inbox_store.release(events[0].id, listener.clock())
    assert listener.inbox.retry() == 3
    assert hears() == [1, 2, 3]


def test_a_replay_that_fails_is_tried_as_if_for_the_first_time(listener, hears):
    listener.failing[1] = ALWAYS
    events = happenings(1)
    listener.inbox.receive(deliveries(events))
    listener.retry_until_done()
    listener.failing[1] = 2
    listener.inbox_store.release(events[0].id, listener.clock())
    listener.retry_until_done()
    assert hears() == [1]


def test_an_inbox_without_pauses_parks_at_once(listener, hears):
    listener.inbox._pauses = ()
    listener.failing[1] = ALWAYS
    listener.inbox.receive(deliveries(happenings(2, subjects=["a", "b"])))
    assert hears() == [2]
    assert len(listener.inbox_store.parked(10)) == 1


def test_no_text_of_an_unforeseen_error_is_kept(listener):
    listener.failing[1] = ALWAYS
    listener.inbox.receive(deliveries(happenings(1)))
    listener.retry_until_done()
    assert "secret" not in listener.inbox_store.parked(1)[0].error


def test_a_refusal_tells_its_slug(listener):
    def refuse(heard):
        raise Conflict("The poll is not open.")

    listener.hook = refuse
    listener.inbox.receive(deliveries(happenings(1)))
    listener.retry_until_done()
    assert listener.inbox_store.parked(1)[0].error == "conflict: The poll is not open."


def test_data_that_does_not_fit_is_parked_with_the_name_of_the_field(listener, hears):
    event = altered(happenings(1)[0], data={"number": "none"}).sealed()
    listener.inbox.receive(deliveries([event]))
    listener.retry_until_done()
    assert "number" in listener.inbox_store.parked(1)[0].error
    assert hears() == []
