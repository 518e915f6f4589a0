"""Bodies, their rolls, their candidate lists."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, update

from ballots.domain import Body, Deputy
from ballots.store.errors import UnknownBody, UnknownCandidateList
from ballots.store.rows import BallotsRepository
from ballots.store.tables import bodies, candidate_lists, deputies


class Bodies(BallotsRepository):
    """Bodies, their rolls, their candidate lists."""

    def save_body(self, body: Body) -> None:
        """Registers a body, or changes its name and level."""
        values = {"name": body.name, "level": body.level}
        changed = self.connection.execute(update(bodies).where(bodies.c.id == body.id).values(**values))
        if not changed.rowcount:
            self.connection.execute(insert(bodies).values(id=body.id, **values))

    def body(self, body: str) -> Body:
        """UnknownBody."""
        row = self.connection.execute(select(bodies).where(bodies.c.id == body)).first()
        if row is None:
            raise UnknownBody("No body of this id is registered.", field="body")
        return Body(row.id, row.name, row.level)

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

    def save_candidate_list(self, body: str, year: int, candidates: Sequence[Mapping[str, str]]) -> None:
        """Keeps what proposals has published: of each candidate its ``project`` and ``title``."""
        where = (candidate_lists.c.body == body, candidate_lists.c.year == year)
        self.connection.execute(delete(candidate_lists).where(*where))
        self.connection.execute(
            insert(candidate_lists).values(body=body, year=year, candidates=list(candidates))
        )

    def candidate_list(self, body: str, year: int) -> list[dict[str, str]]:
        """UnknownCandidateList."""
        query = select(candidate_lists.c.candidates)
        found: list[dict[str, str]] | None = self.connection.scalar(
            query.where(candidate_lists.c.body == body, candidate_lists.c.year == year)
        )
        if found is None:
            raise UnknownCandidateList(
                f"No candidate list of {year} has been published for this body, or word has not come yet.",
                field="year",
            )
        return found
