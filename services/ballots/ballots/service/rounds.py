"""Routes of further rounds."""

from typing import Any

from ballots import usecases
from ballots.domain import InvalidPoll, NoFurtherRound, PollNotDeclared
from ballots.schemas import NextRoundSchema, PollAnswerSchema
from ballots.service.access import CLERK
from ballots.store import NextRoundExists, PollExists, UnknownPoll
from chassis.http import Call, http


class RoundRoutes:
    """Further rounds of a decision."""

    store: Any

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/next-round",
        who=CLERK,
        body=NextRoundSchema(),
        answer=PollAnswerSchema(),
        status=201,
        refuses=(UnknownPoll, PollNotDeclared, NoFurtherRound, InvalidPoll, PollExists, NextRoundExists),
    )
    def prepare_next_round(self, call: Call) -> dict[str, Any]:
        """Prepares what follows a declared poll: a runoff between the tied, a round for the seats that are
        left, or a void poll again."""
        return usecases.prepare_next_round(self.store, call.path["body"], call.path["poll"], call.data)
