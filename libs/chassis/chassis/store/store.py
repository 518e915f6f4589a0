"""Transactions, with the outbox in them."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from chassis.clock import now, rfc3339
from chassis.correlation import current_correlation_id, current_traceparent
from chassis.logging import get_logger
from chassis.store.engine import WRITES, StoreUnavailable, forget_deleted, open_engine, unavailable_when_lost
from chassis.store.tables import outbox
from chassis.tracing import Kind, Tracer, recording
from piaojue_contracts import EventType

R = TypeVar("R")

_log = get_logger("chassis.store")

_UNTRACED = nullcontext()

OUTBOX_CHANNEL = "piaojue_outbox"
"""PostgreSQL's NOTIFY channel that wakes the relay in whichever process it is."""


class Transaction:
    """One transaction of a service's database, with the events that it will have caused."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._events: list[dict[str, Any]] = []

    @property
    def publishes(self) -> bool:
        """Whether an event is to be published with the commit."""
        return bool(self._events)

    def publish(self, event_type: EventType, *, subject: str, data: Mapping[str, Any]) -> None:
        """Have an event published if, and only if, this transaction commits.

        InvalidData, when the data does not fit the event's schema: a fault of the program, not of a user.
        """
        event_type.check(data)
        self._events.append(
            {
                "id": str(uuid4()),
                "type": event_type.type,
                "subject": subject,
                "time": rfc3339(now()),
                "correlation_id": current_correlation_id(),
                "traceparent": current_traceparent(),
                "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
            }
        )

    def mark(self) -> int:
        """Where the events to publish are, for :meth:`forget_since`."""
        return len(self._events)

    def forget_since(self, mark: int) -> None:
        """What was to be published since the mark is not."""
        del self._events[mark:]

    def flush(self, *, notify: bool) -> None:
        """Write the events to the outbox. Called once, right before the commit."""
        if not self._events:
            return
        self.connection.execute(outbox.insert(), self._events)
        if notify and self.connection.dialect.name == "postgresql":
            self.connection.execute(text(f"NOTIFY {OUTBOX_CHANNEL}"))


class Repository:
    """Base of a service's repository: its tables, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @property
    def connection(self) -> Connection:
        return self._transaction.connection

    def publish(self, event_type: EventType, *, subject: str, data: Mapping[str, Any]) -> None:
        """As :meth:`Transaction.publish`."""
        self._transaction.publish(event_type, subject=subject, data=data)

    def wait_turn(self, name: str, *, shared: bool = False) -> None:
        """Waits for its turn at what has this name, and keeps it until the transaction ends; ``shared`` turns
        are had at the same time.

        First come, first served. A row's lock is not: on PostgreSQL those who share one go past whoever
        waits to have it alone, for as long as they keep coming. SQLite has one writer, whose turn it is.
        """
        if self.connection.dialect.name == "postgresql":
            key = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
            lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            self.connection.execute(text(f"SELECT {lock}(:key)"), {"key": key})


class Store(Generic[R]):
    """A service's own database. ``repository`` makes of a transaction what its use cases work with."""

    def __init__(self, engine: Engine, repository: Callable[[Transaction], R]) -> None:
        self.engine = engine
        self._repository = repository
        self._one_writer = Lock() if engine.dialect.name == "sqlite" else None
        self.wake_relay: Callable[[], None] = lambda: None
        self.relay_leads_here = False
        """Set by the relay of this process: a leader elsewhere is woken by the database."""
        self.tracer: Tracer | None = None

    @classmethod
    def at(
        cls,
        url: str,
        repository: Callable[[Transaction], R],
        connections: int = 20,
        ca: Path | None = None,
    ) -> "Store[R]":
        """As :func:`chassis.store.open_engine`."""
        return cls(open_engine(url, connections, ca), repository)

    @contextmanager
    def transaction(self) -> Iterator[R]:
        """A repository whose changes and events are committed together at the block's end, or not at all.

        StoreUnavailable: the database is away. No remote call belongs in the block.
        """
        with self.begin() as transaction:
            yield self._repository(transaction)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """As :meth:`transaction`, for the backbone, which has no repository."""
        with self._traced(), self._writing(), unavailable_when_lost(), self.engine.connect() as connection:
            connection = connection.execution_options(**{WRITES: True})
            transaction = Transaction(connection)
            with connection.begin():
                yield transaction
                transaction.flush(notify=not self.relay_leads_here)
        if transaction.publishes:
            self.wake_relay()

    @contextmanager
    def begin_on(self, connection: Connection) -> Iterator[None]:
        """A transaction on a leader's connection, in turn with the other writers of this process."""
        with self._writing(), unavailable_when_lost(), connection.begin():
            yield

    def of(self, transaction: Transaction) -> R:
        """The repository in a transaction that is under way."""
        return self._repository(transaction)

    @contextmanager
    def reading(self) -> Iterator[R]:
        """A repository to read with; nothing is changed, whatever is done with it."""
        with unavailable_when_lost(), self.engine.connect() as connection, connection.begin() as reading:
            yield self._repository(Transaction(connection))
            reading.rollback()

    def forget_deleted(self, *tables: str) -> None:
        """What the database still keeps of rows that were deleted or changed is gone, too.

        SQLite keeps each transaction apart in its write-ahead log until that is truncated; PostgreSQL keeps
        the rows in their tables until these are vacuumed. To be called after the commit. Idempotent; never
        raises, since what was committed stands: what could not be done is logged, and done at the next call
        or start.
        """
        try:
            with self._writing(), unavailable_when_lost():
                done = forget_deleted(self.engine, tables)
        except StoreUnavailable:
            done = False
        if not done:
            _log.warning("deleted_rows_not_forgotten_yet", tables=list(tables))

    def close(self) -> None:
        """Closes idle connections."""
        self.engine.dispose()

    def _traced(self) -> AbstractContextManager[None]:
        """From the wait for its turn to its commit."""
        if self.tracer is None:
            return _UNTRACED
        told = {"db.system.name": self.engine.dialect.name}
        return recording(self.tracer, "transaction", Kind.CLIENT, told, part=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """SQLite has one writer. Who waits for it must let the others of this process go on meanwhile."""
        if self._one_writer is None:
            yield
            return
        with self._one_writer:
            yield
