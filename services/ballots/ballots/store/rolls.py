"""Rolls of bodies, and how they came to be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from ballots.domain import Deputy, RollDifference
from ballots.store.rows import BallotsRepository
from ballots.store.tables import deputies, roll_changes


class Rolls(BallotsRepository):
    """Rolls of bodies, and how they came to be."""

    def save_roll(self, body: str, roll: Sequence[Deputy]) -> None:
        """Replaces the roll of a body. Meetings keep the roll that they were called with."""
        self.connection.execute(delete(deputies).where(deputies.c.body == body))
        rows = [
            {
                "body": body,
                "id": each.id,
                "name": each.name,
                "delegation": each.delegation,
                "district": each.district,
            }
            for each in roll
        ]
        self.connection.execute(insert(deputies), rows)

    def roll(self, body: str) -> list[Deputy]:
        """Those on the roll, in the order of their ids."""
        query = select(deputies).where(deputies.c.body == body).order_by(deputies.c.id)
        rows = self.connection.execute(query)
        return [Deputy(row.id, row.name, row.delegation, row.district) for row in rows]

    def deputy_ids(self, body: str) -> list[str]:
        """Those on the roll, in the order of their ids."""
        query = select(deputies.c.id).where(deputies.c.body == body).order_by(deputies.c.id)
        return list(self.connection.scalars(query))

    def add_roll_change(
        self, body: str, kind: str, difference: RollDifference, by: str, now: datetime
    ) -> None:
        """One more change in the history. The body is locked by whoever changes its roll."""
        earlier = self.connection.scalar(
            select(func.max(roll_changes.c.number)).where(roll_changes.c.body == body)
        )
        self.connection.execute(
            insert(roll_changes).values(
                body=body,
                number=(earlier or 0) + 1,
                changed_at=now,
                changed_by=by,
                kind=kind,
                summary=dict(difference.summary),
                changes=list(difference.changes),
            )
        )

    def roll_history(self, body: str, before: int | None, limit: int) -> list[dict[str, Any]]:
        """The newest changes whose number is below ``before``, if that is given."""
        query = select(roll_changes).where(roll_changes.c.body == body)
        if before is not None:
            query = query.where(roll_changes.c.number < before)
        rows = self.connection.execute(query.order_by(roll_changes.c.number.desc()).limit(limit))
        return [
            {
                "number": row.number,
                "at": row.changed_at,
                "by": row.changed_by,
                "kind": row.kind,
                "summary": row.summary,
                "changes": row.changes,
            }
            for row in rows
        ]
