"""Bodies and their candidate lists."""

from typing import Any

from ballots import usecases
from ballots.domain import InvalidBody
from ballots.schemas import (
    BodyAnswerSchema,
    BodySchema,
)
from ballots.service.access import AT_THE_MEETING, CLERK
from ballots.store import (
    UnknownBody,
    UnknownCandidateList,
)
from chassis.events import Heard, handles
from chassis.http import Call, http
from piaojue_contracts.proposals import CANDIDATES_PUBLISHED_V1


class BodyRoutes:
    """Bodies and their candidate lists."""

    store: Any

    @http("PUT", "/bodies/<body>", who=CLERK, body=BodySchema(), refuses=(InvalidBody,))
    def register_body(self, call: Call) -> None:
        """Registers a body, or changes what it is. Idempotent."""
        usecases.register_body(self.store, call.path["body"], call.data)

    @http("GET", "/bodies/<body>", who=AT_THE_MEETING, answer=BodyAnswerSchema(), refuses=(UnknownBody,))
    def show_body(self, call: Call) -> dict[str, Any]:
        """A body, and how many deputies its roll has."""
        return usecases.show_body(self.store, call.path["body"])

    @http(
        "GET",
        "/bodies/<body>/candidates/<year>",
        who=AT_THE_MEETING,
        answer="application/json",
        refuses=(UnknownCandidateList,),
    )
    def show_candidates(self, call: Call) -> dict[str, Any]:
        """The candidate list of a year, as it came from proposals."""
        return usecases.show_candidates(self.store, call.path["body"], _year(call))

    @handles(CANDIDATES_PUBLISHED_V1)
    def candidates_published(self, heard: Heard) -> None:
        """Keeps the list, so that polls can be held on it."""
        usecases.keep_candidate_list(heard.store, heard.data)


def _year(call: Call) -> int:
    text = call.path["year"]
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise UnknownCandidateList("No candidate list has such a year.", field="year")
    return int(text)
