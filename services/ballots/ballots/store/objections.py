"""Objections to declared results, and where their events stand in the log."""

import json
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Date, Integer, case, column, func, insert, select, table, update

from ballots.domain import Objection, Poll, UnknownObjection
from ballots.store.rows import BallotsRepository
from chassis.store import Instant
from chassis.store.tables import event_log

objections: Final = table(
    "objections",
    *map(column, ("body", "poll", "id", "deputy", "text", "outcome", "answer")),
    column("number", Integer),
    column("filed_at", Instant),
    column("answer_by", Date),
    column("answered_at", Instant),
)


class Objections(BallotsRepository):
    """Objections. Whoever adds or changes one has locked its poll."""

    def add_objection(self, poll: Poll, objection: Objection) -> None:
        self.connection.execute(
            insert(objections).values(body=poll.body, poll=poll.id, **objection.as_stored())
        )

    def save_objection(self, poll: Poll, objection: Objection) -> None:
        where = (*_of(poll), objections.c.number == objection.number)
        self.connection.execute(update(objections).where(*where).values(**objection.as_stored()))

    def objection_of_id(self, poll: Poll, id: str) -> Objection | None:
        """The one that was filed under this id."""
        row = self.connection.execute(select(objections).where(*_of(poll), objections.c.id == id)).first()
        return _restored(row) if row else None

    def objection(self, poll: Poll, number: int) -> Objection:
        """UnknownObjection."""
        query = select(objections).where(*_of(poll), objections.c.number == number)
        row = self.connection.execute(query).first()
        if row is None:
            raise UnknownObjection("No objection to this poll has this number.", field="objection")
        return _restored(row)

    def objections(self, poll: Poll, after: int, limit: int) -> list[Objection]:
        """Those whose numbers are above ``after``, in the order of their filing."""
        query = select(objections).where(*_of(poll), objections.c.number > after)
        rows = self.connection.execute(query.order_by(objections.c.number).limit(limit))
        return [_restored(row) for row in rows]

    def objections_by(self, poll: Poll, deputy: str) -> tuple[int, int]:
        """How many were filed, and how many of them by this deputy."""
        by_deputy = func.count(case((objections.c.deputy == deputy, 1)))
        row = self.connection.execute(select(func.count(), by_deputy).where(*_of(poll))).one()
        return row[0], row[1]

    def objections_filed(self, poll: Poll) -> tuple[int, int]:
        """How many were filed, and how many of them are answered."""
        query = select(func.count(), func.count(objections.c.answered_at)).where(*_of(poll))
        row = self.connection.execute(query).one()
        return row[0], row[1]

    def objection_events(self, subject: str, types: Collection[str]) -> dict[tuple[str, int], dict[str, Any]]:
        """Type and objection → number and hash in the log; not of one that is still on its way into it."""
        query = select(event_log).where(event_log.c.subject == subject, event_log.c.type.in_(sorted(types)))
        return {
            (row.type, json.loads(row.body)["data"]["objection"]): {
                "sequence": row.sequence,
                "hash": row.hash,
            }
            for row in self.connection.execute(query)
        }


def _of(poll: Poll) -> tuple[Any, Any]:
    return objections.c.body == poll.body, objections.c.poll == poll.id


def _restored(row: Any) -> Objection:
    return Objection(**{name: value for name, value in row._mapping.items() if name not in ("body", "poll")})
