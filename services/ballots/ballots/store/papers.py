"""Codes, papers and receipts, which share the poll and nothing else."""

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update

from ballots.domain import Marks, Poll
from ballots.store.rows import BallotsRepository
from ballots.store.tables import codes, papers, receipts


class Papers(BallotsRepository):
    """Codes, papers and receipts, which share the poll and nothing else."""

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

    def receipts_given(self, poll: Poll, among: Collection[str]) -> set[str]:
        """Which of these receipts were given; to be asked after the codes are locked."""
        if not among:
            return set()
        query = select(receipts.c.receipt).where(*_of(receipts, poll), receipts.c.receipt.in_(sorted(among)))
        return set(self.connection.scalars(query))

    def accept(
        self, poll: Poll, hashes: Collection[str], marks: Sequence[Marks], given: Collection[str]
    ) -> None:
        """Spends the codes, keeps the papers and the receipts ``given`` for them: those in the order of
        random ids, these in their own, and not in that of their casting."""
        self.connection.execute(
            update(codes)
            .where(codes.c.body == poll.body, codes.c.poll == poll.id, codes.c.hash.in_(sorted(hashes)))
            .values(spent=True)
        )
        self._add_papers(poll, [_canonical(each) for each in marks])
        self._add_receipts(poll, given)

    def _add_papers(self, poll: Poll, marks: Sequence[str]) -> None:
        if not marks:
            return
        rows = [{"body": poll.body, "poll": poll.id, "id": str(uuid4()), "marks": each} for each in marks]
        self.connection.execute(insert(papers), sorted(rows, key=lambda row: row["id"]))

    def _add_receipts(self, poll: Poll, given: Collection[str]) -> None:
        if given:
            rows = [{"body": poll.body, "poll": poll.id, "receipt": each} for each in sorted(given)]
            self.connection.execute(insert(receipts), rows)

    def returned(self, body: str, poll: str) -> int:
        """Papers returned so far."""
        query = select(func.count()).select_from(papers)
        return self.connection.scalar(query.where(papers.c.body == body, papers.c.poll == poll)) or 0

    def marks(self, poll: Poll) -> list[tuple[int, Any]]:
        """What the papers say: ``(times, marks)``, in the order of their content."""
        query = select(func.count(), papers.c.marks).group_by(papers.c.marks).order_by(papers.c.marks)
        rows = self.connection.execute(query.where(*_of(papers, poll)))
        return [(times, json.loads(marks)) for times, marks in rows]

    def receipts(self, poll: Poll) -> list[str]:
        """All receipts of a poll, sorted."""
        return sorted(self.connection.scalars(select(receipts.c.receipt).where(*_of(receipts, poll))))

    def seal(self, poll: Poll) -> None:
        """Writes all papers of a poll anew, in the order of their content and with new ids, and all receipts,
        in their own order.

        What a database notes of rows (their transaction, their place) then tells nothing of when a paper
        was cast, nor which receipt was given with it.
        """
        marks = list(
            self.connection.scalars(select(papers.c.marks).where(*_of(papers, poll)).order_by(papers.c.marks))
        )
        given = self.receipts(poll)
        for table in (papers, receipts):
            self.connection.execute(delete(table).where(*_of(table, poll)))
        if marks:
            ids = sorted(str(uuid4()) for _ in marks)
            rows = [
                {"body": poll.body, "poll": poll.id, "id": id, "marks": each}
                for id, each in zip(ids, marks, strict=True)
            ]
            self.connection.execute(insert(papers), rows)
        self._add_receipts(poll, given)


def _of(table: Any, poll: Poll) -> tuple[Any, Any]:
    return table.c.body == poll.body, table.c.poll == poll.id


def _canonical(marks: Marks) -> str:
    return json.dumps(marks, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
