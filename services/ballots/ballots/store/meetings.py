"""Meetings and their roll calls."""

from typing import Any

from sqlalchemy import insert, select, update

from ballots.domain import Meeting, RollCall, RollCallKind
from ballots.store.errors import MeetingExists, UnknownMeeting
from ballots.store.rows import BallotsRepository
from ballots.store.tables import meetings, roll_calls


class Meetings(BallotsRepository):
    """Meetings and their roll calls."""

    def add_meeting(self, meeting: Meeting, title: str) -> None:
        """MeetingExists."""
        values = {
            "body": meeting.body,
            "id": meeting.id,
            "title": title,
            "due": sorted(meeting.due),
            "deputies": meeting.deputies,
            "quorum": f"{meeting.quorum.numerator}/{meeting.quorum.denominator}",
        }
        self.insert_new(
            meetings, values, MeetingExists("The body has a meeting of this id.", field="meeting")
        )

    def meeting(self, body: str, meeting: str, *, to_change: bool = False) -> tuple[Meeting, str]:
        """The meeting and its title. UnknownMeeting."""
        query = select(meetings).where(meetings.c.body == body, meetings.c.id == meeting)
        row = self.connection.execute(query.with_for_update() if to_change else query).first()
        if row is None:
            raise UnknownMeeting("The body has no meeting of this id.", field="meeting")
        present = self.connection.scalar(self._last_present(body, meeting)) or []
        restored = Meeting.restored(
            id=row.id,
            body=row.body,
            due=row.due,
            present=present,
            quorum=row.quorum,
            opened_at=row.opened_at,
            deputies=row.deputies,
        )
        return restored, row.title

    def _last_present(self, body: str, meeting: str) -> Any:
        query = select(roll_calls.c.present).order_by(roll_calls.c.number.desc()).limit(1)
        return query.where(roll_calls.c.body == body, roll_calls.c.meeting == meeting)

    def roll_calls(self, body: str, meeting: str) -> list[RollCall]:
        """All facts, in the order of their recording. Those of an earlier release are whole roll calls."""
        query = select(roll_calls).where(roll_calls.c.body == body, roll_calls.c.meeting == meeting)
        return [
            RollCall(
                number=row.number,
                kind=RollCallKind(row.kind),
                deputies=frozenset(row.present if row.deputies is None else row.deputies),
                at=row.called_at,
                recorded_at=row.recorded_at or row.called_at,
                by=row.recorded_by,
            )
            for row in self.connection.execute(query.order_by(roll_calls.c.number))
        ]

    def add_roll_call(self, meeting: Meeting, fact: RollCall) -> None:
        """A new fact beside the earlier ones, with those present by all of them."""
        self.connection.execute(
            insert(roll_calls).values(
                body=meeting.body,
                meeting=meeting.id,
                number=fact.number,
                kind=fact.kind.value,
                deputies=sorted(fact.deputies),
                present=sorted(meeting.present),
                called_at=fact.at,
                recorded_at=fact.recorded_at,
                recorded_by=fact.by,
            )
        )

    def save_meeting_opened(self, meeting: Meeting) -> None:
        self.connection.execute(
            update(meetings)
            .where(meetings.c.body == meeting.body, meetings.c.id == meeting.id)
            .values(opened_at=meeting.opened_at)
        )
