"""Roll calls: who is there, who comes, who goes."""

from typing import Any

from ballots import usecases
from ballots.domain import InvalidRollCall, RollCallKind, UnknownDeputy
from ballots.schemas import ComingAndGoingSchema, MeetingAnswerSchema, RollCallSchema, RollCallsSchema
from ballots.service.access import CLERK, CLERK_OR_SCRUTINEER, sub
from ballots.store import UnknownMeeting
from chassis.clock import now
from chassis.http import Call, http

_REFUSES = (UnknownMeeting, UnknownDeputy, InvalidRollCall)


class RollCallRoutes:
    """Roll calls: who is there, who comes, who goes."""

    store: Any

    @http(
        "PUT",
        "/bodies/<body>/meetings/<meeting>/roll-call",
        who=CLERK,
        body=RollCallSchema(),
        answer=MeetingAnswerSchema(),
        refuses=_REFUSES,
    )
    def call_roll(self, call: Call) -> dict[str, Any]:
        """Says who is present, and that no others are. An earlier roll call stays on record."""
        return self._record(RollCallKind.CALLED, call, call.data["present"])

    @http(
        "POST",
        "/bodies/<body>/meetings/<meeting>/arrivals",
        who=CLERK,
        body=ComingAndGoingSchema(),
        answer=MeetingAnswerSchema(),
        refuses=_REFUSES,
    )
    def record_arrivals(self, call: Call) -> dict[str, Any]:
        """Says who has arrived. Repeated, it changes nothing."""
        return self._record(RollCallKind.ARRIVED, call, call.data["deputies"])

    @http(
        "POST",
        "/bodies/<body>/meetings/<meeting>/departures",
        who=CLERK,
        body=ComingAndGoingSchema(),
        answer=MeetingAnswerSchema(),
        refuses=_REFUSES,
    )
    def record_departures(self, call: Call) -> dict[str, Any]:
        """Says who has left. Repeated, it changes nothing."""
        return self._record(RollCallKind.LEFT, call, call.data["deputies"])

    @http(
        "GET",
        "/bodies/<body>/meetings/<meeting>/roll-calls",
        who=CLERK_OR_SCRUTINEER,
        answer=RollCallsSchema(),
        refuses=(UnknownMeeting,),
    )
    def show_roll_calls(self, call: Call) -> dict[str, Any]:
        """The facts that attendance follows from: whole roll calls, arrivals and departures."""
        return usecases.show_roll_calls(self.store, call.path["body"], call.path["meeting"])

    def _record(self, kind: RollCallKind, call: Call, deputies: list[str]) -> dict[str, Any]:
        return usecases.record_roll_call(
            *(self.store, call.path["body"], call.path["meeting"], kind, deputies, now()),
            by=sub(call),
            at=call.data["at"],
        )
