"""The inbox: takes each event of each source once and in order, and has it handled.

Taking and handling are one transaction. Should a handler fail, the others' work is done again without it,
and the event waits for another try; later events of its subject wait behind it, those of other subjects do
not. After the last try it is parked.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from chassis import metrics
from chassis.bus import Delivery
from chassis.clock import now
from chassis.correlation import correlated
from chassis.errors import Refused
from chassis.events.inbox_store import Cursor, InboxStore, Subject, handled_row, waiting_row
from chassis.events.log import Tip
from chassis.logging import get_logger
from chassis.store import StoreUnavailable, Transaction
from chassis.store.tables import HANDLED, PARKED, WAITING
from piaojue_contracts import Event, EventType, InvalidData, UnreadableEvent

_log = get_logger("chassis.inbox")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a handler is given. ``data`` is what the contract's schema reads; ``store`` the service's
    repository, in the transaction in which the event is marked as handled."""

    event: Event
    data: dict[str, Any]
    store: Any


Handler = Callable[[Heard], object]


@dataclass(slots=True)
class Taken:
    """What became of a batch. ``failed``: events that wait for another try, or behind one that does.
    ``gaps``: sources of which something is missing before what came."""

    taken: int = 0
    failed: int = 0
    duplicates: Counter[str] = field(default_factory=Counter)
    gaps: set[str] = field(default_factory=set)


class _HandlerFailed(Exception):  # noqa: N818
    """Within one transaction: it is rolled back, and done again more carefully."""


