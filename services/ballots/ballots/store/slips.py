"""Slips by number. Until a slip is issued its number and the hash of its code stand together, from then on
apart."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Integer, column, delete, func, insert, select, table, update
from sqlalchemy.exc import IntegrityError

from ballots.domain import Poll, SlipsPrintedMeanwhile, SlipState
from ballots.store.papers import Papers
from ballots.store.tables import codes

slips: Final = table(
    "slips", column("body"), column("poll"), column("number", Integer), column("state"), column("hash")
)


class Slips(Papers):
    """Slips by number."""

    def last_slip(self, poll: Poll) -> int:
        """The highest number printed; 0 before any."""
        query = select(func.max(slips.c.number)).where(*_of(poll))
        return self.connection.scalar(query) or 0

    def add_slips(self, poll: Poll, hashes: Mapping[int, str]) -> None:
        """Printed slips: number → hash of the code, which nobody can cast yet. SlipsPrintedMeanwhile."""
        rows = [
            {
                "body": poll.body,
                "poll": poll.id,
                "number": number,
                "state": SlipState.PRINTED.value,
                "hash": each,
            }
            for number, each in hashes.items()
        ]
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(slips), rows)
        except IntegrityError:
            raise SlipsPrintedMeanwhile("Other slips were printed with these numbers meanwhile.") from None

    def slip_states(self, poll: Poll, numbers: Collection[int] | None = None) -> dict[int, SlipState]:
        """Of all slips of a poll, or of those of these numbers that exist."""
        query = select(slips.c.number, slips.c.state).where(*_of(poll))
        if numbers is not None:
            query = query.where(slips.c.number.in_(sorted(numbers)))
        return {row.number: SlipState(row.state) for row in self.connection.execute(query)}

    def issue_numbers(self, poll: Poll, numbers: Sequence[int]) -> None:
        """Makes the codes of these slips good, and forgets which is whose.

        All unspent codes are written anew with them: what a database notes of rows would else tell which code
        came with a number that was issued alone. The poll is locked, so nobody casts meanwhile.
        """
        chosen = (*_of(poll), slips.c.number.in_(sorted(numbers)))
        new = list(self.connection.scalars(select(slips.c.hash).where(*chosen)))
        self.connection.execute(update(slips).where(*chosen).values(state=SlipState.ISSUED.value, hash=None))
        unspent = (codes.c.body == poll.body, codes.c.poll == poll.id, codes.c.spent.is_(False))
        known = list(self.connection.scalars(select(codes.c.hash).where(*unspent)))
        self.connection.execute(delete(codes).where(*unspent))
        self.add_codes(poll, [*known, *new])

    def spoil(self, poll: Poll, number: int, code_hash: str) -> None:
        """Cancels the code; the number is noted as spoiled."""
        self.connection.execute(
            delete(codes).where(codes.c.body == poll.body, codes.c.poll == poll.id, codes.c.hash == code_hash)
        )
        self.connection.execute(
            update(slips).where(*_of(poll), slips.c.number == number).values(state=SlipState.SPOILED.value)
        )


def _of(poll: Poll) -> tuple[Any, Any]:
    return slips.c.body == poll.body, slips.c.poll == poll.id
