"""What is done for a meeting: it is called, it is opened, it is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ballots.domain import (
    Meeting,
    present_at,
    quorum_needed,
    read_quorum,
    telling,
)
from ballots.store import Ballots
from chassis.store import Store
from piaojue_contracts.ballots import (
    MEETING_OPENED_V1,
)


def call_meeting(store: Store[Ballots], body: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Calls a meeting to which all deputies on the roll are due. Raises UnknownBody, InvalidRoll,
    MeetingExists."""
    with store.transaction() as ballots:
        meeting = Meeting(
            id=given["meeting"],
            body=body,
            deputies=ballots.body(body).deputies_total,
            due=frozenset(ballots.deputy_ids(body)),
            quorum=read_quorum(given["quorum"]),
        )
        ballots.add_meeting(meeting, given["title"])
        return meeting_shown(meeting, given["title"])


def open_meeting(store: Store[Ballots], body: str, meeting_id: str, now: datetime) -> dict[str, Any]:
    """Raises UnknownMeeting, QuorumNotMet, MeetingAlreadyOpen."""
    with store.transaction() as ballots:
        meeting, title = ballots.meeting(body, meeting_id, to_change=True)
        opened = meeting.open(now)
        ballots.save_meeting_opened(opened)
        ballots.publish(
            MEETING_OPENED_V1,
            subject=f"meetings/{body}/{meeting_id}",
            data=telling.meeting_opened(opened, title, ballots.body(body), now),
        )
        return meeting_shown(opened, title)


def show_meeting(
    store: Store[Ballots], body: str, meeting_id: str, at: datetime | None = None
) -> dict[str, Any]:
    """As it is, or who was present ``at`` a time. Raises UnknownMeeting."""
    with store.reading() as ballots:
        meeting, title = ballots.meeting(body, meeting_id)
        if at is not None:
            meeting = meeting.called(present_at(ballots.roll_calls(body, meeting_id), at))
        return meeting_shown(meeting, title)


def meeting_shown(meeting: Meeting, title: str) -> dict[str, Any]:
    return {
        "id": meeting.id,
        "title": title,
        "due": len(meeting.due),
        "present": len(meeting.present),
        "deputies": meeting.attendance.deputies,
        "quorum_needed": quorum_needed(meeting.attendance.deputies, meeting.quorum),
        "opened_at": meeting.opened_at,
    }
