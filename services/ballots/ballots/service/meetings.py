"""Meetings and their roll calls."""

from typing import Any

from ballots import usecases
from ballots.domain import (
    InvalidRoll,
    MeetingAlreadyOpen,
    QuorumNotMet,
    UnknownDeputy,
)
from ballots.schemas import (
    MeetingAnswerSchema,
    MeetingSchema,
    RollCallSchema,
)
from ballots.service.access import AT_THE_MEETING, CLERK
from ballots.store import (
    MeetingExists,
    UnknownBody,
    UnknownMeeting,
)
from chassis.clock import now
from chassis.http import Call, http


class MeetingRoutes:
    """Meetings and their roll calls."""

    store: Any

    @http(
        "POST",
        "/bodies/<body>/meetings",
        who=CLERK,
        body=MeetingSchema(),
        answer=MeetingAnswerSchema(),
        status=201,
        refuses=(UnknownBody, InvalidRoll, MeetingExists),
    )
    def call_meeting(self, call: Call) -> dict[str, Any]:
        """Calls a meeting. All deputies on the roll are due to attend."""
        return usecases.call_meeting(self.store, call.path["body"], call.data)

    @http(
        "GET",
        "/bodies/<body>/meetings/<meeting>",
        who=AT_THE_MEETING,
        answer=MeetingAnswerSchema(),
        refuses=(UnknownMeeting,),
    )
    def show_meeting(self, call: Call) -> dict[str, Any]:
        """Due and present at this time."""
        return usecases.show_meeting(self.store, call.path["body"], call.path["meeting"])

    @http(
        "PUT",
        "/bodies/<body>/meetings/<meeting>/roll-call",
        who=CLERK,
        body=RollCallSchema(),
        answer=MeetingAnswerSchema(),
        refuses=(UnknownMeeting, UnknownDeputy),
    )
    def call_roll(self, call: Call) -> dict[str, Any]:
        """Says who is present. An earlier roll call stays on record."""
        return usecases.call_roll(
            self.store, call.path["body"], call.path["meeting"], call.data["present"], now()
        )

    @http(
        "POST",
        "/bodies/<body>/meetings/<meeting>/opening",
        who=CLERK,
        answer=MeetingAnswerSchema(),
        refuses=(UnknownMeeting, QuorumNotMet, MeetingAlreadyOpen),
    )
    def open_meeting(self, call: Call) -> dict[str, Any]:
        """Opens a meeting that has its quorum."""
        return usecases.open_meeting(self.store, call.path["body"], call.path["meeting"], now())
