"""Who hears of things: an inbox of either store with handlers that tests can make fail."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chassis.bus import Delivery
from chassis.events.inbox import Heard, Inbox
from chassis.events.inbox_store import InboxStore
from chassis.store import Store
from chassis.testing.inbox import NOON, FakeInboxStore
from chassis.testing.things import HAPPENED, event_type
from piaojue_contracts import Event, exchange_of

PAUSES = (1, 2, 5)
ALWAYS = 1000
"""As often as that a handler fails that never succeeds."""


@dataclass
class Clock:
    """Time that goes on when told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Listener:
    """``keep`` puts a heard number into the store. ``failing`` says how often a number's handler fails
    yet."""

    inbox_store: Any
    keep: Callable[[Any, int], None]
    clock: Clock = field(default_factory=Clock)
    failing: Counter[int] = field(default_factory=Counter)
    tried: list[int] = field(default_factory=list)
    pauses: tuple[float, ...] = PAUSES
    hook: Callable[[Heard], None] = lambda heard: None
    tracer: Any = None

    def __post_init__(self) -> None:
        types = [HAPPENED, event_type("south")]
        self.inbox = Inbox(
            "east",
            self.inbox_store,
            {each.type: (each, self.hear) for each in types},
            pauses=self.pauses,
            clock=self.clock,
            tracer=self.tracer,
        )

    def hear(self, heard: Heard) -> None:
        """Does its work first, and then fails if it is to: nothing of it may remain."""
        number = heard.data["number"]
        self.tried.append(number)
        self.keep(heard.store, number)
        self.hook(heard)
        if self.failing[number] > 0:
            self.failing[number] -= 1
            raise RuntimeError("a secret that no log may show")

    def retry_until_done(self, most: int = 20) -> None:
        """Lets time pass and tries until nothing waits."""
        for _ in range(most):
            seconds = self.inbox.seconds_to_next_try()
            if seconds is None:
                return
            self.clock.pass_by(seconds)
            self.inbox.retry()


def on_the_fake() -> Listener:
    return Listener(FakeInboxStore(work=[]), lambda work, number: work.append(number))


def on_tables(store: Store[Any]) -> Listener:
    return Listener(InboxStore(store), lambda things, number: things.keep(number))


def deliveries(events: Iterable[Event]) -> list[Delivery]:
    """As the broker brings them."""
    return [Delivery(event.as_bytes(), exchange_of(event.producer), event.routing_key) for event in events]
