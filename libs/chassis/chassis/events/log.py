"""A service's log of events: numbered without gaps, chained, the truth that brokers only carry."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, func, select, text, update

from chassis.bus import Message
from chassis.events.listening import Listener
from chassis.events.ports import AnsweringLog, Logged, Pending, Tip
from chassis.store import Leadership, Store, take_leadership
from chassis.store.engine import unavailable_when_lost
from chassis.store.tables import event_log, outbox, relay_state
from piaojue_contracts import FIRST_PREVIOUS_HASH, Event


class EventLog:
    """The log in a service's own database. ``source`` is CloudEvents' source of all its events."""

    def __init__(self, store: Store[Any], source: str) -> None:
        self._store = store
        self._source = source

    def when_appended(self, wake: Callable[[], None]) -> None:
        """``wake`` is called when a transaction of this process has appended events."""
        self._store.wake_relay = wake

    def lead(self, wake: Callable[[], None]) -> "Leading | None":
        """The leadership, unless another has it. ``wake`` is called, too, when another process has appended.

        StoreUnavailable.
        """
        leadership = take_leadership(self._store.engine)
        if leadership is None:
            return None
        try:
            return Leading(self._store, leadership, Listener(self._store.engine, wake))
        except BaseException:
            leadership.release()
            raise

    def number(self, lead: "Leading", most: int) -> list[Logged]:
        """Moves up to ``most`` committed events from the outbox into the log, and returns them.

        Only for the leader, on its own connection: two at once would fork the chain; the key of the log would
        refuse the second. StoreUnavailable: nothing was moved, or the leader cannot know.
        """
        connection = lead.connection
        with self._store.begin_on(connection):
            rows = connection.execute(select(outbox).order_by(outbox.c.position).limit(most)).all()
            if not rows:
                return []
            tip = _tip(connection)
            logged = []
            for row in rows:
                event = self._chained(row, tip)
                logged.append(_row(event))
                tip = Tip(event.sequence, event.hash)
            connection.execute(event_log.insert(), logged)
            connection.execute(delete(outbox).where(outbox.c.position.in_([row.position for row in rows])))
        return [_logged(**row) for row in logged]

    def _chained(self, row: Any, tip: Tip) -> Event:
        return Event(
            id=row.id,
            source=self._source,
            type=row.type,
            subject=row.subject,
            time=row.time,
            sequence=tip.sequence + 1,
            previous_hash=tip.hash,
            data=json.loads(row.data),
            correlation_id=row.correlation_id,
            traceparent=row.traceparent,
        ).sealed()

    def page(self, after: int, most: int) -> list[str]:
        """The messages that follow number ``after``, in order, at most so many, as JSON."""
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            query = select(event_log.c.body).where(event_log.c.sequence > after)
            return list(connection.scalars(query.order_by(event_log.c.sequence).limit(most)))

    def unpublished(self, after: int, most: int) -> list[Logged]:
        """What follows number ``after``, as :meth:`number` returned it."""
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            query = select(event_log).where(event_log.c.sequence > after)
            rows = connection.execute(query.order_by(event_log.c.sequence).limit(most))
            return [_logged(**row._mapping) for row in rows]

    def tip(self) -> Tip:
        """The last event."""
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            return _tip(connection)

    @property
    def leads_here(self) -> bool:
        """Whether this process is the leader."""
        return self._store.relay_leads_here

    def published(self) -> int:
        """The last number that is known to be confirmed."""
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            return connection.scalar(select(relay_state.c.published)) or 0

    def mark_published(self, lead: "Leading", sequence: int) -> None:
        """For the leader. Not forced onto the disk: if it is lost, events are only sent again."""
        connection = lead.connection
        with self._store.begin_on(connection):
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL synchronous_commit = off"))
            connection.execute(update(relay_state).values(published=sequence))

    def pending(self) -> Pending:
        """What is not yet confirmed: in the outbox, or in the log after what was published."""
        with unavailable_when_lost(), self._store.engine.connect() as connection:
            waiting, oldest = connection.execute(select(func.count(), func.min(outbox.c.time))).one()
            published = connection.scalar(select(relay_state.c.published)) or 0
            behind = _tip(connection).sequence - published
            if behind > 0:
                body = connection.scalar(
                    select(event_log.c.body).where(event_log.c.sequence == published + 1)
                )
                oldest = json.loads(body)["time"] if body else oldest
            return Pending(waiting + max(behind, 0), oldest)


class Leading:
    """The leadership of a log, from :meth:`EventLog.lead` to :meth:`release`."""

    def __init__(self, store: Store[Any], leadership: Leadership, listener: Listener) -> None:
        self._store = store
        self._leadership = leadership
        self._listener = listener
        self.connection = leadership.connection
        listener.tend()
        store.relay_leads_here = True

    def tend(self) -> None:
        """To be called now and then. StoreUnavailable: what it needs was lost."""
        self._listener.tend()

    def release(self) -> None:
        """Idempotent; never raises."""
        self._store.relay_leads_here = False
        self._listener.stop()
        self._leadership.release()


def _tip(connection: Connection) -> Tip:
    query = select(event_log.c.sequence, event_log.c.hash).order_by(event_log.c.sequence.desc()).limit(1)
    row = connection.execute(query).first()
    return Tip(row.sequence, row.hash) if row else Tip(0, FIRST_PREVIOUS_HASH)


def _row(event: Event) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "hash": event.hash,
        "body": event.as_bytes().decode(),
    }


def _logged(sequence: int, id: str, type: str, body: str, **_: Any) -> Logged:
    return Logged(sequence, Message(id, type.split(".", 2)[2], body.encode()))


def page_answerer(log: AnsweringLog, most: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answers other services that ask for the events they lack: ``{"after": number}``, a page at a time."""

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        tip = log.tip()
        bodies = log.page(int(question["after"]), most)
        return {"tip": {"sequence": tip.sequence, "hash": tip.hash}, "events": bodies}

    return answer
