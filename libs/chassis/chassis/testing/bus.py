"""A bus without a broker, with all the faults of one on demand; and the suite of every bus."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any, ClassVar

from chassis.bus.port import Answerer, Bus, BusUnavailable, Delivery, Message, QueueRefused, Subscription
from chassis.testing.things import until

_STEP_SECONDS = 0.02


class FakeBus:
    """Keeps its messages in lists. Threads and green threads may share it.

    ``down``: nobody is answered. ``lose``: so many of the next messages get lost on their way, though
    confirmed. ``loses_confirms``: messages arrive, and their publisher does not learn of it.
    ``refuses``: they arrive, but for a queue that is full. ``twice``: every message is delivered
    twice. ``shuffle``: with a source of randomness, those that wait come in any order.
    """

    def __init__(self) -> None:
        self.down = False
        self.lose = 0
        self.loses_confirms = False
        self.refuses = False
        self.twice = False
        self.shuffle: Random | None = None
        self.queues: dict[str, list[Delivery]] = {}
        self.published: list[Message] = []
        self.changed = Condition()
        self._bound: dict[str, set[str]] = defaultdict(set)
        self._answerers: dict[str, Answerer] = {}
        self._holders: dict[str, list[_FakeSubscription]] = defaultdict(list)

    def wipe(self) -> None:
        """As if the disk had been lost: no message, no queue, no binding, no connection."""
        with self.changed:
            self.queues.clear()
            self._bound.clear()
            self._holders.clear()

    def answers(self, queue: str, answerer: Answerer) -> None:
        """Somebody answers at this queue from now on, without a thread."""
        with self.changed:
            self._answerers[queue] = answerer
            self.changed.notify_all()

    def publisher(self, exchange: str) -> "_FakePublisher":
        self.check()
        return _FakePublisher(self, exchange)

    def subscribe(self, queue: str, exchanges: Sequence[str], *, most: int) -> "_FakeSubscription":
        self.check()
        with self.changed:
            self.queues.setdefault(queue, [])
            for exchange in exchanges:
                self._bound[exchange].add(queue)
            subscription = _FakeSubscription(self, queue, most)
            self._holders[queue].append(subscription)
            return subscription

    def ask(self, queue: str, question: dict[str, Any], timeout: float) -> dict[str, Any]:
        deadline = monotonic() + timeout
        with self.changed:
            while not self.down and queue not in self._answerers:
                if not self.changed.wait(max(deadline - monotonic(), 0)):
                    raise BusUnavailable("Nobody answered in time.")
            answerer = self._answerers.get(queue)
        self.check()
        assert answerer is not None
        try:
            return answerer(question)
        except Exception:
            raise BusUnavailable("Nobody answered in time.") from None

    def answer(self, queue: str, answerer: Answerer, stopping: Callable[[], bool]) -> None:
        self.check()
        self.answers(queue, answerer)
        try:
            while not stopping():
                with self.changed:
                    self.changed.wait(_STEP_SECONDS)
                self.check()
        finally:
            with self.changed:
                self._answerers.pop(queue, None)

    def check(self) -> None:
        if self.down:
            raise BusUnavailable("The broker cannot be reached at the moment.")

    def is_held_by(self, subscription: "_FakeSubscription", queue: str) -> bool:
        """Of several, the first one is the active consumer."""
        return self._holders[queue][:1] == [subscription]

    def give_up(self, subscription: "_FakeSubscription", queue: str) -> None:
        if subscription in self._holders[queue]:
            self._holders[queue].remove(subscription)

    def carry(self, exchange: str, messages: Sequence[Message]) -> None:
        with self.changed:
            for message in messages:
                self.published.append(message)
                if self.lose:
                    self.lose -= 1
                    continue
                delivery = Delivery(message.body, exchange, message.routing_key)
                for queue in sorted(self._bound[exchange]):
                    self.queues[queue] += [delivery] * (2 if self.twice else 1)
            self.changed.notify_all()


class _FakePublisher:
    def __init__(self, bus: FakeBus, exchange: str) -> None:
        self._bus = bus
        self._exchange = exchange

    def publish(self, messages: Sequence[Message]) -> None:
        self._bus.check()
        self._bus.carry(self._exchange, messages)
        if self._bus.loses_confirms:
            raise BusUnavailable("The broker did not confirm in time.")
        if self._bus.refuses:
            raise QueueRefused("A queue at the broker refuses what it should take.")

    def keep_alive(self) -> None:
        self._bus.check()

    def close(self) -> None:
        return


class _FakeSubscription:
    def __init__(self, bus: FakeBus, queue: str, most: int) -> None:
        self._bus = bus
        self._queue = queue
        self._most = most
        self._unacknowledged: list[Delivery] = []

    def receive(self, timeout: float) -> list[Delivery]:
        self._bus.check()
        deadline = monotonic() + timeout
        with self._bus.changed:
            while not (self._bus.queues.get(self._queue) and self._bus.is_held_by(self, self._queue)):
                if self._queue not in self._bus.queues:
                    raise BusUnavailable("The queue is gone.")
                if not self._bus.changed.wait(max(deadline - monotonic(), 0)):
                    return []
            waiting = self._bus.queues[self._queue]
            if self._bus.shuffle is not None:
                self._bus.shuffle.shuffle(waiting)
            received, waiting[:] = waiting[: self._most], waiting[self._most :]
            self._unacknowledged += received
            return received

    def acknowledge(self) -> None:
        self._bus.check()
        self._unacknowledged.clear()

    def close(self) -> None:
        with self._bus.changed:
            if self._queue in self._bus.queues:
                self._bus.queues[self._queue][:0] = self._unacknowledged
            self._unacknowledged = []
            self._bus.give_up(self, self._queue)
            self._bus.changed.notify_all()


class BusContract:
    """Fixture: ``bus``, on which nobody else is."""

    queues_outlive_subscriptions: ClassVar[bool] = True
    """Whether the bus is more than a process's memory: see :class:`chassis.bus.port.Subscription`."""

    def test_a_queue_gets_what_is_published_as_bytes_and_in_order(self, bus: Bus) -> None:
        with subscribed(bus) as subscription:
            publish(bus, "north.events", [b"{}", "票决".encode(), b"\xff\x00"])
            first, second, third = received(subscription, 3)
        assert first == Delivery(b"{}", "north.events", "thing.v0")
        assert [second.body, third.body] == ["票决".encode(), b"\xff\x00"]
        assert third.routing_key == "thing.v2"

    def test_a_queue_is_bound_to_several_exchanges_and_to_no_others(self, bus: Bus) -> None:
        with subscribed(bus, exchanges=["north.events", "south.events"]) as subscription:
            for exchange in ("east.events", "north.events", "south.events"):
                publish(bus, exchange, [exchange.encode()])
            assert {each.body for each in received(subscription, 2)} == {b"north.events", b"south.events"}
            assert subscription.receive(0.05) == []

    def test_each_queue_gets_everything(self, bus: Bus) -> None:
        with subscribed(bus, "a.inbox") as one, subscribed(bus, "b.inbox") as other:
            publish(bus, "north.events", [b"1", b"2"])
            assert bodies(received(one, 2)) == bodies(received(other, 2)) == [b"1", b"2"]

    def test_what_is_published_before_there_is_a_queue_is_confirmed_and_gone(self, bus: Bus) -> None:
        publish(bus, "north.events", [b"early"])
        with subscribed(bus) as subscription:
            publish(bus, "north.events", [b"late"])
            assert bodies(received(subscription, 1)) == [b"late"]

    def test_a_large_batch_arrives_whole_and_in_order(self, bus: Bus) -> None:
        sent = [str(number).encode() for number in range(1500)]
        with subscribed(bus, most=200) as subscription:
            publish(bus, "north.events", sent)
            assert bodies(received(subscription, len(sent), acknowledges=True)) == sent

    def test_no_more_is_received_at_once_than_was_asked_for(self, bus: Bus) -> None:
        with subscribed(bus, most=3) as subscription:
            publish(bus, "north.events", [b"1", b"2", b"3", b"4"])
            first = until(lambda: subscription.receive(1), "the first")
            assert len(first) <= 3
            assert bodies(first + received(subscription, 4 - len(first))) == [b"1", b"2", b"3", b"4"]

    def test_a_queue_without_a_message_gives_none(self, bus: Bus) -> None:
        with subscribed(bus) as subscription:
            assert subscription.receive(0.05) == []
            subscription.acknowledge()

    def test_what_was_acknowledged_does_not_come_again(self, bus: Bus) -> None:
        with subscribed(bus, most=2) as subscription:
            publish(bus, "north.events", [b"1", b"2", b"3", b"4"])
            until(lambda: len(received(subscription, 2)) == 2, "two")
            subscription.acknowledge()
        with subscribed(bus) as again:
            publish(bus, "north.events", [b"5"])
            assert b"1" not in (
                came := bodies(received(again, 3 if self.queues_outlive_subscriptions else 1))
            )
            assert b"2" not in came

    def test_what_was_not_acknowledged_comes_again(self, bus: Bus) -> None:
        if not self.queues_outlive_subscriptions:
            return
        with subscribed(bus) as subscription:
            publish(bus, "north.events", [b"1", b"2"])
            received(subscription, 2)
        with subscribed(bus) as again:
            assert sorted(bodies(received(again, 2))) == [b"1", b"2"]

    def test_a_queue_keeps_what_comes_while_nobody_listens(self, bus: Bus) -> None:
        with subscribed(bus):
            pass
        publish(bus, "north.events", [b"1"])
        with subscribed(bus) as subscription:
            assert bodies(received(subscription, 1)) == [b"1"]

    def test_of_two_subscriptions_one_is_active_until_it_ends(self, bus: Bus) -> None:
        if not self.queues_outlive_subscriptions:
            return
        with subscribed(bus) as second_to_be, subscribed(bus) as waiting:
            publish(bus, "north.events", [b"1", b"2"])
            assert bodies(received(second_to_be, 2)) == [b"1", b"2"]
            assert waiting.receive(0.05) == []
            second_to_be.acknowledge()
            second_to_be.close()
            publish(bus, "north.events", [b"3"])
            assert bodies(received(waiting, 1)) == [b"3"]

    def test_who_asks_gets_the_answer(self, bus: Bus) -> None:
        with answering(bus, "north.pages", lambda question: {"was": question}):
            assert bus.ask("north.pages", {"town": "永安"}, 10) == {"was": {"town": "永安"}}
            assert bus.ask("north.pages", {"after": 2}, 10) == {"was": {"after": 2}}

    def test_a_large_answer_comes_whole(self, bus: Bus) -> None:
        page = {"events": ["x" * 1000] * 1000}
        with answering(bus, "north.pages", lambda question: page):
            assert bus.ask("north.pages", {}, 10) == page

    def test_who_asks_nobody_is_told_so_in_time(self, bus: Bus) -> None:
        started = monotonic()
        assert unavailable(lambda: bus.ask("nobody.pages", {}, 0.3))
        assert monotonic() - started < 5

    def test_a_question_that_cannot_be_answered_does_not_end_the_answering(self, bus: Bus) -> None:
        with answering(bus, "north.pages", lambda question: {"whole": 1 // question["by"]}):
            assert unavailable(lambda: bus.ask("north.pages", {"by": 0}, 0.5))
            assert bus.ask("north.pages", {"by": 1}, 10) == {"whole": 1}

    def test_closing_twice_and_keeping_alive_do_no_harm(self, bus: Bus) -> None:
        publisher = bus.publisher("north.events")
        publisher.keep_alive()
        with subscribed(bus) as subscription:
            publisher.publish([Message("1", "thing.v0", b"1")])
            publisher.keep_alive()
            assert bodies(received(subscription, 1)) == [b"1"]
        subscription.close()
        publisher.close()
        publisher.close()


@contextmanager
def subscribed(
    bus: Bus, queue: str = "a.inbox", *, exchanges: Sequence[str] = ("north.events",), most: int = 100
) -> Iterator[Subscription]:
    subscription = bus.subscribe(queue, exchanges, most=most)
    try:
        yield subscription
    finally:
        subscription.close()


def publish(bus: Bus, exchange: str, sent: Sequence[bytes]) -> None:
    """Their routing keys are ``thing.v0`` and so on."""
    publisher = bus.publisher(exchange)
    publisher.publish([Message(str(at), f"thing.v{at}", body) for at, body in enumerate(sent)])
    publisher.close()


def received(subscription: Subscription, count: int, *, acknowledges: bool = False) -> list[Delivery]:
    """So many deliveries, and whatever came with the last one. Without ``acknowledges`` a bus may stop after
    twice the ``most`` of the subscription."""
    found: list[Delivery] = []

    def enough() -> bool:
        found.extend(subscription.receive(0.2))
        if acknowledges:
            subscription.acknowledge()
        return len(found) >= count

    until(enough, f"{count} deliveries")
    return found


def bodies(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [delivery.body for delivery in deliveries]


@contextmanager
def answering(bus: Bus, queue: str, answerer: Answerer) -> Iterator[None]:
    """Somebody answers, in a thread."""
    ended = Event()
    thread = Thread(target=bus.answer, args=[queue, answerer, ended.is_set], daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
        assert not thread.is_alive()


def unavailable(call: Callable[[], object]) -> bool:
    try:
        call()
    except BusUnavailable:
        return True
    return False
