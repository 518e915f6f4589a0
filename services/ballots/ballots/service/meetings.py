"""Meetings."""

from typing import Any

from ballots import usecases
from ballots.domain import (
    InvalidRoll,
    MeetingAlreadyOpen,
    QuorumNotMet,
)
from ballots.schemas import (
    MeetingAnswerSchema,
    MeetingQuerySchema,
    MeetingSchema,
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
    """Meetings."""

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
        query=MeetingQuerySchema(),
        answer=MeetingAnswerSchema(),
        refuses=(UnknownMeeting,),
    )
    def show_meeting(self, call: Call) -> dict[str, Any]:
        """Due and present, now or at a time."""
        return usecases.show_meeting(self.store, call.path["body"], call.path["meeting"], call.query["at"])

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
