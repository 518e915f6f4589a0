"""The tables of notifications, and the repository of its use cases."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    TableClause,
    and_,
    column,
    func,
    insert,
    or_,
    select,
    table,
    update,
)

from chassis.errors import NotFound
from chassis.store import Document, Instant, Repository
from notifications.domain import EVENTS, Delivery, DeliveryState, Message, Notice, Told

notices: Final = table(
    "notices",
    *map(column, ("id", "body", "kind", "about")),
    column("texts", Document),
    column("published_at", Instant),
)
messages: Final = table(
    "messages",
    *map(column, ("id", "body", "role", "unit", "kind", "about")),
    column("texts", Document),
    column("written_at", Instant),
)
deliveries: Final = table(
    "deliveries",
    *map(column, ("id", "item", "channel", "body", "kind", "role", "state", "failure")),
    column("attempts", Integer),
    *(column(name, Instant) for name in ("planned_at", "next_try_at", "settled_at")),
)


told: Final = table(
    "told",
    *map(column, ("id", "body", "kind", "message")),
    column("heard_at", Instant),
)


class UnknownNotice(NotFound):
    """The body has no notice of this id."""

    slug = "unknown-notice"


class UnknownMessage(NotFound):
    """The body has no message of this id for the caller's roles."""

    slug = "unknown-message"


class UnknownDelivery(NotFound):
    """No delivery of this id is known for the bodies that the token is good for."""

    slug = "unknown-delivery"


@dataclass(frozen=True, slots=True)
class Logged:
    """A delivery as the log has it: what it is of, and no text. ``role`` is None for a notice, EVENTS for an
    event itself."""

    delivery: Delivery
    body: str
    kind: str
    role: str | None
    planned_at: datetime


