"""Bodies and their candidate lists."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from ballots.domain import Body
from ballots.store.errors import UnknownBody, UnknownCandidateList
from ballots.store.rows import BallotsRepository
from ballots.store.tables import bodies, candidate_lists


class Bodies(BallotsRepository):
    """Bodies and their candidate lists."""

    def save_body(self, body: Body) -> None:
        """Registers a body, or changes what it is."""
        values = {"name": body.name, "level": body.level, "deputies_total": body.deputies_total}
        changed = self.connection.execute(update(bodies).where(bodies.c.id == body.id).values(**values))
        if not changed.rowcount:
            self.connection.execute(insert(bodies).values(id=body.id, **values))

    def body(self, body: str, *, to_change: bool = False) -> Body:
        """``to_change``: nobody else changes it or its roll until the transaction ends. UnknownBody."""
        query = select(bodies).where(bodies.c.id == body)
        row = self.connection.execute(query.with_for_update() if to_change else query).first()
        if row is None:
            raise UnknownBody("No body of this id is registered.", field="body")
        return Body(row.id, row.name, row.level, row.deputies_total)

    def save_candidate_list(
        self,
        body: str,
        year: int,
        candidates: Sequence[Mapping[str, str]],
        published_at: datetime | None,
    ) -> None:
        """Keeps what proposals has published: of each candidate its ``project`` and ``title``."""
        where = (candidate_lists.c.body == body, candidate_lists.c.year == year)
        self.connection.execute(delete(candidate_lists).where(*where))
        self.connection.execute(
            insert(candidate_lists).values(
                body=body, year=year, candidates=list(candidates), published_at=published_at
            )
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

    def list_published_at(self, body: str, year: int) -> datetime | None:
        """When a candidate list was made public; None where that was not kept, or there is no list."""
        found: datetime | None = self.connection.scalar(
            select(candidate_lists.c.published_at).where(
                candidate_lists.c.body == body, candidate_lists.c.year == year
            )
        )
        return found
