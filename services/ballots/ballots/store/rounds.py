"""Which polls are rounds of one decision. A poll without a row is the first of its own, and has none after
it."""

from typing import Final

from sqlalchemy import Integer, column, select, table

from ballots.domain import Poll, Round
from ballots.store.rows import BallotsRepository
from chassis.errors import Conflict

rounds: Final = table(
    "rounds", column("body"), column("poll"), column("decision"), column("number", Integer), column("follows")
)


class NextRoundExists(Conflict):
    """Another poll follows this one already."""

    slug = "next-round-exists"


class Rounds(BallotsRepository):
    """Rounds."""

    def round_of(self, body: str, poll: str) -> Round:
        """Where a poll stands."""
        query = select(rounds).where(rounds.c.body == body, rounds.c.poll == poll)
        row = self.connection.execute(query).first()
        return Round(row.decision, row.number, row.follows) if row else Round(poll)

    def rounds_of(self, body: str, decision: str) -> list[str]:
        """The polls of a decision, in their order."""
        query = select(rounds.c.poll).where(rounds.c.body == body, rounds.c.decision == decision)
        return [decision, *self.connection.scalars(query.order_by(rounds.c.number))]

    def add_round(self, poll: Poll, round: Round) -> None:
        """NextRoundExists."""
        values = {
            "body": poll.body,
            "poll": poll.id,
            "decision": round.decision,
            "number": round.number,
            "follows": round.follows,
        }
        self.insert_new(
            rounds, values, NextRoundExists("Another poll follows this one already.", field="poll")
        )
