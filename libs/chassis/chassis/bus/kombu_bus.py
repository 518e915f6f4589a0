"""The bus on kombu's transports: RabbitMQ, or ``memory://`` within one process."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError
from kombu.messaging import Consumer

from chassis.bus.confirms import Confirms, gathered
from chassis.bus.inspecting import BrokerSeen, emptied, inspected
from chassis.bus.port import Answerer, BusUnavailable, Delivery, Message
from chassis.bus.questions import answering, asked, is_absent
from piaojue_contracts import CONTENT_TYPE

POLLING_SECONDS: Final = 0.01
CONFIRM_SECONDS: Final = 15.0
ANSWER_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
BURST_SECONDS: Final = 0.002
"""How long the next message of a burst is waited for, once there is one."""
GATHER_SECONDS: Final = 0.005
"""How long a burst is gathered at most, so that a steady stream is not held up."""
_QUORUM: Final = {"x-queue-type": "quorum", "x-single-active-consumer": True}
NOT_ALLOWED: Final = 530
"""AMQP's code for a virtual host that is not there, or not for this user."""
CLOSE_SECONDS: Final = 2.0
"""How long a broker may take to say goodbye."""

_log = structlog.get_logger("chassis.bus")


@contextmanager
def _unavailable_when_lost(connection: Connection, *, waits: bool = False) -> Iterator[None]:
    """Turns what a transport raises into BusUnavailable; a time that ran out, too, unless the caller
    ``waits`` for something that need not come."""
    try:
        yield
    except TimeoutError as error:
        if waits:
            raise
        raise BusUnavailable("The broker did not answer in time.") from error
    except connection.channel_errors as error:
        _log.warning("broker_refused", error=type(error).__name__, reply=getattr(error, "code", None))
        raise BusUnavailable("The broker refused.") from error
    except (*connection.connection_errors, OperationalError, OSError, EOFError) as error:
        if (untrusted := _untrusted(error)) is not None:
            _log.error("broker_not_trusted", reason=untrusted)
            raise BusUnavailable(f"The broker's certificate is not trusted: {untrusted}.") from error
        if getattr(error, "reply_code", None) == NOT_ALLOWED:
            _log.error("broker_refused", error=type(error).__name__, reply=NOT_ALLOWED)
            raise BusUnavailable("The broker has no such virtual host, or not for this user.") from error
        raise BusUnavailable("The broker cannot be reached at the moment.") from error


def _untrusted(error: BaseException | None) -> str | None:
    """What is wrong with the broker's certificate, if that is it."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


class KombuBus:
    """A bus by URL. Every publisher, subscription and answerer has a connection of its own.

    ``asker`` is the name under which it asks, without dots. ``amqps://`` is TLS: the broker's certificate
    must be for its host, and signed by one of those in the file ``ca``, or by one that this system trusts.
    """

    def __init__(
        self, url: str, *, heartbeat: float = 30.0, asker: str = "anybody", ca: Path | None = None
    ) -> None:
        self._url = url
        self._heartbeat = heartbeat
        self._asker = asker
        self._in_memory = url.startswith("memory:")
        self._own = uuid4().hex if self._in_memory else None  # there, queues are never deleted
        self._tls = _tls(url, ca) if url.startswith("amqps:") else False

    def publisher(self, exchange: str) -> "_Publisher":
        return _Publisher(self._connected(), exchange, confirms=not self._in_memory)

    def subscribe(self, queue: str, exchanges: Sequence[str], *, most: int) -> "_Subscription":
        return _Subscription(self._connected(), queue, exchanges, most)

    def look(self, queue: str, exchanges: Sequence[str], *, ours: bool = True) -> BrokerSeen:
        """What the broker has of a consumer's queue, as :meth:`subscribe` declares it unless it is not
        ``ours``, and of these exchanges; nothing is changed. BusUnavailable."""
        connection = self._connected()
        try:
            with _unavailable_when_lost(connection):
                return inspected(connection, queue, _QUORUM if ours else None, exchanges)
        finally:
            _close(connection)

    def empty(self, queue: str) -> int:
        """Throws away what waits in a queue, such as after its sources were set back; how many messages.
        BusUnavailable."""
        connection = self._connected()
        try:
            with _unavailable_when_lost(connection):
                return emptied(connection, queue)
        finally:
            _close(connection)

    def ask(self, queue: str, question: dict[str, Any], timeout: float) -> dict[str, Any]:
        connection = self._connected()
        try:
            replies = f"{self._asker}.answers.{queue}.{self._own or uuid4().hex}"
            with _unavailable_when_lost(connection, waits=True):
                answer: dict[str, Any] = asked(connection, replies, queue, question, timeout)
                return answer
        except TimeoutError:
            raise BusUnavailable(f"Nobody answered at {queue} in time.") from None
        finally:
            _close(connection)

    def answer(self, queue: str, answerer: Answerer, stopping: Callable[[], bool]) -> None:
        connection = self._connected()
        try:
            with _unavailable_when_lost(connection):
                answering(connection, queue, answerer, stopping)
        finally:
            _close(connection)

    def _connected(self) -> Connection:
        options = {"polling_interval": POLLING_SECONDS} if self._in_memory else {}
        connection = Connection(
            self._url,
            heartbeat=0 if self._in_memory else self._heartbeat,
            connect_timeout=CONNECT_SECONDS,
            transport_options=options,
            ssl=self._tls,
        )
        try:
            with _unavailable_when_lost(connection):
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
                _set_timeout(connection, ANSWER_SECONDS)
        except BaseException:
            _close(connection)
            raise
        return connection


def _tls(url: str, ca: Path | None) -> dict[str, Any]:
    return {
        "cert_reqs": ssl.CERT_REQUIRED,
        "ca_certs": str(ca) if ca else None,
        "server_hostname": urlsplit(url).hostname or "localhost",
        "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
    }


def _topic(exchange: str) -> Exchange:
    return Exchange(exchange, type="topic", durable=True)


def _sure_of(connection: Connection, exchange: str) -> None:
    """Declared only where it is missing: it is its publisher's, and others may have no right to declare
    it."""
    channel = connection.channel()
    try:
        _topic(exchange)(channel).declare(passive=True)
    except connection.channel_errors as error:
        if not is_absent(error):
            raise
        channel = connection.channel()
        _topic(exchange)(channel).declare()
    channel.close()


def _close(connection: Connection) -> None:
    """A broker that hangs is not waited for."""
    try:
        _set_timeout(connection, CLOSE_SECONDS)
        connection.close()
    except Exception:  # it is being given up; whatever is wrong with it does not matter any more
        connection.collect()


def _set_timeout(connection: Connection, seconds: float) -> None:
    """How long the broker may take over whatever has no limit of its own."""
    transport = getattr(getattr(connection, "_connection", None), "transport", None)
    if (sock := getattr(transport, "sock", None)) is not None:
        sock.settimeout(seconds)


@contextmanager
def _closed_on_failure(connection: Connection) -> Iterator[None]:
    try:
        with _unavailable_when_lost(connection):
            yield
    except BaseException:
        _close(connection)
        raise


def _keep_alive(connection: Connection) -> None:
    """Sends a heartbeat when one is due; raises when the broker's own did not come."""
    if connection.supports_heartbeats and connection.heartbeat:
        connection.heartbeat_check()


