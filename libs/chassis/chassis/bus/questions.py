"""Questions and answers over the broker, by exchanges that say whose they are.

Who may write to the broker's default exchange may write to any queue, somebody's inbox among them. So a
question goes by an exchange of the queue at which it is answered, and its answer by one of who asked; each
service needs to write to no more than these, and to its own events.
"""

import json
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any, Final
from uuid import uuid4

import structlog
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.messaging import Consumer

from chassis.bus.port import Answerer
from piaojue_contracts import CONTENT_TYPE

_ARGUMENTS: Final = {"x-message-ttl": 30_000}
_PAUSE_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 0.5
_ABSENT: Final = ("404", "312")
"""No exchange of that name; no queue behind it."""
_PUBLISHING: Final = (60, 40)
"""AMQP's class and method of what a channel was closed for."""

_log = structlog.get_logger("chassis.bus")


def questions_exchange(queue: str) -> str:
    """Where questions for a queue are put."""
    return f"{queue}.questions"


def answers_exchange(asker: str) -> str:
    """Where answers for somebody are put."""
    return f"{asker}.answers"


def is_absent(error: Exception) -> bool:
    """Whether what a broker refused is a name that it does not know."""
    return str(getattr(error, "reply_code", "")) in _ABSENT


def asked(connection: Connection, replies: str, queue: str, question: dict[str, Any], timeout: float) -> Any:
    """The answer, which comes to the queue ``replies``: ``<asker>.answers.<anything>``.

    TimeoutError: none came in time. What the transport raises, it raises.
    """
    answers: list[dict[str, Any]] = []
    number, deadline = uuid4().hex, monotonic() + timeout

    def _on_message(message: Any) -> None:
        if message.properties.get("correlation_id") == number:
            answers.append(json.loads(message.body))

    exchange = _direct(answers_exchange(_asker_of(replies)))
    place = Queue(replies, exchange, routing_key=replies, exclusive=True, durable=False, auto_delete=True)
    declared = place(connection.channel())
    declared.declare()
    with Consumer(declared.channel, [declared], on_message=_on_message, no_ack=True, auto_declare=False):
        while not answers:
            _put(connection, queue, question, deadline, correlation_id=number, reply_to=replies)
            _drained_until(connection, deadline, answers)
    return answers[0]


def _put(connection: Connection, queue: str, question: dict[str, Any], deadline: float, **about: str) -> None:
    """Puts the question, once there is an exchange for it, which whoever answers has declared."""
    exchange = _direct(questions_exchange(queue))
    while True:
        channel = connection.channel()
        try:
            exchange(channel).declare(passive=True)
        except connection.channel_errors as error:
            if not is_absent(error):
                raise
        else:
            return _send(channel, exchange.name, queue, question, mandatory=True, **about)
        if monotonic() + _PAUSE_SECONDS > deadline:
            raise TimeoutError
        sleep(_PAUSE_SECONDS)


def _drained_until(connection: Connection, deadline: float, answers: list[dict[str, Any]]) -> None:
    """Until there is an answer; or until the question came back, since its queue is not bound yet."""
    while not answers:
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            connection.drain_events(timeout=left)
        except connection.channel_errors as error:
            if not is_absent(error):
                raise
            sleep(_PAUSE_SECONDS)
            return


def answering(connection: Connection, queue: str, answerer: Answerer, stopping: Callable[[], bool]) -> None:
    """Answers until ``stopping()``. What the transport raises, it raises.

    Who asks says where the answer is to go. Whatever that is, others are answered: answers go by a channel of
    their own, which the broker closes, and nothing else with it, for a place that is none or not for us.
    """
    channel, answers = connection.channel(), connection.channel()

    def _on_message(message: Any) -> None:
        properties = message.properties
        try:
            reply_to, number = properties["reply_to"], properties["correlation_id"]
            answer = answerer(json.loads(message.body))
        except Exception as error:  # who asked will ask again; one bad question must not end the answering
            _log.warning("question_not_answered", queue=queue, error=type(error).__name__)
            return
        _send(answers, _way_back(reply_to), reply_to, answer, correlation_id=number)

    exchange = _direct(questions_exchange(queue))
    asked_here = Queue(queue, exchange, routing_key=queue, durable=True, queue_arguments=_ARGUMENTS)(channel)
    asked_here.declare()
    with Consumer(channel, [asked_here], on_message=_on_message, no_ack=True, auto_declare=False):
        while not stopping():
            try:
                connection.drain_events(timeout=_LOOK_SECONDS)
            except TimeoutError:
                if connection.supports_heartbeats and connection.heartbeat:
                    connection.heartbeat_check()
            except connection.channel_errors as error:  # the library opens that channel again by itself
                if getattr(error, "method_sig", None) != _PUBLISHING:
                    raise
                _log.warning("answer_not_taken", queue=queue, code=getattr(error, "reply_code", None))


def _asker_of(replies: str) -> str:
    return replies.partition(".answers.")[0]


def _way_back(replies: str) -> str:
    """The exchange of who asked. An earlier release asks without one, and has its answers by the default
    exchange: its queue is named after the one at which it asked."""
    asker = _asker_of(replies)
    return "" if "." in asker else answers_exchange(asker)


def _direct(name: str) -> Exchange:
    return Exchange(name, type="direct", durable=True)


def _send(
    channel: Any, exchange: str, key: str, content: dict[str, Any], *, mandatory: bool = False, **about: str
) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    message = channel.prepare_message(
        body, content_type=CONTENT_TYPE, content_encoding="utf-8", properties=about
    )
    channel.basic_publish(message, exchange=exchange, routing_key=key, mandatory=mandatory)
