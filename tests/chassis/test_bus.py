"""The bus: one suite on the fake, on memory and on RabbitMQ; and what a real broker can do to it."""

import os
import signal

import pytest
from kombu.transport.memory import Channel, Transport

from chassis.bus import BusUnavailable, KombuBus, Message, QueueRefused, kombu_bus
from chassis.logging import redact
from chassis.testing.bus import BusContract, FakeBus, answering, bodies, publish, received, subscribed
from tests.support.waiting import eventually


class TestFakeBus(BusContract):
    @pytest.fixture
    def bus(self):
        return FakeBus()


class TestMemory(BusContract):
    queues_outlive_subscriptions = False

    @pytest.fixture
    def bus(self):
        return memory()


class TestRabbitMQ(BusContract):
    @pytest.fixture
    def bus(self, broker_url):
        return KombuBus(broker_url)


def memory():
    """kombu keeps what is in memory for the whole process."""
    Channel.queues.clear()
    Transport.global_state.clear()
    return KombuBus("memory://")


def test_asking_in_memory_again_and_again_makes_no_more_queues():
    bus = memory()
    with answering(bus, "north.pages", lambda question: question):
        for _ in range(5):
            bus.ask("north.pages", {}, 10)
    for _ in range(3):
        with pytest.raises(BusUnavailable):
            bus.ask("south.pages", {}, 0.05)
    assert len(Channel.queues) == 3


def test_a_broker_that_is_not_there_is_told_and_not_waited_for():
    bus = KombuBus("amqp://guest:guest@127.0.0.1:9/nowhere")
    for call in (
        lambda: bus.publisher("north.events"),
        lambda: bus.subscribe("a.inbox", ["north.events"], most=1),
        lambda: bus.ask("north.pages", {}, 1),
        lambda: bus.answer("north.pages", lambda question: question, lambda: True),
    ):
        with pytest.raises(BusUnavailable):
            call()


def test_a_wrong_password_is_unavailable_and_is_not_told(broker_url):
    user, _, rest = broker_url.removeprefix("amqp://").partition(":")
    bus = KombuBus(f"amqp://{user}:wrong-word@{rest.partition('@')[2]}")
    with pytest.raises(BusUnavailable) as refused:
        bus.publisher("north.events")
    assert "wrong-word" not in str(refused.value)


def test_bytes_come_as_they_were_whatever_encoding_they_claim(broker_url):
    """A stranger's message that says it is UTF-16 must be kept as it came."""
    bus = KombuBus(broker_url)
    with subscribed(bus) as subscription:
        publisher = bus.publisher("north.events")
        message = publisher._channel.prepare_message(b"\x41\x00", content_encoding="utf-16")
        publisher._channel.basic_publish(message, exchange="north.events", routing_key="x")
        assert bodies(received(subscription, 1)) == [b"\x41\x00"]
        publisher.close()


def test_a_question_without_an_address_does_not_end_the_answering(broker_url):
    bus = KombuBus(broker_url)
    with answering(bus, "north.pages", lambda question: question):
        bus.ask("north.pages", {}, 10)
        publisher = bus.publisher("north.events")
        publisher._channel.basic_publish(
            publisher._channel.prepare_message(b"{}"), exchange="", routing_key="north.pages"
        )
        assert bus.ask("north.pages", {"still": "there"}, 10) == {"still": "there"}
        publisher.close()


def test_a_queue_that_was_deleted_ends_its_subscription(broker_url, rabbitmq):
    bus = KombuBus(broker_url)
    vhost = broker_url.rpartition("/")[2]
    with subscribed(bus) as subscription:
        rabbitmq.api("DELETE", f"queues/{vhost}/a.inbox")
        with pytest.raises(BusUnavailable):
            eventually(lambda: subscription.receive(0.1), 10)
    with subscribed(bus) as again:
        publish(bus, "north.events", [b"1"])
        assert bodies(received(again, 1)) == [b"1"]


def test_an_exchange_that_was_deleted_is_declared_by_the_next_publisher(broker_url, rabbitmq):
    bus = KombuBus(broker_url)
    vhost = broker_url.rpartition("/")[2]
    publisher = bus.publisher("north.events")
    rabbitmq.api("DELETE", f"exchanges/{vhost}/north.events")
    with pytest.raises(BusUnavailable):
        publisher.publish([Message("1", "x.v1", b"1")])
    publish(bus, "north.events", [b"1"])