class Notifications(Repository):
    """All that notifications keeps, in one transaction."""

    def has_told_of(self, event: str) -> bool:
        """Whether something was written about the event of this id."""
        queries = [select(each.c.id).where(each.c.about == event).limit(1) for each in (notices, messages)]
        queries.append(select(told.c.id).where(told.c.id == event))
        return any(self.connection.scalar(query) is not None for query in queries)

    def message_of(self, event: str) -> str | None:
        """The message of the event of this id, if it was kept."""
        found: str | None = self.connection.scalar(select(told.c.message).where(told.c.id == event))
        return found

    def add(self, item: Notice | Message | Told, planned: Sequence[Delivery], now: datetime) -> None:
        """Keeps a notice, message or event, with its deliveries."""
        source, role = _place_of(item)
        values = asdict(item) if isinstance(item, Told) else item.as_stored()
        self.connection.execute(insert(source).values(**values))
        about = {"body": item.body, "kind": item.kind, "role": role, "planned_at": now}
        if planned:
            self.connection.execute(insert(deliveries), [each.as_stored() | about for each in planned])

    def notice(self, body: str, notice: str) -> Notice:
        """UnknownNotice."""
        query = select(notices).where(notices.c.body == body, notices.c.id == notice)
        row = self.connection.execute(query).first()
        if row is None:
            raise UnknownNotice("The body has no notice of this id.", field="notice")
        return Notice.restored(dict(row._mapping))

    def notices(self, body: str, *, before: str | None, most: int) -> list[Notice]:
        """Newest first, those older than ``before`` if that is given. UnknownNotice: there is no such one."""
        unknown = UnknownNotice("The body has no notice of this id.", field="before")
        where = [notices.c.body == body]
        rows = self._newest(notices, notices.c.published_at, where, before, most, unknown)
        return [Notice.restored(dict(row._mapping)) for row in rows]

    def messages(self, body: str, roles: Collection[str], *, before: str | None, most: int) -> list[Message]:
        """Those for any of the roles, as :meth:`notices`. UnknownMessage."""
        unknown = UnknownMessage("There is no message of this id for your roles.", field="before")
        where = [messages.c.body == body, messages.c.role.in_(sorted(roles))]
        rows = self._newest(messages, messages.c.written_at, where, before, most, unknown)
        return [Message.restored(dict(row._mapping)) for row in rows]

    def deliveries(
        self,
        bodies: Collection[str] | None,
        *,
        channel: str | None = None,
        state: str | None,
        before: str | None,
        most: int,
    ) -> list[Logged]:
        """Of these bodies, or of all; as :meth:`notices`. UnknownDelivery."""
        unknown = UnknownDelivery("No delivery of this id is known.", field="before")
        where = _of(bodies)
        if channel is not None:
            where.append(deliveries.c.channel == channel)
        if state is not None:
            # Where to go on from may have left the state meanwhile, so the state is not asked of it.
            where.append(or_(deliveries.c.state == state, deliveries.c.id == before))
        rows = self._newest(deliveries, deliveries.c.planned_at, where, before, most, unknown)
        return [_logged(row) for row in rows]

    def delivery_to_change(self, delivery: str, bodies: Collection[str] | None) -> Logged:
        """Nobody else changes it until the transaction ends. UnknownDelivery."""
        query = select(deliveries).where(deliveries.c.id == delivery, *_of(bodies)).with_for_update()
        row = self.connection.execute(query).first()
        if row is None:
            raise UnknownDelivery("No delivery of this id is known.", field="delivery")
        return _logged(row)

    def save(self, delivery: Delivery) -> None:
        self.connection.execute(
            update(deliveries).where(deliveries.c.id == delivery.id).values(**delivery.as_stored())
        )

    def take_up_again(
        self,
        channel: str,
        state: DeliveryState,
        bodies: Collection[str] | None,
        *,
        since: datetime | None,
        now: datetime,
    ) -> int:
        """Makes all of a channel that are settled in this state due, those planned from ``since`` on; how
        many."""
        where = [deliveries.c.channel == channel, deliveries.c.state == state.value, *_of(bodies)]
        if since is not None:
            where.append(deliveries.c.planned_at >= since)
        due = {"state": DeliveryState.DUE.value, "attempts": 0, "next_try_at": now, "settled_at": None}
        return self.connection.execute(update(deliveries).where(*where).values(due)).rowcount

    def discard(
        self, channel: str, state: DeliveryState, bodies: Collection[str] | None, now: datetime
    ) -> int:
        """No more is made of those of a channel that are in this state; how many."""
        where = [deliveries.c.channel == channel, deliveries.c.state == state.value, *_of(bodies)]
        ended = {"state": DeliveryState.DISCARDED.value, "next_try_at": None, "settled_at": now}
        return self.connection.execute(update(deliveries).where(*where).values(ended)).rowcount

    def claim(
        self, channel: str, now: datetime, until: datetime
    ) -> tuple[Delivery, Notice | Message | Told] | None:
        """A due delivery of a channel, that nobody else takes before ``until``; None: there is none.

        It is not sent by that: who claims it and is heard of no more leaves it due again from then on.
        One that was never tried is due, too, when its time is further off than two claims: since it was
        planned, or claimed, the clock was set back.
        """
        never = and_(deliveries.c.attempts == 0, deliveries.c.next_try_at > until + (until - now))
        query = select(deliveries).where(
            deliveries.c.state == DeliveryState.DUE.value,
            deliveries.c.channel == channel,
            or_(deliveries.c.next_try_at <= now, never),
        )
        query = query.order_by(deliveries.c.next_try_at, deliveries.c.planned_at, deliveries.c.id).limit(1)
        row = self.connection.execute(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        self.connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(next_try_at=until))
        return Delivery.restored(dict(row._mapping)), self._item(row)

    def settle(self, delivery: Delivery, until: datetime) -> bool:
        """Writes what became of a claimed delivery. False: it took so long that the claim had lapsed."""
        changed = self.connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id == delivery.id,
                deliveries.c.state == DeliveryState.DUE.value,
                deliveries.c.next_try_at == until,
            )
            .values(**delivery.as_stored())
        )
        return bool(changed.rowcount)

    def unsent(self) -> dict[tuple[str, str], int]:
        """How many deliveries are due and were given up, by channel and state."""
        query = select(deliveries.c.channel, deliveries.c.state, func.count())
        for ended in (DeliveryState.SENT, DeliveryState.DISCARDED):
            query = query.where(deliveries.c.state != ended.value)
        rows = self.connection.execute(query.group_by(deliveries.c.channel, deliveries.c.state))
        return {(channel, state): number for channel, state, number in rows}

    def _item(self, row: Any) -> Notice | Message | Told:
        source = {None: notices, EVENTS: told}.get(row.role, messages)
        found = dict(self.connection.execute(select(source).where(source.c.id == row.item)).one()._mapping)
        if row.role == EVENTS:
            return Told(**found)
        return Notice.restored(found) if row.role is None else Message.restored(found)

    def _newest(
        self,
        source: TableClause,
        moment: ColumnElement[Any],
        where: Sequence[ColumnElement[bool]],
        before: str | None,
        most: int,
        unknown: NotFound,
    ) -> Sequence[Any]:
        query: Select[Any] = select(source).where(*where)
        if before is not None:
            last = self.connection.scalar(select(moment).where(*where, source.c.id == before))
            if last is None:
                raise unknown
            query = query.where(or_(moment < last, and_(moment == last, source.c.id < before)))
        query = query.order_by(moment.desc(), source.c.id.desc()).limit(most)
        return self.connection.execute(query).all()


def _place_of(item: Notice | Message | Told) -> tuple[TableClause, str | None]:
    """Its table, and what its deliveries have for a role."""
    if isinstance(item, Notice):
        return notices, None
    return (messages, item.role) if isinstance(item, Message) else (told, EVENTS)


def _of(bodies: Collection[str] | None) -> list[ColumnElement[bool]]:
    return [] if bodies is None else [deliveries.c.body.in_(sorted(bodies))]


def _logged(row: Any) -> Logged:
    return Logged(Delivery.restored(dict(row._mapping)), row.body, row.kind, row.role, row.planned_at)
