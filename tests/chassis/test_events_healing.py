"""Healing and the consumer: whatever the broker loses, and whoever was down, everything is heard in the
end."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event as Flag
from threading import Thread

import pytest
from structlog.testing import capture_logs

from chassis.bus import BusUnavailable, KombuBus, Message
from chassis.events import consumer as consumer_module
from chassis.events import healing as healing_module
from chassis.events.consumer import Consumer
from chassis.events.healing import Healing, pages_queue
from chassis.events.inbox_store import InboxStore
from chassis.events.log import EventLog, page_answerer
from chassis.events.relay import Relay
from chassis.metrics import sample
from chassis.store import StoreUnavailable
from chassis.testing.bus import FakeBus
from chassis.testing.log import FakeEventLog, leading
from chassis.testing.things import SOURCE, altered
from tests.support.listeners import Listener, on_the_fake
from tests.support.things_store import kept, tell, things_store
from tests.support.waiting import eventually

PAGE = 3


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(healing_module, "_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(consumer_module, "_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(consumer_module, "_LOOK_SECONDS", 0.05)


@pytest.fixture
def bus():
    return FakeBus()


@pytest.fixture
def log(bus):
    """A source that answers with pages of three events."""
    log = FakeEventLog()
    bus.answers(pages_queue("north"), page_answerer(log, PAGE))
    return log


@pytest.fixture
def listener():
    return on_the_fake()


@pytest.fixture
def healing(listener, bus):
    return Healing("east", listener.inbox, bus, timeout=0.2, compare=0.1)


def grow(log, *numbers, bus=None):
    """Appends and numbers; publishes, too, where there is a bus."""
    log.append(numbers)
    lead = leading(log)
    logged = log.number(lead, 1000)
    lead.release()
    if bus:
        publisher = bus.publisher("north.events")
        for each in logged:
            with suppress(BusUnavailable):
                publisher.publish([each.message])


@contextmanager
def consuming(listener, healing, bus) -> Iterator[Consumer]:
    """A consumer and its healing at work in threads; ``south`` is followed, too, and nobody answers there."""
    consumer = Consumer("east", listener.inbox, healing, bus, batch=50)
    threads = [Thread(target=consumer.run, daemon=True)]
    threads += [Thread(target=healing.follow, args=[each], daemon=True) for each in listener.inbox.sources]
    for thread in threads:
        thread.start()
    try:
        yield consumer
    finally:
        consumer.stop()
        healing.stop()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def test_what_keeps_a_consumer_from_its_events_is_logged_when_it_changes_and_not_at_each_try(
    listener, healing, bus, monkeypatch
):
    tries, real = [], listener.inbox.retry

    def without_store():
        tries.append(1)
        raise StoreUnavailable("The database cannot be reached at the moment.")

    def is_told(count):
        eventually(lambda: len(told) == count, 10, f"{count} changes are told: {told}")

    with capture_logs() as told, consuming(listener, healing, bus):
        is_told(1)
        monkeypatch.setattr(listener.inbox, "retry", without_store)
        eventually(lambda: len(tries) > 4, 10, "it has tried some times")
        monkeypatch.setattr(listener.inbox, "retry", real)
        is_told(3)
        bus.down = True
        is_told(4)
    assert [(line["event"], line.get("reason")) for line in told] == [
        ("takes_events", None),
        ("takes_no_events", "The database cannot be reached at the moment."),
        ("takes_events", None),
        ("takes_no_events", "The broker cannot be reached at the moment."),
    ]


def test_what_is_missing_is_fetched_page_by_page(healing, log, listener):
    grow(log, *range(10))
    assert healing.heal("north")
    assert listener.inbox_store.work == list(range(10))


def test_only_what_is_missing_is_fetched(healing, log, listener, bus):
    grow(log, 1, 2)
    healing.heal("north")
    asked = []
    answerer = page_answerer(log, PAGE)
    bus.answers(pages_queue("north"), lambda question: asked.append(question) or answerer(question))
    grow(log, 3)
    assert healing.heal("north")
    assert asked == [{"after": 2}]
    assert listener.inbox_store.work == [1, 2, 3]


def test_healed_gaps_and_events_are_counted(healing, log):
    def counts():
        names = ("piaojue_inbox_gaps_healed_total", "piaojue_inbox_events_healed_total")
        return [sample(name, service="east", source="north") for name in names]

    gaps, events = counts()
    grow(log, *range(7))
    healing.heal("north")
    healing.heal("north")
    assert counts() == [gaps + 1, events + 7]


def test_a_source_that_does_not_answer_is_told_as_such(healing, bus):
    assert not healing.heal("north")
    bus.down = True
    assert not healing.heal("north")


def test_a_source_that_was_set_back_is_stopped(healing, log, listener):
    grow(log, 1, 2, 3)
    healing.heal("north")
    del log.events[1:]
    healing.heal("north")
    assert "ends with event 1" in listener.inbox.position("north").forked


def test_a_source_that_went_on_after_it_was_set_back_is_stopped(healing, log, listener):
    grow(log, 1, 2)
    healing.heal("north")
    del log.events[1:]
    grow(log, 8, 9)
    healing.heal("north")
    assert "does not continue" in listener.inbox.position("north").forked
    assert listener.inbox_store.work == [1, 2]


def test_a_source_whose_log_was_altered_is_stopped_instead_of_asked_for_ever(healing, log, listener):
    grow(log, 1, 2, 3)
    log.events[1] = altered(log.events[1], data={"number": 9})
    assert healing.heal("north")
    assert "not what was hashed" in listener.inbox.position("north").forked
    assert listener.inbox_store.work == [1]


def test_a_source_whose_log_has_a_hole_is_stopped_instead_of_asked_for_ever(healing, log, listener, bus):
    grow(log, 1, 2, 3)
    whole = page_answerer(log, PAGE)

    def holed(question):
        answer = whole(question)
        answer["events"] = [body for body in answer["events"] if '"000000000000002"' not in body]
        return answer

    bus.answers(pages_queue("north"), holed)
    assert healing.heal("north")
    assert "event 2 is missing" in listener.inbox.position("north").forked


@pytest.mark.parametrize(
    "answer",
    [{}, {"tip": None, "events": []}, {"tip": {"sequence": 1, "hash": "x"}, "events": ["{}"]}, {"tip": []}],
)
def test_an_answer_that_is_no_page_is_not_understood_and_changes_nothing(healing, bus, listener, answer):
    bus.answers(pages_queue("north"), lambda question: answer)
    assert not healing.heal("north")
    assert listener.inbox.position("north").sequence == 0


def test_a_consumer_hears_what_is_published(healing, log, listener, bus):
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        grow(log, 1, 2, 3, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1, 2, 3])
    assert bus.queues == {"east.inbox": []}


def test_a_consumer_that_was_down_catches_up(healing, log, listener, bus):
    grow(log, *range(20), bus=bus)
    with consuming(listener, healing, bus):
        eventually(lambda: listener.inbox_store.work == list(range(20)))


def test_lost_messages_are_healed_at_the_next_one(listener, log, bus):
    healing = Healing("east", listener.inbox, bus, timeout=0.2, compare=60)
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        bus.lose = 5
        grow(log, *range(5), bus=bus)
        grow(log, 5, bus=bus)
        eventually(lambda: listener.inbox_store.work == list(range(6)))


def test_lost_messages_are_healed_by_comparison_when_no_other_comes(healing, log, listener, bus):
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        bus.lose = 5
        grow(log, *range(5), bus=bus)
        eventually(lambda: listener.inbox_store.work == list(range(5)))


def test_a_wiped_broker_is_healed(healing, log, listener, bus):
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        grow(log, 1, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1])
        bus.wipe()
        grow(log, 2, 3, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1, 2, 3])
        eventually(lambda: "east.inbox" in bus.queues, what="the consumer has its queue again")
        grow(log, 4, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1, 2, 3, 4])


def test_a_broker_that_is_away_at_the_start_is_waited_for(healing, log, listener, bus):
    bus.down = True
    with consuming(listener, healing, bus):
        grow(log, 1)
        bus.down = False
        eventually(lambda: listener.inbox_store.work == [1])


def test_a_database_that_is_away_loses_nothing(healing, log, listener, bus):
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        listener.inbox_store.away = True
        grow(log, 1, 2, bus=bus)
        listener.inbox_store.away = False
        eventually(lambda: listener.inbox_store.work == [1, 2])


def test_a_commit_that_failed_is_made_again_and_acknowledged_only_then(healing, log, listener, bus):
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        listener.inbox_store.away_at_commit = True
        grow(log, 1, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1])


def test_a_source_that_is_down_keeps_nobody_waiting(listener, log, bus):
    """South is asked, and does not answer until all of north is heard, and what got lost of it fetched."""
    healing = Healing("east", listener.inbox, bus, timeout=300, compare=300)
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        grow(log, 1, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1])
        bus.lose = 1
        grow(log, 2, 3, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1, 2, 3])
        bus.answers(pages_queue("south"), page_answerer(FakeEventLog(), PAGE))


def test_a_source_that_answers_nonsense_keeps_no_other_from_being_healed(healing, log, listener, bus):
    bus.answers(pages_queue("south"), lambda question: {"tip": "nonsense"})
    with consuming(listener, healing, bus):
        grow(log, 1, 2)
        eventually(lambda: listener.inbox_store.work == [1, 2])


def test_an_event_that_failed_is_tried_again_without_a_message(healing, log, listener, bus):
    listener.failing[1] = 2
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        grow(log, 1, bus=bus)
        eventually(lambda: listener.inbox_store.load().waiting == 1)
        listener.clock.pass_by(1)
        eventually(lambda: listener.inbox_store.work == [1])


def test_a_released_event_is_tried_when_the_consumer_is_told_to_look(healing, log, listener, bus):
    listener.failing[1] = 5
    listener.pauses = (0,)
    listener.__post_init__()
    with consuming(listener, Healing("east", listener.inbox, bus, timeout=0.2, compare=1), bus) as consumer:
        grow(log, 1)
        eventually(lambda: listener.inbox_store.load().parked == 1)
        listener.failing.clear()
        assert listener.inbox_store.release(log.events[0].id, listener.clock())
        consumer.look()
        eventually(lambda: listener.inbox_store.work == [1])


def test_an_unforeseen_failure_does_not_end_the_consumer(healing, log, listener, bus, monkeypatch):
    receive, failures = listener.inbox.receive, [RuntimeError("boom")]

    def failing(deliveries):
        if failures:
            raise failures.pop()
        return receive(deliveries)

    monkeypatch.setattr(listener.inbox, "receive", failing)
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        grow(log, 1, bus=bus)
        eventually(lambda: not failures)
        eventually(lambda: listener.inbox_store.work == [1])


@contextmanager
def answering(bus, log):
    ended = Flag()

    def answer():
        while not ended.is_set():
            with suppress(BusUnavailable):
                bus.answer(pages_queue("north"), page_answerer(log, 50), ended.is_set)
            ended.wait(0.1)

    thread = Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(20)


@pytest.mark.slow
def test_on_real_servers_nothing_is_lost_when_the_broker_loses_its_disk(database_url, broker_url, rabbitmq):
    bus = KombuBus(broker_url)
    with things_store(database_url("north")) as north, things_store(database_url("east")) as east:
        log = EventLog(north, SOURCE)
        relay = Relay("north", log, bus, batch=100, interval=0.1)
        listener = Listener(InboxStore(east), lambda things, number: things.keep(number, once=number))
        healing = Healing("east", listener.inbox, bus, timeout=2, compare=0.5)
        relaying = Thread(target=relay.run, daemon=True)
        relaying.start()
        with answering(bus, log), consuming(listener, healing, bus):
            tell(north, *range(100))
            eventually(lambda: kept(east) == list(range(100)), 20)
            rabbitmq.kill()
            rabbitmq.wipe()
            tell(north, *range(100, 200))
            rabbitmq.start()
            tell(north, *range(200, 300))
            eventually(lambda: kept(east) == list(range(300)), 40)
        relay.stop()
        relaying.join(20)


def test_messages_of_strangers_do_not_hold_up_the_queue(healing, log, listener, bus):
    with consuming(listener, healing, bus):
        eventually(lambda: bus.queues)
        bus.publisher("north.events").publish([Message("1", "x", b"\xff"), Message("2", "y", b"{}")])
        grow(log, 1, bus=bus)
        eventually(lambda: listener.inbox_store.work == [1])
        assert listener.inbox_store.load().parked == 2
