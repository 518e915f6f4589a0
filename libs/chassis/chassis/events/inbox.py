"""The inbox: takes each event of each source once and in order, and has it handled.

Taking and handling are one transaction. Should a handler fail, the others' work is done again without it,
and the event waits for another try; later events of its subject wait behind it, those of other subjects do
not. After the last try it is parked.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter, sleep
from typing import Any

from eventlet import Timeout

from chassis import metrics
from chassis.bus import Delivery
from chassis.clock import now
from chassis.correlation import correlated
from chassis.errors import Refused
from chassis.events.ports import Cursor, StoredInbox, Subject, Tip
from chassis.events.traced import handling
from chassis.logging import get_logger
from chassis.store import StoreUnavailable
from chassis.store.engine import is_down
from chassis.store.tables import HANDLED, PARKED, WAITING
from chassis.tracing import Tracer
from piaojue_contracts import Event, EventType, InvalidData, UnreadableEvent, exchange_of

_log = get_logger("chassis.inbox")

_CLOCKS_APART = timedelta(seconds=30)
"""How far the clocks of processes on one database may be apart. An event that is due later than after the
longest pause and this was put off by a clock that has been set back since."""


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


@dataclass(slots=True)
class _Batch:
    events: Sequence[Event]
    unreadable: Sequence[tuple[Delivery, str]] = ()
    from_log: bool = False


class _HandlerFailed(Exception):
    """Within one transaction: it is rolled back, and done again more carefully."""


class Inbox:
    """``handlers`` by event type; ``sources`` are the producers followed; ``pauses`` are seconds before
    each retry."""

    def __init__(
        self,
        service: str,
        store: StoredInbox,
        handlers: Mapping[str, tuple[EventType, Handler]],
        *,
        pauses: Sequence[float],
        clock: Callable[[], datetime] = now,
        tracer: Tracer | None = None,
    ) -> None:
        self._service = service
        self._store = store
        self._handlers = handlers
        self._pauses = pauses
        self._longest = timedelta(seconds=max(pauses, default=0)) + _CLOCKS_APART
        self._clock = clock
        self._tracer = tracer
        self._ratio = 0.0 if tracer is None else tracer.ratio
        self.sources = frozenset(event_type.producer for event_type, _ in handlers.values())
        metrics.inbox_begins(service, self.sources, handlers)

    def start(self) -> None:
        """Makes the cursors of new sources, which would else be made when they are first heard.
        Idempotent."""
        with self._store.begin() as transaction:
            self._store.cursors(transaction, self.sources)

    def receive(self, deliveries: Sequence[Delivery]) -> Taken:
        """Takes what came by the bus. What is no event is kept as bytes. StoreUnavailable: nothing was
        taken."""
        events, unreadable = _read(deliveries)
        if unreadable:
            _log.error("messages_unreadable", service=self._service, messages=len(unreadable))
        return self._taken(_Batch(events, unreadable))

    def take(self, events: Sequence[Event]) -> Taken:
        """Takes events of a source's own log, in one transaction: duplicates are dropped, gaps are told of,
        handlers are called. If one does not continue what was taken before, its source is followed no more.

        StoreUnavailable: nothing was taken.
        """
        return self._taken(_Batch(events, from_log=True))

    def _taken(self, batch: "_Batch") -> Taken:
        batch.events = [event for event in batch.events if event.producer in self.sources]
        if not batch.events and not batch.unreadable:
            return Taken()
        try:
            taken = self._take(batch, carefully=False)
        except StoreUnavailable:
            raise
        except Exception:  # of a handler, or of the database for what a handler has left behind
            taken = self._take(batch, carefully=True)
        for source, dropped in taken.duplicates.items():
            metrics.INBOX_DUPLICATES.of(self._service, source).inc(dropped)
        return taken

    def _take(self, batch: "_Batch", *, carefully: bool) -> Taken:
        taken, rows = Taken(), []
        sources = {event.producer for event in batch.events}
        with self._store.begin() as transaction:
            for delivery, reason in batch.unreadable:
                self._store.add_unreadable(transaction, delivery, reason, self._clock())
            cursors = self._store.cursors(transaction, sources)
            busy = self._store.busy_subjects(transaction, sources)
            for event in batch.events:
                if self._continues(cursors[event.producer], event, taken, from_log=batch.from_log):
                    rows += self._handle_new(transaction, event, busy, carefully=carefully)
            self._store.add(transaction, rows)
            for source in sources:
                self._store.move(transaction, source, cursors[source])
        taken.failed = sum(row["state"] == WAITING for row in rows)
        self.observe(cursors)
        return taken

    def _continues(self, cursor: Cursor, event: Event, taken: Taken, *, from_log: bool) -> bool:
        """Whether an event is the next of its source; moves the cursor if so.

        Only the source's own log can show a fork. What came by the bus and does not fit may be altered, or
        forged: it counts as a gap, and the source is asked for the true one.
        """
        if cursor.forked is not None:
            return False
        if event.sequence <= cursor.sequence:
            taken.duplicates[event.producer] += 1
            return False
        fault = _fault(cursor, event)
        if fault and not from_log:
            taken.gaps.add(event.producer)
            return False
        if fault:
            cursor.forked = fault
            _log.error("source_forked", service=self._service, source=event.producer, reason=fault)
            return False
        cursor.sequence, cursor.hash = event.sequence, event.hash
        taken.taken += 1
        return True

    def _handle_new(
        self, transaction: Any, event: Event, busy: set[Subject], *, carefully: bool
    ) -> list[dict[str, Any]]:
        if event.type not in self._handlers:
            return []
        moment, subject = self._clock(), (event.producer, event.subject)
        if subject in busy:
            behind = {"state": WAITING, "attempts": 0, "next_try_at": moment, "error": None}
            return [inbox_row(event, moment, behind)]
        error = self._handle(transaction, event, carefully=carefully)
        if error is not None:
            busy.add(subject)
        return [inbox_row(event, moment, self._verdict(event, 0, error, moment))]

    def _handle(self, transaction: Any, event: Event, *, carefully: bool, attempt: int = 1) -> str | None:
        """None when the handler has done its work; else why not, and nothing of it remains."""
        with correlated(event.correlation_id, event.traceparent, self._ratio):
            return self._try_to_handle(transaction, event, carefully, attempt)

    def _try_to_handle(self, transaction: Any, event: Event, carefully: bool, attempt: int) -> str | None:
        started = perf_counter()
        try:
            with handling(self._tracer, event, attempt):
                if carefully:
                    with self._store.savepoint(transaction):
                        self._call(transaction, event)
                else:
                    self._call(transaction, event)
        except (Exception, Timeout) as error:
            if is_down(error):  # with a full disk, say, no try would be better than this one
                raise StoreUnavailable("The database cannot be used at the moment.") from error
            if not carefully:
                raise _HandlerFailed from error
            self._count(event, "failed", started)
            reason = _reason(error)
            _log.warning("handler_failed", service=self._service, type=event.type, error=reason)
            return reason
        self._count(event, "handled", started)
        return None

    def _call(self, transaction: Any, event: Event) -> None:
        event_type, handler = self._handlers[event.type]
        handler(Heard(event, event_type.read(event.data), self._store.repository(transaction)))

    def retry(self, most: int = 100) -> int:
        """Tries the events that are due, each in a transaction of its own; returns how many were tried."""
        for tried in range(most):
            with self._store.begin() as transaction:
                moment = self._clock()
                entry = self._store.next_due(transaction, moment, self._longest)
                if entry is None:
                    return tried
                attempt = entry.attempts + 1
                error = self._handle(transaction, entry.event, carefully=True, attempt=attempt)
                verdict = self._verdict(entry.event, entry.attempts, error, moment)
                self._store.settle(transaction, entry.event, verdict)
            sleep(0)  # lets others work
        return most

    def _verdict(self, event: Event, attempts: int, error: str | None, moment: datetime) -> dict[str, Any]:
        """What becomes of an event whose handler had failed ``attempts`` times before it was tried now."""
        if error is None:
            return {"state": HANDLED, "attempts": attempts, "next_try_at": None, "error": None}
        if attempts >= len(self._pauses):
            metrics.HANDLER_EVENTS.of(self._service, event.type, "parked").inc()
            with correlated(event.correlation_id, event.traceparent):
                told = {"type": event.type, "event_id": event.id, "error": error}
                _log.error("event_parked", service=self._service, **told)
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
        self.observe({source: cursor})

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

    def observe(self, cursors: Mapping[str, Cursor]) -> None:
        """Shows where these sources stand."""
        for source, cursor in cursors.items():
            metrics.INBOX_CURSOR.of(self._service, source).set(cursor.sequence)
            metrics.INBOX_FORKED.of(self._service, source).set(cursor.forked is not None)


def inbox_row(event: Event, received_at: datetime, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """A taken event. Of one that is handled the message is not kept: its source has it.

    ``verdict`` has ``state``, ``attempts``, ``next_try_at`` and ``error``.
    """
    return {
        "source": event.producer,
        "sequence": event.sequence,
        "event_id": event.id,
        "type": event.type,
        "subject": event.subject,
        "received_at": received_at,
        "body": None if verdict["state"] == HANDLED else event.as_bytes().decode(),
        **verdict,
    }


def _fault(cursor: Cursor, event: Event) -> str | None:
    """Why an event is not what follows the cursor; None: it is."""
    if event.sequence > cursor.sequence + 1:
        return f"event {cursor.sequence + 1} is missing"
    if event.computed_hash() != event.hash:
        return f"event {event.sequence} is not what was hashed"
    if event.previous_hash != cursor.hash:
        return f"event {event.sequence} does not continue what was taken before"
    return None


def _read(deliveries: Iterable[Delivery]) -> tuple[list[Event], list[tuple[Delivery, str]]]:
    events, unreadable = [], []
    for delivery in deliveries:
        try:
            event = Event.from_bytes(delivery.body)
        except UnreadableEvent as error:
            unreadable.append((delivery, str(error)))
            continue
        if delivery.exchange == exchange_of(event.producer):
            events.append(event)
        else:  # the broker checks who publishes by which exchange, and nobody what is said there
            unreadable.append((delivery, "an event of one producer, by the exchange of another"))
    return events, unreadable


def _reason(error: BaseException) -> str:
    """Fit to be kept and shown: the kind of an unforeseen error, since its text may hold anything."""
    if isinstance(error, Refused):
        return f"{error.slug}: {error.detail}"
    if isinstance(error, InvalidData):
        return f"invalid data: {error}"
    return type(error).__name__
