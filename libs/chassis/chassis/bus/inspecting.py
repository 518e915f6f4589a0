"""Looking at what a broker has for one consumer, which changes nothing of it; and emptying its queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kombu.connection import Connection

from chassis.bus.questions import is_absent


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """``messages`` are those that wait; ``fault`` says in what it is not what it should be."""

    name: str
    exists: bool
    messages: int = 0
    consumers: int = 0
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerSeen:
    """A broker that let us in. ``missing`` are exchanges that it does not have."""

    product: str
    version: str
    queue: QueueSeen
    missing: tuple[str, ...]


def inspected(
    connection: Connection, queue: str, arguments: Mapping[str, Any] | None, exchanges: Sequence[str]
) -> BrokerSeen:
    """What there is of a durable queue with these arguments, and of topic exchanges; with None, of a queue of
    others. What the transport raises, it raises."""
    told = connection.connection.server_properties
    missing = tuple(name for name in exchanges if not _there(connection, name))
    version = str(told.get("version", "unknown"))
    return BrokerSeen(
        str(told.get("product", "unknown")), version, _queue(connection, queue, arguments), missing
    )


def _there(connection: Connection, exchange: str) -> bool:
    try:
        with connection.channel() as channel:
            channel.exchange_declare(exchange, "topic", passive=True)
    except connection.channel_errors as error:
        if not is_absent(error):
            raise
        return False
    return True


def _queue(connection: Connection, name: str, arguments: Mapping[str, Any] | None) -> QueueSeen:
    try:
        with connection.channel() as channel:
            _, messages, consumers = channel.queue_declare(name, passive=True)
    except connection.channel_errors as error:
        if not is_absent(error):
            raise
        return QueueSeen(name, exists=False)
    fault = None if arguments is None else _fault(connection, name, arguments)
    return QueueSeen(name, True, messages, consumers, fault)


def _fault(connection: Connection, name: str, arguments: Mapping[str, Any]) -> str | None:
    """Declaring a queue that exists changes nothing; the broker refuses when it is another than declared."""
    try:
        with connection.channel() as channel:
            channel.queue_declare(name, durable=True, auto_delete=False, arguments=dict(arguments))
    except connection.channel_errors as error:
        if str(getattr(error, "reply_code", "")) != "406":
            raise
        return str(getattr(error, "reply_text", "")) or "it was declared otherwise"
    return None


def emptied(connection: Connection, queue: str) -> int:
    """Throws away the messages that wait in a queue; how many. None do where there is no such queue."""
    try:
        with connection.channel() as channel:
            return int(channel.queue_purge(queue) or 0)
    except connection.channel_errors as error:
        if not is_absent(error):
            raise
        return 0
