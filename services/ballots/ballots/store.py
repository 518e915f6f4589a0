"""The tables of ballots, and the repository of its use cases.

Secrecy: ``codes`` and ``papers`` share the poll and nothing else. A paper has a random id, no time, no order;
neither has a sequence of rows that would tell one. The roll is in no transaction that touches either.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Boolean, Integer, TableClause, column, delete, func, insert, select, table, update
from sqlalchemy.exc import IntegrityError

from ballots.domain import Body, Deputy, Marks, Meeting, OnPaper, Poll, PollState
from chassis.errors import Conflict, NotFound
from chassis.store import Document, Instant, Repository

bodies: Final = table("bodies", column("id"), column("name"), column("level"))
deputies: Final = table(
    "deputies", column("body"), column("id"), column("name"), column("delegation"), column("district")
)
candidate_lists: Final = table(
    "candidate_lists", column("body"), column("year"), column("candidates", Document)
)
meetings: Final = table(
    "meetings",
    column("body"),
    column("id"),
    column("title"),
    column("due", Document),
    column("quorum"),
    column("opened_at", Instant),
)
roll_calls: Final = table(
    "roll_calls",
    column("body"),
    column("meeting"),
    column("number", Integer),
    column("present", Document),
    column("called_at", Instant),
)
polls: Final = table(
    "polls",
    *map(column, ("body", "id", "meeting", "title", "year", "state", "rules_hash")),
    *(column(name, Integer) for name in ("issued", "told_issued", "told_returned")),
    *(
        column(name, Document)
        for name in ("titles", "rules", "candidates", "attendance", "versions", "result")
    ),
    *(column(name, Instant) for name in ("opened_at", "closed_at", "declared_at")),
)
codes: Final = table("codes", column("body"), column("poll"), column("hash"), column("spent", Boolean))
papers: Final = table("papers", column("body"), column("poll"), column("id"), column("marks"))


class UnknownBody(NotFound):
    """No body of this id is registered."""

    slug = "unknown-body"


class UnknownMeeting(NotFound):
    """The body has no meeting of this id."""

    slug = "unknown-meeting"


class UnknownPoll(NotFound):
    """The body has no poll of this id."""

    slug = "unknown-poll"


class UnknownCandidateList(NotFound):
    """No candidate list of this body and year has been published, or word of it has not come yet."""

    slug = "unknown-candidate-list"


class MeetingExists(Conflict):
    """The body has a meeting of this id."""

    slug = "meeting-exists"


class PollExists(Conflict):
    """The body has a poll of this id."""

    slug = "poll-exists"


@dataclass(frozen=True, slots=True)
class Turnout:
    """Of an open poll. ``told_…``: as the last event told it."""

    poll: Poll
    returned: int
    told_issued: int
    told_returned: int


class Ballots(Repository):
    """All that ballots keeps, in one transaction."""

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

    def add_meeting(self, meeting: Meeting, title: str) -> None:
        """MeetingExists."""
        values = {
            "body": meeting.body,
            "id": meeting.id,
            "title": title,
            "due": sorted(meeting.due),
            "quorum": f"{meeting.quorum.numerator}/{meeting.quorum.denominator}",
        }
        self._insert(meetings, values, MeetingExists("The body has a meeting of this id.", field="meeting"))

    def meeting(self, body: str, meeting: str, *, to_change: bool = False) -> tuple[Meeting, str]:
        """The meeting and its title. UnknownMeeting."""
        query = select(meetings).where(meetings.c.body == body, meetings.c.id == meeting)
        row = self.connection.execute(query.with_for_update() if to_change else query).first()
        if row is None:
            raise UnknownMeeting("The body has no meeting of this id.", field="meeting")
        present = self.connection.scalar(self._roll_calls(body, meeting).limit(1)) or []
        restored = Meeting.restored(
            id=row.id,
            body=row.body,
            due=row.due,
            present=present,
            quorum=row.quorum,
            opened_at=row.opened_at,
        )
        return restored, row.title

    def _roll_calls(self, body: str, meeting: str) -> Any:
        query = select(roll_calls.c.present).order_by(roll_calls.c.number.desc())
        return query.where(roll_calls.c.body == body, roll_calls.c.meeting == meeting)

    def add_roll_call(self, meeting: Meeting, now: datetime) -> None:
        """The present of a meeting as a new fact beside the earlier ones."""
        earlier = self.connection.scalar(
            select(func.max(roll_calls.c.number)).where(
                roll_calls.c.body == meeting.body, roll_calls.c.meeting == meeting.id
            )
        )
        self.connection.execute(
            insert(roll_calls).values(
                body=meeting.body,
                meeting=meeting.id,
                number=(earlier or 0) + 1,
                present=sorted(meeting.present),
                called_at=now,
            )
        )

    def save_meeting_opened(self, meeting: Meeting) -> None:
        self.connection.execute(
            update(meetings)
            .where(meetings.c.body == meeting.body, meetings.c.id == meeting.id)
            .values(opened_at=meeting.opened_at)
        )

    def add_poll(self, poll: Poll, on_paper: OnPaper) -> None:
        """PollExists."""
        values = poll.as_stored() | {
            "year": on_paper.year,
            "titles": dict(on_paper.titles),
            "told_issued": 0,
            "told_returned": 0,
        }
        self._insert(polls, values, PollExists("The body has a poll of this id.", field="poll"))

    def poll(self, body: str, poll: str) -> Poll:
        """UnknownPoll."""
        return self._poll(self._one_poll(body, poll))

    def poll_to_change(self, body: str, poll: str) -> Poll:
        """Nobody else changes it, or casts, until the transaction ends. UnknownPoll."""
        return self._poll(self._one_poll(body, poll).with_for_update())

    def poll_to_cast(self, body: str, poll: str) -> Poll:
        """Nobody changes it until the transaction ends; others may cast. UnknownPoll."""
        return self._poll(self._one_poll(body, poll).with_for_update(read=True))

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
        """Of every open poll that nobody else is telling of, locked against that."""
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

    def _insert(self, table: TableClause, values: Mapping[str, Any], taken: Conflict) -> None:
        """Raises ``taken`` when there is one of this key; races lose here too."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(table).values(**values))
        except IntegrityError:
            raise taken from None


def _canonical(marks: Marks) -> str:
    return json.dumps(marks, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
