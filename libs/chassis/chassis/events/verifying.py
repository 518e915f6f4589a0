"""Verifying a log page by page, however long it is, and what its consumers have taken of it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from chassis.events.ports import Cursor, Tip
from chassis.store import Store
from chassis.store.engine import unavailable_when_lost
from chassis.store.tables import event_log
from piaojue_contracts import FIRST_PREVIOUS_HASH, ChainBroken, Event, UnreadableEvent, verify


def verify_log(
    store: Store[Any],
    source: str,
    *,
    page: int = 1000,
    after: Tip | None = None,
    progress: Callable[[int], None] = lambda sequence: None,
) -> Tip:
    """The last event of a log that is gapless, chained and unaltered, and all of CloudEvents' ``source``.

    ``after`` is what was verified before; ``progress`` is told the last number verified, after each page.
    ChainBroken: names the first event that does not fit. StoreUnavailable.
    """
    at = after or Tip(0, FIRST_PREVIOUS_HASH)
    while rows := _rows(store, at.sequence, page):
        events = [_event(row, source) for row in rows]
        at = Tip(*verify(events, after=at.sequence, previous_hash=at.hash))
        progress(at.sequence)
    return at


def position_fault(store: Store[Any], taken: Cursor) -> str | None:
    """Why what a consumer has taken is not of this log; None: it is. StoreUnavailable."""
    if taken.sequence == 0:
        return None
    with unavailable_when_lost(), store.engine.connect() as connection:
        query = select(event_log.c.hash).where(event_log.c.sequence == taken.sequence)
        there = connection.scalar(query)
    if there is None:
        return f"event {taken.sequence} was taken, and the log does not have it"
    return None if there == taken.hash else f"the event {taken.sequence} that was taken is not the log's"


def _rows(store: Store[Any], after: int, most: int) -> list[Any]:
    query = select(event_log).where(event_log.c.sequence > after).order_by(event_log.c.sequence)
    with unavailable_when_lost(), store.engine.connect() as connection:
        return list(connection.execute(query.limit(most)).all())


def _event(row: Any, source: str) -> Event:
    """ChainBroken: a row is not what its message says; queries find events by the one, readers get the
    other."""
    try:
        event = Event.from_bytes(row.body.encode())
    except UnreadableEvent as fault:
        raise ChainBroken(row.sequence, f"it cannot be read: {fault}") from None
    told = (event.sequence, event.id, event.type, event.subject, event.hash)
    if told != (row.sequence, row.id, row.type, row.subject, row.hash):
        raise ChainBroken(row.sequence, "its row and its message differ")
    if event.source != source:
        raise ChainBroken(row.sequence, f"it is of {event.source}, and this is the log of {source}")
    return event
