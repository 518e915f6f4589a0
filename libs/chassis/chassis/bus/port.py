"""What the backbone asks of a bus. Two keep this promise: kombu's transports, and the fake of the tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chassis.errors import Unavailable


class BusUnavailable(Unavailable):
    """The broker cannot be reached, did not confirm in time, or nobody answered."""

    slug = "bus-unavailable"


class QueueRefused(BusUnavailable):
    """Everything is at the broker, and with every queue but those that refuse it."""


@dataclass(frozen=True, slots=True)
class Message:
    """To be published. ``id`` is the event's."""

    id: str
    routing_key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """As it came, not yet looked at."""

    body: bytes
    exchange: str
    routing_key: str


class Subscription(Protocol):
    """A consumer's queue, from :meth:`Bus.subscribe` to :meth:`close`. What is not acknowledged comes
    again, to this consumer or the next one; ``memory://`` alone forgets it, and healing fetches it then."""

    def receive(self, timeout: float) -> list[Delivery]:
        """What is there, up to the ``most`` of the subscription; waits so many seconds for the first of it.

        Empty: nothing came. BusUnavailable: the subscription is of no more use.
        """

    def acknowledge(self) -> None:
        """All that was received so far is safe. BusUnavailable: as above."""

    def close(self) -> None:
        """Idempotent; never raises."""


class Publisher(Protocol):
    """Publishes to one exchange, from :meth:`Bus.publisher` to :meth:`close`."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Returns when the broker has confirmed every message.

        QueueRefused. BusUnavailable: some may not have arrived. In both cases this publisher is of no more
        use.
        """

    def keep_alive(self) -> None:
        """For one that has nothing to publish, every few seconds: a broker cuts off who gives no sign of
        life.

        BusUnavailable: the broker was lost, and this publisher is of no more use.
        """

    def close(self) -> None:
        """Idempotent; never raises."""


Answerer = Callable[[dict[str, Any]], dict[str, Any]]


class Bus(Protocol):
    """A broker, or what stands for one within a process."""

    def publisher(self, exchange: str) -> Publisher:
        """Declares the topic exchange. BusUnavailable: there is no broker."""

    def subscribe(self, queue: str, exchanges: Sequence[str], *, most: int) -> Subscription:
        """Declares a durable queue with a single active consumer, bound to all that these exchanges get.

        BusUnavailable: there is no broker.
        """

    def ask(self, queue: str, question: dict[str, Any], timeout: float) -> dict[str, Any]:
        """The answer of whoever answers at this queue. BusUnavailable: none came in time."""

    def answer(self, queue: str, answerer: Answerer, stopping: Callable[[], bool]) -> None:
        """Answers questions until ``stopping()``. A question that the answerer raises at is not answered.

        BusUnavailable: the broker was lost; call it again.
        """