class _Publisher:
    def __init__(self, connection: Connection, exchange: str, *, confirms: bool) -> None:
        self._connection = connection
        self._exchange = exchange
        with _closed_on_failure(connection):
            self._channel = connection.channel()
            _topic(exchange)(self._channel).declare()
            self._confirms = Confirms(self._channel) if confirms else None

    def publish(self, messages: Sequence[Message]) -> None:
        with _closed_on_failure(self._connection):
            with nullcontext() if self._confirms is None else gathered(self._channel):
                for message in messages:
                    self._send(message)
            if self._confirms is not None:
                self._confirms.wait(CONFIRM_SECONDS)

    def keep_alive(self) -> None:
        with _closed_on_failure(self._connection):
            if self._confirms is not None:
                self._confirms.look()
                _keep_alive(self._connection)

    def _send(self, message: Message) -> None:
        prepared = self._channel.prepare_message(
            message.body,
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            properties={"delivery_mode": 2, "message_id": message.id},
        )
        if self._confirms is not None:
            self._confirms.published()
        self._channel.basic_publish(prepared, exchange=self._exchange, routing_key=message.routing_key)

    def close(self) -> None:
        _close(self._connection)


class _Subscription:
    def __init__(self, connection: Connection, queue: str, exchanges: Sequence[str], most: int) -> None:
        self._connection = connection
        self._most = most
        self._received: list[Delivery] = []
        self._tags: list[Any] = []
        with _closed_on_failure(connection):
            self._channel = connection.channel()
            self._channel.auto_decode = False  # bytes as they came, whatever they say they are
            declared = Queue(queue, durable=True, queue_arguments=_QUORUM)(self._channel)
            declared.declare()
            for exchange in exchanges:
                _sure_of(connection, exchange)
                declared.bind_to(exchange, routing_key="#")
            consumer = Consumer(self._channel, [declared], on_message=self._on_message, auto_declare=False)
            consumer.qos(prefetch_count=2 * most)
            consumer.consume()

    def receive(self, timeout: float) -> list[Delivery]:
        with _unavailable_when_lost(self._connection):
            wait, until = timeout, 0.0
            while len(self._received) < self._most and wait > 0:
                try:
                    self._connection.drain_events(timeout=wait)
                except TimeoutError:
                    break
                if self._received:
                    until = until or monotonic() + GATHER_SECONDS
                    wait = min(BURST_SECONDS, until - monotonic())
            _keep_alive(self._connection)
        received, self._received = self._received, []
        return received

    def _on_message(self, message: Any) -> None:
        body = message.body
        self._received.append(
            Delivery(
                body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogateescape"),
                message.delivery_info.get("exchange") or "",
                message.delivery_info.get("routing_key") or "",
            )
        )
        self._tags.append(message.delivery_tag)

    def acknowledge(self) -> None:
        tags, self._tags = self._tags, []
        with _unavailable_when_lost(self._connection):
            if tags and self._connection.transport.driver_type == "amqp":
                self._channel.basic_ack(tags[-1], multiple=True)
                return
            for tag in tags:  # kombu's own transports take a tag at a time
                self._channel.basic_ack(tag)

    def close(self) -> None:
        _close(self._connection)
