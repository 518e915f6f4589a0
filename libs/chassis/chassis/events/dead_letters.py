"""Dead letters: events that an inbox has parked, and messages that are no events, as a person deals with
them.

What changes something here takes the caller's transaction, so that who did it, and why, is noted with it. The
consumer, in whatever process it is, finds what was released or freed within a second.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, update

from chassis.store import Store, Transaction
from chassis.store.engine import unavailable_when_lost
from chassis.store.tables import DISCARDED, PARKED, WAITING, inbox, unreadable
from piaojue_contracts import Event

MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A parked or discarded event, without what it says. ``since`` is when it was taken; ``error`` the kind
    of its failure, and of a discarded one why it was discarded."""

    id: str
    source: str
    sequence: int
    type: str
    subject: str
    state: str
    attempts: int
    since: datetime
    error: str | None


class DeadLetters:
    """Those of one consuming service, in its own database."""

    def __init__(self, store: Store[Any]) -> None:
        self._store = store

    def find(
        self,
        *,
        state: str = PARKED,
        source: str | None = None,
        type: str | None = None,
        ids: Collection[str] | None = None,
        most: int = MOST_AT_ONCE,
    ) -> list[Letter]:
        """Oldest first. ``type`` is CloudEvents' or its end, such as ``result_declared.v1``."""
        wanted: list[ColumnElement[bool]] = [inbox.c.state == state]
        if source is not None:
            wanted.append(inbox.c.source == source)
        if type is not None:
            wanted.append((inbox.c.type == type) | inbox.c.type.endswith(f".{type}", autoescape=True))
        if ids is not None:
            wanted.append(inbox.c.event_id.in_(sorted(ids)))
        query = select(inbox).where(*wanted).order_by(inbox.c.received_at, inbox.c.source, inbox.c.sequence)
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            return [_letter(row) for row in connection.execute(query.limit(most))]

    def event(self, id: str) -> Event | None:
        """The whole event; None when none of this id is parked or discarded here."""
        query = select(inbox.c.body).where(inbox.c.event_id == id, inbox.c.state.in_([PARKED, DISCARDED]))
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            body = connection.scalar(query)
            return Event.from_bytes(body.encode()) if body else None

    def waiting_behind(self, letter: Letter) -> int:
        """How many later events of its subject wait for it."""
        query = select(func.count()).where(
            inbox.c.source == letter.source,
            inbox.c.subject == letter.subject,
            inbox.c.sequence > letter.sequence,
            inbox.c.state == WAITING,
        )
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            return connection.scalar(query) or 0

    def release(self, transaction: Transaction, ids: Collection[str], now: datetime) -> list[str]:
        """Has parked events tried again, as if for the first time; the ids of those that were parked."""
        found = self._parked(transaction, ids)
        values = {"state": WAITING, "attempts": 0, "next_try_at": now, "error": None}
        transaction.connection.execute(update(inbox).where(inbox.c.event_id.in_(found)).values(**values))
        return found

    def discard(self, transaction: Transaction, id: str, reason: str) -> bool:
        """Sets a parked event aside for good, with the reason; those of its subject behind it go on. Its
        message is kept. False: it is not parked."""
        if not self._parked(transaction, [id]):
            return False
        failed = transaction.connection.scalar(select(inbox.c.error).where(inbox.c.event_id == id))
        values = {"state": DISCARDED, "error": f"discarded: {reason}; it had failed with: {failed}"}
        transaction.connection.execute(update(inbox).where(inbox.c.event_id == id).values(**values))
        return True

    def _parked(self, transaction: Transaction, ids: Collection[str]) -> list[str]:
        """Locked, so that nobody else releases or discards them meanwhile."""
        query = select(inbox.c.event_id).where(inbox.c.event_id.in_(sorted(ids)), inbox.c.state == PARKED)
        query = query.order_by(inbox.c.source, inbox.c.sequence).with_for_update()
        return list(transaction.connection.scalars(query))

    def message(self, number: int) -> bytes | None:
        """The bytes of a message that is no event."""
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            found: bytes | None = connection.scalar(
                select(unreadable.c.body).where(unreadable.c.id == number)
            )
            return found

    def discard_message(self, transaction: Transaction, number: int) -> str | None:
        """Deletes a message that is no event, and returns the SHA-256 of its bytes; None: it is not there.

        If a service of ours had sent it, its event is in that one's log, and was fetched from there.
        """
        body = transaction.connection.scalar(select(unreadable.c.body).where(unreadable.c.id == number))
        if body is None:
            return None
        transaction.connection.execute(delete(unreadable).where(unreadable.c.id == number))
        return hashlib.sha256(body).hexdigest()


def _letter(row: Any) -> Letter:
    return Letter(
        id=row.event_id,
        source=row.source,
        sequence=row.sequence,
        type=row.type,
        subject=row.subject,
        state=row.state,
        attempts=row.attempts,
        since=row.received_at,
        error=row.error,
    )
