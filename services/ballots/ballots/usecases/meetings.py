"""What is done for a meeting: it is called, its roll is called, it is opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ballots.domain import (
    Meeting,
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
        ballots.body(body)
        due = frozenset(ballots.deputy_ids(body))
        meeting = Meeting(id=given["meeting"], body=body, due=due, quorum=read_quorum(given["quorum"]))
        ballots.add_meeting(meeting, given["title"])
        return _meeting_shown(meeting, given["title"])


def call_roll(
    store: Store[Ballots], body: str, meeting_id: str, present: Sequence[str], now: datetime
) -> dict[str, Any]:
    """A whole roll call; earlier ones stay on record. Raises UnknownMeeting, UnknownDeputy."""
    with store.transaction() as ballots:
        meeting, title = ballots.meeting(body, meeting_id, to_change=True)
        called = meeting.called(present)
        ballots.add_roll_call(called, now)
        return _meeting_shown(called, title)


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
        return _meeting_shown(opened, title)


def show_meeting(store: Store[Ballots], body: str, meeting_id: str) -> dict[str, Any]:
    """Raises UnknownMeeting."""
    with store.reading() as ballots:
        return _meeting_shown(*ballots.meeting(body, meeting_id))


def _meeting_shown(meeting: Meeting, title: str) -> dict[str, Any]:
    return {
        "id": meeting.id,
        "title": title,
        "due": len(meeting.due),
        "present": len(meeting.present),
        "quorum_needed": quorum_needed(len(meeting.due), meeting.quorum),
        "opened_at": meeting.opened_at,
    }
