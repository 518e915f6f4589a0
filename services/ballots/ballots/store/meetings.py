"""Meetings and their roll calls."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from ballots.domain import Meeting
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
