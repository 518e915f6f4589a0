"""Looking at a broker's queues, which changes nothing."""

import pytest
from kombu.connection import Connection

from chassis.bus import BusUnavailable, KombuBus, Message


def test_a_broker_without_anything_lacks_queue_and_exchanges_and_still_does(broker_url):
    bus = KombuBus(broker_url)
    for _ in range(2):
        seen = bus.look("south.inbox", ["north.events"])
        assert (seen.product, seen.version.split(".")[0].isdigit()) == ("RabbitMQ", True)
        assert not seen.queue.exists
        assert seen.missing == ("north.events",)


def test_a_queue_as_it_should_be_is_told_with_what_waits_in_it(broker_url):
    bus = KombuBus(broker_url)
    bus.subscribe("south.inbox", ["north.events"], most=1).close()
    publisher = bus.publisher("north.events")
    publisher.publish([Message("1", "thing.v1", b"{}"), Message("2", "thing.v1", b"{}")])
    publisher.close()
    seen = bus.look("south.inbox", ["north.events", "east.events"])
    assert (seen.queue.exists, seen.queue.messages, seen.queue.fault) == (True, 2, None)
    assert seen.missing == ("east.events",)


def test_a_queue_of_another_type_is_told_as_such(broker_url):
    with Connection(broker_url) as connection, connection.channel() as channel:
        channel.queue_declare("south.inbox", durable=True, auto_delete=False)
    seen = KombuBus(broker_url).look("south.inbox", [])
    assert seen.queue.exists
    assert "x-queue-type" in seen.queue.fault or "inequivalent arg" in seen.queue.fault


def test_a_broker_that_is_away_is_told_as_such():
    with pytest.raises(BusUnavailable):
        KombuBus("amqp://nobody@127.0.0.1:1//").look("south.inbox", [])


def test_a_broker_that_has_no_such_virtual_host_is_not_called_away(broker_url):
    with pytest.raises(BusUnavailable, match="no such virtual host"):
        KombuBus(f"{broker_url}-other").look("south.inbox", [])


def test_a_queue_that_is_emptied_has_no_messages_and_is_still_bound(broker_url):
    bus = KombuBus(broker_url)
    assert bus.empty("south.inbox") == 0
    bus.subscribe("south.inbox", ["north.events"], most=1).close()
    publisher = bus.publisher("north.events")
    publisher.publish([Message("1", "thing.v1", b"{}"), Message("2", "thing.v1", b"{}")])
    assert bus.empty("south.inbox") == 2
    assert bus.look("south.inbox", []).queue.messages == 0
    publisher.publish([Message("3", "thing.v1", b"{}")])
    publisher.close()
    assert bus.empty("south.inbox") == 1
