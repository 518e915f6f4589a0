"""Polls, from their preparation to their result."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from ballots.domain import OnPaper, Poll, PollState
from ballots.store.errors import PollExists, UnknownPoll
from ballots.store.papers import Papers
from ballots.store.tables import polls


@dataclass(frozen=True, slots=True)
class Turnout:
    """Of an open poll. ``told_…``: as the last event told it."""

    poll: Poll
    returned: int
    told_issued: int
    told_returned: int


class Polls(Papers):
    """Polls, from their preparation to their result."""

    def add_poll(self, poll: Poll, on_paper: OnPaper) -> None:
        """PollExists."""
        values = poll.as_stored() | {
            "year": on_paper.year,
            "titles": dict(on_paper.titles),
            "told_issued": 0,
            "told_returned": 0,
        }
        self.insert_new(polls, values, PollExists("The body has a poll of this id.", field="poll"))

    def poll(self, body: str, poll: str) -> Poll:
        """UnknownPoll."""
        return self._poll(self._one_poll(body, poll))

    def poll_to_change(self, body: str, poll: str) -> Poll:
        """Nobody else changes it, or casts, until the transaction ends. UnknownPoll."""
        self.wait_turn(f"polls/{body}/{poll}")
        return self._poll(self._one_poll(body, poll).with_for_update())

    def poll_to_cast(self, body: str, poll: str) -> Poll:
        """Nobody changes it until the transaction ends; others may cast, and tell the turnout. However many
        cast, who wants to change it comes to his turn. UnknownPoll."""
        self.wait_turn(f"polls/{body}/{poll}", shared=True)
        return self._poll(self._one_poll(body, poll).with_for_update(read=True, key_share=True))

    def _one_poll(self, body: str, poll: str) -> Any:
        return select(polls).where(polls.c.body == body, polls.c.id == poll)

    def _poll(self, query: Any) -> Poll:
        row = self.connection.execute(query).first()
        if row is None:
            raise UnknownPoll("The body has no poll of this id.", field="poll")
        return Poll.restored(dict(row._mapping))

    def on_paper(self, poll: Poll) -> OnPaper:
        query = select(polls.c.year, polls.c.titles)
        row = self.connection.execute(query.where(polls.c.body == poll.body, polls.c.id == poll.id)).one()
        return OnPaper(row.year, row.titles)

    def save_poll(self, poll: Poll) -> None:
        self.connection.execute(
            update(polls).where(polls.c.body == poll.body, polls.c.id == poll.id).values(**poll.as_stored())
        )

    def turnouts(self) -> list[Turnout]:
        """Of every open poll that nobody else is telling of, locked against that, but not against casts."""
        query = select(polls).where(polls.c.state == PollState.OPEN.value)
        rows = self.connection.execute(query.with_for_update(skip_locked=True, key_share=True)).all()
        return [
            Turnout(
                Poll.restored(dict(row._mapping)),
                self.returned(row.body, row.id),
                row.told_issued,
                row.told_returned,
            )
            for row in rows
        ]

    def save_told(self, turnout: Turnout) -> None:
        self.connection.execute(
            update(polls)
            .where(polls.c.body == turnout.poll.body, polls.c.id == turnout.poll.id)
            .values(told_issued=turnout.poll.issued, told_returned=turnout.returned)
        )

    def states(self) -> dict[PollState, int]:
        """How many polls are in each state."""
        rows = self.connection.execute(select(polls.c.state, func.count()).group_by(polls.c.state)).all()
        return dict.fromkeys(PollState, 0) | {PollState(row[0]): row[1] for row in rows}

    def open_polls(self, most: int) -> list[Turnout]:
        """Open polls and what was told of each, those opened last first; nothing is counted or locked."""
        query = select(polls).where(polls.c.state == PollState.OPEN.value)
        rows = self.connection.execute(query.order_by(polls.c.opened_at.desc()).limit(most))
        return [
            Turnout(Poll.restored(dict(row._mapping)), row.told_returned, row.told_issued, row.told_returned)
            for row in rows
        ]

    def closed_since(self, moment: datetime, most: int) -> list[Poll]:
        """Polls closed after that moment, the last first."""
        closed = [state.value for state in (PollState.CLOSED, PollState.COUNTED, PollState.DECLARED)]
        query = select(polls).where(polls.c.state.in_(closed), polls.c.closed_at > moment)
        rows = self.connection.execute(query.order_by(polls.c.closed_at.desc()).limit(most)).all()
        return [Poll.restored(dict(row._mapping)) for row in rows]
