"""What relay, inbox and healing ask of a store. Two keep these promises: a service's database, and the
fakes of the tests, which have one suite in common in :mod:`chassis.testing`."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chassis.bus import Delivery, Message
from piaojue_contracts import FIRST_PREVIOUS_HASH, Event

Subject = tuple[str, str]
"""Source and subject: within one, events are handled in their order."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The last event of a log; number 0 of an empty one."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log on its way to the broker."""

    sequence: int
    message: Message


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for the relay. ``oldest`` is the time of the oldest event in RFC 3339, or None."""

    events: int
    oldest: str | None


class Lead(Protocol):
    """The leadership of a log. Whatever kills its process ends it."""

    def tend(self) -> None:
        """To be called now and then. StoreUnavailable: what it needs was lost."""

    def release(self) -> None:
        """Idempotent; never raises."""


class AnsweringLog(Protocol):
    """A log that can be read."""

    def page(self, after: int, most: int) -> list[str]:
        """The messages that follow number ``after``, in order, at most so many, as JSON. StoreUnavailable."""

    def tip(self) -> Tip:
        """The last event. StoreUnavailable."""


class WatchedLog(AnsweringLog, Protocol):
    """A log whose chain is watched by the process that leads it."""

    @property
    def leads_here(self) -> bool:
        """Whether this process is the leader."""


class RelayedLog(Protocol):
    """A log as its relay sees it. StoreUnavailable: nothing was changed, or it cannot be known whether."""

    def when_appended(self, wake: Callable[[], None]) -> None:
        """``wake`` is called when a transaction of this process has appended events."""

    def lead(self, wake: Callable[[], None]) -> Any:
        """A :class:`Lead`, unless another has it. ``wake`` is called, too, when another process has
        appended."""

    def number(self, lead: Any, most: int) -> list[Logged]:
        """Gives up to ``most`` committed events their numbers, in order and without gaps, and chains them."""

    def unpublished(self, after: int, most: int) -> list[Logged]:
        """What follows number ``after``, as :meth:`number` returned it."""

    def published(self) -> int:
        """The last number marked; 0 before the first."""

    def mark_published(self, lead: Any, sequence: int) -> None:
        """The broker has confirmed all up to this number. May be lost: then they are sent again."""


@dataclass(slots=True)
class Cursor:
    """The last event taken of a source; ``forked`` says why no more is taken of it."""

    sequence: int = 0
    hash: str = FIRST_PREVIOUS_HASH
    forked: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that is not yet handled. ``attempts``: how often its handler has failed since it was
    stored or released."""

    event: Event
    state: str
    attempts: int
    received_at: datetime
    next_try_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is no event."""

    id: int
    received_at: datetime
    exchange: str
    routing_key: str
    reason: str
    size: int


@dataclass(frozen=True, slots=True)
class Load:
    """How much is not yet handled. ``oldest``: when the first of those that wait was received."""

    waiting: int
    parked: int
    oldest: datetime | None


class StoredInbox(Protocol):
    """An inbox as :class:`chassis.events.inbox.Inbox` sees it. StoreUnavailable: nothing was changed."""

    def begin(self) -> AbstractContextManager[Any]:
        """A transaction, committed at the block's end, or rolled back when it raises."""

    def repository(self, transaction: Any) -> Any:
        """What handlers work with."""

    def savepoint(self, transaction: Any) -> AbstractContextManager[None]:
        """Takes back what a block did, when the block raises."""

    def cursors(self, transaction: Any, sources: Collection[str]) -> dict[str, Cursor]:
        """The cursors of these sources, locked; made, of those heard for the first time."""

    def move(self, transaction: Any, source: str, cursor: Cursor) -> None:
        """Writes a cursor back."""

    def busy_subjects(self, transaction: Any, sources: Collection[str]) -> set[Subject]:
        """Subjects with an event that is waiting or parked."""

    def add(self, transaction: Any, rows: list[dict[str, Any]]) -> None:
        """Stores taken events, made by :func:`chassis.events.inbox.inbox_row`."""

    def add_unreadable(self, transaction: Any, delivery: Delivery, reason: str, now: datetime) -> None:
        """Keeps a message that is no event."""

    def next_due(self, transaction: Any, now: datetime, longest: timedelta | None = None) -> Entry | None:
        """An event to be tried now, with none of its subject before it, locked; None: there is none.

        One whose time is further off than ``longest`` is to be tried now, too: the clock was set back.
        """

    def settle(self, transaction: Any, event: Event, verdict: Mapping[str, Any]) -> None:
        """Writes what became of a waiting event."""

    def next_try_at(self) -> datetime | None:
        """When an event is to be tried next; None: all that wait are behind a parked one, or none does."""

    def position(self, source: str) -> Cursor:
        """The cursor of a source, not locked."""
