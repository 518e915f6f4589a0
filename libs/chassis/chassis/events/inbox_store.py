"""The inbox's tables: what was taken of each source, and what of it is not yet handled."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from chassis.bus import Delivery
from chassis.events.ports import Cursor, Entry, Load, Subject, Unreadable
from chassis.store import Store, Transaction
from chassis.store.engine import unavailable_when_lost
from chassis.store.tables import HANDLED, PARKED, WAITING, inbox, inbox_cursor, unreadable
from piaojue_contracts import FIRST_PREVIOUS_HASH, Event


def _unhandled(table: Any) -> ColumnElement[bool]:
    """In the very words of the partial index, without parameters: SQLite would not find it otherwise."""
    states: BindParameter[Any] = bindparam(
        "unhandled", [WAITING, PARKED], expanding=True, literal_execute=True
    )
    return cast(ColumnElement[bool], table.c.state.in_(states))


_UNHANDLED = _unhandled(inbox)


class InboxStore:
    """The inbox of one consuming service, in its own database."""

    def __init__(self, store: Store[Any]) -> None:
        self._store = store

    def begin(self) -> Any:
        """A transaction, as :meth:`chassis.store.Store.begin`; the methods below that take one are called
        in it."""
        return self._store.begin()

    def repository(self, transaction: Transaction) -> Any:
        """What handlers work with."""
        return self._store.of(transaction)

    @contextmanager
    def savepoint(self, transaction: Transaction) -> Iterator[None]:
        """Takes back what a block did to the database and to the outbox, when the block raises."""
        published = transaction.mark()
        try:
            with transaction.connection.begin_nested():
                yield
                # Where the block has hidden an error that PostgreSQL has not forgotten, this raises.
                transaction.connection.scalar(select(1))
        except BaseException:
            transaction.forget_since(published)
            raise

    def cursors(self, transaction: Transaction, sources: Collection[str]) -> dict[str, Cursor]:
        """The cursors of these sources, locked until the transaction ends; made, of those heard for the first
        time."""
        connection = transaction.connection
        query = select(inbox_cursor).where(inbox_cursor.c.source.in_(sorted(sources)))
        query = query.order_by(inbox_cursor.c.source).with_for_update()
        rows = connection.execute(query).all()
        if new := set(sources) - {row.source for row in rows}:
            first = [{"source": name, "sequence": 0, "hash": FIRST_PREVIOUS_HASH} for name in sorted(new)]
            connection.execute(_insert_if_absent(connection), first)
            rows = connection.execute(query).all()
        return {row.source: Cursor(row.sequence, row.hash, row.forked) for row in rows}

    def move(self, transaction: Transaction, source: str, cursor: Cursor) -> None:
        """Writes a cursor back."""
        transaction.connection.execute(
            update(inbox_cursor)
            .where(inbox_cursor.c.source == source)
            .values(sequence=cursor.sequence, hash=cursor.hash, forked=cursor.forked)
        )

    def busy_subjects(self, transaction: Transaction, sources: Collection[str]) -> set[Subject]:
        """Subjects with an event that is not yet handled: later ones wait behind it."""
        query = select(inbox.c.source, inbox.c.subject).distinct()
        query = query.where(_UNHANDLED, inbox.c.source.in_(sorted(sources)))
        return {(row.source, row.subject) for row in transaction.connection.execute(query)}

    def add(self, transaction: Transaction, rows: list[dict[str, Any]]) -> None:
        """Stores taken events, made by :func:`chassis.events.inbox.inbox_row`."""
        if rows:
            transaction.connection.execute(insert(inbox), rows)

    def add_unreadable(
        self, transaction: Transaction, delivery: Delivery, reason: str, now: datetime
    ) -> None:
        """Keeps a message that is no event."""
        transaction.connection.execute(
            insert(unreadable).values(
                received_at=now,
                exchange=_storable(delivery.exchange),
                routing_key=_storable(delivery.routing_key),
                reason=reason,
                body=delivery.body,
            )
        )

    def next_due(
        self, transaction: Transaction, now: datetime, longest: timedelta | None = None
    ) -> Entry | None:
        """An event that is to be tried now and has none of its subject before it, locked; None: there is
        none. One whose time is further off than ``longest`` is to be tried now, too: the clock was set
        back."""
        due = inbox.c.next_try_at <= now
        if longest is not None:
            due = or_(due, inbox.c.next_try_at > now + longest)
        query = select(inbox).where(_first_waiting(), due)
        query = query.order_by(inbox.c.source, inbox.c.sequence)
        row = transaction.connection.execute(query.limit(1).with_for_update(skip_locked=True)).first()
        return _entry(row) if row else None

    def settle(self, transaction: Transaction, event: Event, verdict: Mapping[str, Any]) -> None:
        """Writes what became of a waiting event; ``verdict`` as for
        :func:`chassis.events.inbox.inbox_row`."""
        values = dict(verdict) | ({"body": None} if verdict["state"] == HANDLED else {})
        transaction.connection.execute(
            update(inbox)
            .where(inbox.c.source == event.producer, inbox.c.sequence == event.sequence)
            .values(**values)
        )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """StoreUnavailable."""
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            yield connection

    def next_try_at(self) -> datetime | None:
        """When an event is to be tried next; None: all that wait are behind a parked one, or none does."""
        with self._reading() as connection:
            query = select(func.min(inbox.c.next_try_at)).where(_first_waiting())
            found: datetime | None = connection.scalar(query)
            return found

    def load(self) -> Load:
        """How much waits and is parked."""
        with self._reading() as connection:
            query = select(inbox.c.state, func.count(), func.min(inbox.c.received_at))
            rows = connection.execute(query.where(_UNHANDLED).group_by(inbox.c.state)).all()
            counts = {row[0]: row[1] for row in rows}
            bytes_parked = connection.scalar(select(func.count()).select_from(unreadable)) or 0
            oldest = min((row[2] for row in rows if row[0] == WAITING), default=None)
            return Load(counts.get(WAITING, 0), counts.get(PARKED, 0) + bytes_parked, oldest)

    def position(self, source: str) -> Cursor:
        """The cursor of a source, not locked."""
        with self._reading() as connection:
            row = connection.execute(select(inbox_cursor).where(inbox_cursor.c.source == source)).first()
            return Cursor(row.sequence, row.hash, row.forked) if row else Cursor()

    def positions(self) -> dict[str, Cursor]:
        """The cursors of all sources that were heard so far, by their names, not locked."""
        with self._reading() as connection:
            rows = connection.execute(select(inbox_cursor).order_by(inbox_cursor.c.source))
            return {row.source: Cursor(row.sequence, row.hash, row.forked) for row in rows}

    def parked(self, most: int) -> list[Entry]:
        """The parked events, oldest first."""
        with self._reading() as connection:
            query = select(inbox).where(_UNHANDLED, inbox.c.state == PARKED)
            rows = connection.execute(query.order_by(inbox.c.received_at).limit(most)).all()
            return [_entry(row) for row in rows]

    def unreadables(self, most: int) -> list[Unreadable]:
        """The messages that are no events, oldest first, without their bytes."""
        with self._reading() as connection:
            columns = [column for column in unreadable.c if column.name != "body"]
            query = select(*columns, func.length(unreadable.c.body).label("size"))
            rows = connection.execute(query.order_by(unreadable.c.id).limit(most)).all()
            return [Unreadable(**row._mapping) for row in rows]

    def release(self, event_id: str, now: datetime) -> bool:
        """Has a parked event tried again at once, as if for the first time. False: it is not parked."""
        values = {"state": WAITING, "attempts": 0, "next_try_at": now, "error": None}
        with self._store.begin() as transaction:
            changed = transaction.connection.execute(
                update(inbox).where(inbox.c.event_id == event_id, inbox.c.state == PARKED).values(**values)
            )
            return bool(changed.rowcount)


def _storable(name: str) -> str:
    """What a stranger called something, as text that every database can hold."""
    return name[:300].encode("utf-8", "replace").decode().replace("\0", "?")


def _first_waiting() -> ColumnElement[bool]:
    """Waiting, and none of its subject before it is unhandled."""
    earlier = inbox.alias()
    before = select(earlier.c.sequence).where(
        earlier.c.source == inbox.c.source,
        earlier.c.subject == inbox.c.subject,
        earlier.c.sequence < inbox.c.sequence,
        _unhandled(earlier),
    )
    return and_(_UNHANDLED, inbox.c.state == WAITING, ~before.exists())


def _entry(row: Any) -> Entry:
    event = Event.from_bytes(row.body.encode())
    return Entry(event, row.state, row.attempts, row.received_at, row.next_try_at, row.error)


def _insert_if_absent(connection: Connection) -> Any:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(inbox_cursor).on_conflict_do_nothing()
