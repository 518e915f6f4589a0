"""Objections to declared results."""

from typing import Any

from ballots import usecases
from ballots.domain import (
    InvalidObjection,
    NotOnesOwnObjection,
    ObjectionAlreadyAnswered,
    ObjectionExists,
    ObjectionsClosed,
    PollNotDeclared,
    TooManyObjections,
    UnknownDeputy,
    UnknownObjection,
)
from ballots.schemas import (
    AnswerObjectionSchema,
    FileObjectionSchema,
    ObjectionSchema,
    ObjectionsQuerySchema,
    ObjectionsSchema,
)
from ballots.service.access import CLERK
from ballots.store import UnknownPoll
from chassis.clock import now
from chassis.http import Call, bearer, http, public_and


class ObjectionRoutes:
    """Objections to declared results."""

    store: Any

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/objections",
        who=bearer("deputy", "clerk"),
        body=FileObjectionSchema(),
        answer=ObjectionSchema(),
        status=201,
        refuses=(
            *(UnknownPoll, InvalidObjection, NotOnesOwnObjection, UnknownDeputy, PollNotDeclared),
            *(ObjectionExists, ObjectionsClosed, TooManyObjections),
        ),
        confidential=True,
    )
    def file_objection(self, call: Call) -> dict[str, Any]:
        """Files an objection to a declared result, within the days of the poll's profile.

        Deputies file their own; a clerk files for a deputy who cannot. Everybody is told that there is one,
        and nobody what it says or whose it is. Sent again with the same id it is filed once.
        """
        assert call.caller is not None
        return usecases.file_objection(
            self.store, call.path["body"], call.path["poll"], call.data, call.caller, now()
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/objections/<objection>/answer",
        who=CLERK,
        body=AnswerObjectionSchema(),
        answer=ObjectionSchema(),
        refuses=(UnknownPoll, UnknownObjection, InvalidObjection, ObjectionAlreadyAnswered),
    )
    def answer_objection(self, call: Call) -> dict[str, Any]:
        """Answers an objection, for the presidium, once: everybody is told. A late answer is taken, and shown
        as late."""
        return usecases.answer_objection(
            self.store, call.path["body"], call.path["poll"], _number(call), call.data, now()
        )

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/objections",
        who=public_and("clerk", "scrutineer", "deputy"),
        query=ObjectionsQuerySchema(),
        answer=ObjectionsSchema(),
        refuses=(UnknownPoll,),
    )
    def show_objections(self, call: Call) -> dict[str, Any]:
        """The objections to a poll and their answers, with the places of their events in the log.

        What they say is shown to clerks and scrutineers, and to deputies of their own.
        """
        return usecases.show_objections(
            self.store, call.path["body"], call.path["poll"], call.query, call.caller, now()
        )


def _number(call: Call) -> int:
    text = call.path["objection"]
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise UnknownObjection("An objection is named by its number.", field="objection")
    return int(text)