def test_a_full_queue_that_refuses_is_told_from_a_broker_that_is_lost_and_others_get_everything(
    broker_url, rabbitmq
):
    """Whoever may have a queue can have one like this."""
    arguments = {"x-queue-type": "classic", "x-max-length": 1, "x-overflow": "reject-publish"}
    bus, vhost = KombuBus(broker_url), broker_url.rpartition("/")[2]
    with subscribed(bus) as subscription:
        rabbitmq.api("PUT", f"queues/{vhost}/full", {"durable": True, "arguments": arguments})
        rabbitmq.api("POST", f"bindings/{vhost}/e/north.events/q/full", {"routing_key": "#"})
        publisher = bus.publisher("north.events")
        with pytest.raises(QueueRefused):
            publisher.publish([Message(str(number), "x.v1", b"%d" % number) for number in range(50)])
        assert bodies(received(subscription, 50)) == [b"%d" % number for number in range(50)]


def test_the_inbox_is_a_quorum_queue_with_one_active_consumer(broker_url, rabbitmq):
    with subscribed(KombuBus(broker_url)):
        queue = rabbitmq.api("GET", f"queues/{broker_url.rpartition('/')[2]}/a.inbox")
    assert queue["type"] == "quorum"
    assert queue["durable"]
    assert queue["arguments"]["x-single-active-consumer"]


class Lines(list):
    """A logger."""

    def warning(self, event, **told):
        self.append({"event": event, **told})


def test_a_queue_of_another_kind_is_refused_without_leaving_a_connection(broker_url, rabbitmq, monkeypatch):
    lines = Lines()
    monkeypatch.setattr(kombu_bus, "_log", lines)
    vhost = broker_url.rpartition("/")[2]
    rabbitmq.api("PUT", f"queues/{vhost}/a.inbox", {"durable": True})
    bus = KombuBus(broker_url)
    for _ in range(3):
        with pytest.raises(BusUnavailable, match="refused"):
            bus.subscribe("a.inbox", ["north.events"], most=1)
    told = {"event": "broker_refused", "error": "PreconditionFailed", "reply": 406}
    assert [redact(None, "", line) for line in lines] == [told] * 3
    eventually(lambda: not connections(rabbitmq, vhost), 10, "no connection is left")


def connections(rabbitmq, vhost):
    return rabbitmq.api("GET", f"vhosts/{vhost}/connections?disable_stats=true")


def test_a_publisher_that_rests_keeps_its_connection(broker_url):
    """The broker would cut it off after two seconds without a sign of life."""
    bus = KombuBus(broker_url, heartbeat=1)
    publisher = bus.publisher("north.events")
    with subscribed(bus) as subscription:
        for _ in range(40):
            subscription.receive(0.1)
            publisher.keep_alive()
        publisher.publish([Message("1", "x.v1", b"late")])
        assert bodies(received(subscription, 1)) == [b"late"]
    publisher.close()


@pytest.mark.slow
def test_what_was_confirmed_outlives_a_kill_of_the_broker(broker_url, rabbitmq):
    bus = KombuBus(broker_url)
    with subscribed(bus):
        rabbitmq.settle()
    publish(bus, "north.events", [b"1", b"2"])
    publisher = bus.publisher("north.events")
    rabbitmq.kill()
    with pytest.raises(BusUnavailable):
        eventually(lambda: publisher.keep_alive(), 10, "it is noticed that the broker is gone")
    rabbitmq.start()
    with subscribed(bus) as again:
        assert bodies(received(again, 2)) == [b"1", b"2"]


@pytest.mark.slow
def test_a_broker_that_hangs_is_given_up(broker_url, rabbitmq, monkeypatch):
    monkeypatch.setattr(kombu_bus, "CONFIRM_SECONDS", 0.5)
    monkeypatch.setattr(kombu_bus, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(kombu_bus, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(kombu_bus, "CLOSE_SECONDS", 0.2)
    bus = KombuBus(broker_url)
    publisher = bus.publisher("north.events")
    os.kill(rabbitmq._server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BusUnavailable):
            publisher.publish([Message(str(at), "x.v1", b"x" * 10_000) for at in range(2000)])
        for call in (
            lambda: bus.publisher("north.events"),
            lambda: bus.subscribe("a.inbox", ["north.events"], most=1),
            lambda: bus.ask("north.pages", {}, 1),
        ):
            with pytest.raises(BusUnavailable):
                call()
    finally:
        os.kill(rabbitmq._server.pid, signal.SIGCONT)
    publish(bus, "north.events", [b"1"])