class Inbox:
    """``handlers`` by event type; ``sources`` are the producers followed; ``pauses`` are seconds before
    each retry."""

    def __init__(
        self,
        service: str,
        store: InboxStore,
        handlers: Mapping[str, tuple[EventType, Handler]],
        *,
        pauses: Sequence[float],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._service = service
        self._store = store
        self._handlers = handlers
        self._pauses = pauses
        self._clock = clock
        self.sources = frozenset(event_type.producer for event_type, _ in handlers.values())

    def start(self) -> None:
        """Makes the cursors of new sources. Idempotent."""
        self._store.ensure_cursors(self.sources)

    def receive(self, deliveries: Sequence[Delivery]) -> Taken:
        """Takes what came by the bus. What is no event is kept as bytes. StoreUnavailable: nothing was
        taken."""
        events, unreadable = _read(deliveries)
        if unreadable:
            with self._store.begin() as transaction:
                for delivery, reason in unreadable:
                    self._store.add_unreadable(transaction, delivery, reason, self._clock())
            _log.error("messages_unreadable", service=self._service, messages=len(unreadable))
        return self.take(events)

    def take(self, events: Sequence[Event]) -> Taken:
        """Takes events in one transaction: duplicates are dropped, gaps are told of, handlers are called."""
        ours = [event for event in events if event.producer in self.sources]
        if not ours:
            return Taken()
        try:
            taken = self._take(ours, carefully=False)
        except _HandlerFailed:
            taken = self._take(ours, carefully=True)
        for source, dropped in taken.duplicates.items():
            metrics.INBOX_DUPLICATES.of(self._service, source).inc(dropped)
        return taken

    def _take(self, events: Sequence[Event], *, carefully: bool) -> Taken:
        taken, rows = Taken(), []
        sources = {event.producer for event in events}
        with self._store.begin() as transaction:
            cursors = self._store.cursors(transaction, sources)
            busy = self._store.busy_subjects(transaction, sources)
            for event in events:
                if self._continues(cursors[event.producer], event, taken):
                    rows += self._handle_new(transaction, event, busy, carefully=carefully)
            taken.failed = sum(row["state"] == WAITING for row in rows)
            self._store.add(transaction, rows)
            for source in sources:
                self._store.move(transaction, source, cursors[source])
        self._observe(cursors)
        return taken

    def _continues(self, cursor: Cursor, event: Event, taken: Taken) -> bool:
        """Whether an event is the next of its source; moves the cursor if so."""
        if cursor.forked is not None:
            return False
        if event.sequence <= cursor.sequence:
            taken.duplicates[event.producer] += 1
            return False
        if event.sequence > cursor.sequence + 1:
            taken.gaps.add(event.producer)
            return False
        if event.previous_hash != cursor.hash:
            cursor.forked = f"event {event.sequence} does not continue what was taken before"
            _log.error("source_forked", service=self._service, source=event.producer, sequence=event.sequence)
            return False
        if event.computed_hash() != event.hash:  # altered on its way: the source has the true one
            taken.gaps.add(event.producer)
            return False
        cursor.sequence, cursor.hash = event.sequence, event.hash
        taken.taken += 1
        return True

    def _handle_new(
        self, transaction: Transaction, event: Event, busy: set[Subject], *, carefully: bool
    ) -> list[dict[str, Any]]:
        if event.type not in self._handlers:
            return []
        moment, subject = self._clock(), (event.producer, event.subject)
        if subject in busy:
            return [waiting_row(event, moment, next_try_at=moment, attempts=0, error=None)]
        error = self._handle(transaction, event, carefully=carefully)
        if error is None:
            return [handled_row(event, moment)]
        busy.add(subject)
        later = moment + timedelta(seconds=self._pauses[0])
        return [waiting_row(event, moment, next_try_at=later, attempts=1, error=error)]

    def _handle(self, transaction: Transaction, event: Event, *, carefully: bool) -> str | None:
        """None when the handler has done its work; else why not, and nothing of it remains."""
        started = perf_counter()
        try:
            if carefully:
                with self._store.savepoint(transaction):
                    self._call(transaction, event)
            else:
                self._call(transaction, event)
        except Exception as error:
            if isinstance(error, StoreUnavailable) or getattr(error, "connection_invalidated", False):
                raise
            if not carefully:
                raise _HandlerFailed from error
            self._count(event, "failed", started)
            reason = _reason(error)
            _log.warning("handler_failed", service=self._service, type=event.type, error=reason)
            return reason
        self._count(event, "handled", started)
        return None

    def _call(self, transaction: Transaction, event: Event) -> None:
        event_type, handler = self._handlers[event.type]
        with correlated(event.correlation_id, event.traceparent):
            handler(Heard(event, event_type.read(event.data), self._store.repository(transaction)))

    def retry(self, most: int = 100) -> int:
        """Tries the events that are due, each in a transaction of its own; returns how many were tried."""
        for tried in range(most):
            with self._store.begin() as transaction:
                moment = self._clock()
                entry = self._store.next_due(transaction, moment)
                if entry is None:
                    return tried
                error = self._handle(transaction, entry.event, carefully=True)
                values = self._verdict(entry.event, entry.attempts, error, moment)
                self._store.settle(transaction, entry.event, values)
        return most

    def _verdict(self, event: Event, attempts: int, error: str | None, moment: datetime) -> dict[str, Any]:
        if error is None:
            return {"state": HANDLED, "body": None, "next_try_at": None, "error": None}
        if attempts >= len(self._pauses):
            metrics.HANDLER_EVENTS.of(self._service, event.type, "parked").inc()
            _log.error("event_parked", service=self._service, type=event.type, event_id=event.id, error=error)
            return {"state": PARKED, "attempts": attempts + 1, "next_try_at": None, "error": error}
        later = moment + timedelta(seconds=self._pauses[attempts])
        return {"state": WAITING, "attempts": attempts + 1, "next_try_at": later, "error": error}

    def compare(self, source: str, taken: Cursor, tip: Tip) -> None:
        """Stops following a source whose log does not hold what was taken of it: it was set back, or altered.

        ``taken`` is the cursor before the source was asked for its ``tip``.
        """
        set_back = tip.sequence < taken.sequence
        altered = tip.sequence == taken.sequence and tip.hash != taken.hash
        if taken.forked is not None or not (set_back or altered):
            return
        with self._store.begin() as transaction:
            cursor = self._store.cursors(transaction, [source])[source]
            cursor.forked = f"its log ends with event {tip.sequence}, and {taken.sequence} was taken before"
            if altered:
                cursor.forked = f"its event {tip.sequence} is not the one that was taken before"
            self._store.move(transaction, source, cursor)
        _log.error("source_forked", service=self._service, source=source, reason=cursor.forked)
        self._observe({source: cursor})

    def position(self, source: str) -> Cursor:
        """The cursor of a source."""
        return self._store.position(source)

    def seconds_to_next_try(self) -> float | None:
        """Until an event is due; None when nothing waits for a try."""
        due = self._store.next_try_at()
        return None if due is None else max((due - self._clock()).total_seconds(), 0.0)

    def _count(self, event: Event, outcome: str, started: float) -> None:
        seconds = perf_counter() - started
        metrics.handler_observed(service=self._service, type=event.type, outcome=outcome, seconds=seconds)

    def _observe(self, cursors: Mapping[str, Cursor]) -> None:
        for source, cursor in cursors.items():
            metrics.INBOX_CURSOR.of(self._service, source).set(cursor.sequence)
            metrics.INBOX_FORKED.of(self._service, source).set(cursor.forked is not None)


def _read(deliveries: Iterable[Delivery]) -> tuple[list[Event], list[tuple[Delivery, str]]]:
    events, unreadable = [], []
    for delivery in deliveries:
        try:
            events.append(Event.from_bytes(delivery.body))
        except UnreadableEvent as error:
            unreadable.append((delivery, str(error)))
    return events, unreadable


def _reason(error: Exception) -> str:
    """Fit to be kept and shown: the kind of an unforeseen error, since its text may hold anything."""
    if isinstance(error, Refused):
        return f"{error.slug}: {error.detail}"
    if isinstance(error, InvalidData):
        return f"invalid data: {error}"
    return type(error).__name__
