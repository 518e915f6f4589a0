"""Codes and papers, which share the poll and nothing else."""

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update

from ballots.domain import Marks, Poll
from ballots.store.rows import BallotsRepository
from ballots.store.tables import codes, papers


class Papers(BallotsRepository):
    """Codes and papers, which share the poll and nothing else."""

    def add_codes(self, poll: Poll, hashes: Collection[str]) -> None:
        """Codes that may each be spent once, in an order that tells nothing."""
        rows = [{"body": poll.body, "poll": poll.id, "hash": each, "spent": False} for each in sorted(hashes)]
        self.connection.execute(insert(codes), rows)

    def codes_to_spend(self, poll: Poll, hashes: Collection[str]) -> dict[str, bool]:
        """Of these codes those that exist, and whether they are spent; locked, in an order that cannot
        deadlock."""
        query = select(codes.c.hash, codes.c.spent).where(
            codes.c.body == poll.body, codes.c.poll == poll.id, codes.c.hash.in_(sorted(hashes))
        )
        rows = self.connection.execute(query.order_by(codes.c.hash).with_for_update())
        return {row.hash: row.spent for row in rows}

    def accept(self, poll: Poll, hashes: Collection[str], marks: Sequence[Marks]) -> None:
        """Spends the codes, and keeps the papers: in the order of their random ids, not of their casting."""
        self.connection.execute(
            update(codes)
            .where(codes.c.body == poll.body, codes.c.poll == poll.id, codes.c.hash.in_(sorted(hashes)))
            .values(spent=True)
        )
        self._add_papers(poll, [_canonical(each) for each in marks])

    def _add_papers(self, poll: Poll, marks: Sequence[str]) -> None:
        if not marks:
            return
        rows = [{"body": poll.body, "poll": poll.id, "id": str(uuid4()), "marks": each} for each in marks]
        self.connection.execute(insert(papers), sorted(rows, key=lambda row: row["id"]))

    def returned(self, body: str, poll: str) -> int:
        """Papers returned so far."""
        query = select(func.count()).select_from(papers)
        return self.connection.scalar(query.where(papers.c.body == body, papers.c.poll == poll)) or 0

    def marks(self, poll: Poll) -> list[tuple[int, Any]]:
        """What the papers say: ``(times, marks)``, in the order of their content."""
        query = select(func.count(), papers.c.marks).group_by(papers.c.marks).order_by(papers.c.marks)
        rows = self.connection.execute(query.where(papers.c.body == poll.body, papers.c.poll == poll.id))
        return [(times, json.loads(marks)) for times, marks in rows]

    def seal(self, poll: Poll) -> None:
        """Writes all papers of a poll anew, in the order of their content and with new ids.

        What a database notes of rows (their transaction, their place) then tells nothing of when a paper
        was cast.
        """
        where = (papers.c.body == poll.body, papers.c.poll == poll.id)
        marks = list(self.connection.scalars(select(papers.c.marks).where(*where).order_by(papers.c.marks)))
        self.connection.execute(delete(papers).where(*where))
        if marks:
            ids = sorted(str(uuid4()) for _ in marks)
            rows = [
                {"body": poll.body, "poll": poll.id, "id": id, "marks": each}
                for id, each in zip(ids, marks, strict=True)
            ]
            self.connection.execute(insert(papers), rows)


def _canonical(marks: Marks) -> str:
    return json.dumps(marks, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
