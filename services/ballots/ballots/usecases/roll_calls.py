"""What is done as deputies come and go: each is a fact, and stays on record."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from ballots.domain import RollCall, RollCallKind, present_at, read_at
from ballots.store import Ballots
from ballots.usecases.meetings import meeting_shown
from chassis.store import Store


def record_roll_call(
    store: Store[Ballots],
    body: str,
    meeting_id: str,
    kind: RollCallKind,
    deputies: Collection[str],
    now: datetime,
    *,
    by: str | None = None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """A whole roll call, arrivals or departures: so from ``at`` on, which is now if it is left out.

    Repeated, it is one more fact that changes nothing. Raises UnknownMeeting, UnknownDeputy, InvalidRollCall.
    """
    with store.transaction() as ballots:
        meeting, title = ballots.meeting(body, meeting_id, to_change=True)
        meeting.check_due(deputies)
        facts = ballots.roll_calls(body, meeting_id)
        fact = RollCall(
            number=facts[-1].number + 1 if facts else 1,
            kind=kind,
            deputies=frozenset(deputies),
            at=read_at(at, facts, now),
            recorded_at=now,
            by=by,
        )
        changed = meeting.called(present_at([*facts, fact]))
        ballots.add_roll_call(changed, fact)
        return meeting_shown(changed, title)


def call_roll(
    store: Store[Ballots], body: str, meeting_id: str, present: Collection[str], now: datetime
) -> dict[str, Any]:
    """A whole roll call, now, by nobody in particular. Raises as :func:`record_roll_call`."""
    return record_roll_call(store, body, meeting_id, RollCallKind.CALLED, present, now)


def show_roll_calls(store: Store[Ballots], body: str, meeting_id: str) -> dict[str, Any]:
    """All facts, in the order of their recording. Raises UnknownMeeting."""
    with store.reading() as ballots:
        ballots.meeting(body, meeting_id)
        facts = ballots.roll_calls(body, meeting_id)
    return {
        "roll_calls": [
            {
                "number": fact.number,
                "kind": fact.kind.value,
                "deputies": sorted(fact.deputies),
                "at": fact.at,
                "recorded_at": fact.recorded_at,
                "by": fact.by,
            }
            for fact in facts
        ]
    }
