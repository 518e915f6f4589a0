"""The service proposals: who may ask what of it, and which events it hears."""

from typing import Any

from chassis.clock import now
from chassis.errors import NotFound
from chassis.events import Heard, handles
from chassis.http import PUBLIC, Call, bearer, http
from chassis.plugins import PluginFailed
from chassis.service import Plugged, Service
from chassis.store import Stored
from piaojue_contracts.ballots import RESULT_DECLARED_V1
from proposals import usecases
from proposals.domain import (
    AlreadyReplied,
    CandidatesAlreadyPublished,
    InvalidCandidates,
    InvalidProject,
    InvalidRecord,
    InvalidSuggestion,
    NoCandidates,
    OnListAndRecord,
    ProjectListedTwice,
    Suggestion,
    UnknownSource,
)
from proposals.plugins import SOURCES
from proposals.schemas import (
    CandidateListSchema,
    ProjectsSchema,
    RecordSchema,
    ReplySchema,
    StartedProjectsSchema,
    SuggestionAnswerSchema,
    SuggestionSchema,
    SuggestionsQuery,
    SuggestionsSchema,
)
from proposals.store import Proposals, RecordExists, UnknownCandidateList, UnknownSuggestion

CLERK = bearer("clerk")


class UnknownYear(NotFound):
    """A year is four digits."""

    slug = "unknown-year"


class ProposalsService(Service):
    """From a suggestion to a candidate project to a project under implementation."""

    name = "proposals"
    store = Stored(Proposals)
    sources = Plugged(SOURCES, "sources")

    @http(
        "POST",
        "/bodies/<body>/suggestions",
        who=bearer("clerk", "deputy"),
        body=SuggestionSchema(),
        answer=SuggestionAnswerSchema(),
        status=201,
        refuses=(InvalidSuggestion, UnknownSource, PluginFailed),
        confidential=True,
    )
    def receive_suggestion(self, call: Call) -> Suggestion:
        """Receives a suggestion: a reply is owed from now on. Its proposer is shown to clerks alone."""
        return usecases.receive_suggestion(self.store, call.path["body"], call.data, self.sources, now())

    @http(
        "GET",
        "/bodies/<body>/suggestions",
        who=CLERK,
        query=SuggestionsQuery(),
        answer=SuggestionsSchema(),
        refuses=(UnknownSuggestion,),
    )
    def show_suggestions(self, call: Call) -> dict[str, Any]:
        """A year's suggestions with their proposers, as they were received."""
        return usecases.show_suggestions(self.store, call.path["body"], call.query)

    @http(
        "POST",
        "/bodies/<body>/suggestions/<suggestion>/reply",
        who=bearer("clerk", "department"),
        body=ReplySchema(),
        answer=SuggestionAnswerSchema(),
        refuses=(UnknownSuggestion, AlreadyReplied, InvalidSuggestion),
    )
    def reply(self, call: Call) -> Suggestion:
        """Replies to a suggestion: once. The same reply again changes nothing."""
        return usecases.reply(
            self.store, call.path["body"], call.path["suggestion"], call.data["text"], now()
        )

    @http(
        "DELETE",
        "/bodies/<body>/suggestions/<suggestion>/proposer",
        who=CLERK,
        refuses=(UnknownSuggestion,),
    )
    def erase_proposer(self, call: Call) -> None:
        """Erases name and contact of who made a suggestion, and keeps the suggestion. Idempotent."""
        usecases.erase_proposer(self.store, call.path["body"], call.path["suggestion"])

    @http(
        "PUT",
        "/bodies/<body>/years/<year>/list",
        who=CLERK,
        body=ProjectsSchema(),
        answer=CandidateListSchema(),
        refuses=(
            *(UnknownYear, CandidatesAlreadyPublished, InvalidProject, InvalidCandidates),
            *(ProjectListedTwice, OnListAndRecord),
        ),
    )
    def draft_candidates(self, call: Call) -> dict[str, Any]:
        """Drafts the candidate list of a year, whole. Idempotent until it is published."""
        return usecases.draft_candidates(self.store, call.path["body"], _year(call), call.data)

    @http(
        "POST",
        "/bodies/<body>/years/<year>/list/publication",
        who=CLERK,
        answer=CandidateListSchema(),
        refuses=(UnknownYear, UnknownCandidateList, CandidatesAlreadyPublished, NoCandidates),
    )
    def publish_candidates(self, call: Call) -> dict[str, Any]:
        """Publishes the candidate list: it is fixed from now on, and everybody is told."""
        return usecases.publish_candidates(self.store, call.path["body"], _year(call), now())

    @http(
        "GET",
        "/bodies/<body>/years/<year>/list",
        who=PUBLIC,
        answer=CandidateListSchema(),
        refuses=(UnknownYear, UnknownCandidateList),
    )
    def show_candidates(self, call: Call) -> dict[str, Any]:
        """The published candidate list, and what has become of each project."""
        return usecases.show_candidates(self.store, call.path["body"], _year(call))

    @http(
        "POST",
        "/bodies/<body>/years/<year>/record",
        who=CLERK,
        body=RecordSchema(),
        answer=StartedProjectsSchema(),
        status=201,
        refuses=(
            *(UnknownYear, RecordExists, InvalidRecord, InvalidProject),
            *(ProjectListedTwice, OnListAndRecord),
        ),
    )
    def put_on_record(self, call: Call) -> dict[str, Any]:
        """Puts on record what was adopted before, so that it can be followed and rated. Once for a year."""
        return usecases.put_on_record(self.store, call.path["body"], _year(call), call.data, now())

    @http(
        "GET",
        "/bodies/<body>/years/<year>/projects",
        who=PUBLIC,
        answer=StartedProjectsSchema(),
        refuses=(UnknownYear,),
    )
    def show_projects(self, call: Call) -> dict[str, Any]:
        """A year's projects under implementation."""
        return usecases.show_projects(self.store, call.path["body"], _year(call))

    @handles(RESULT_DECLARED_V1)
    def result_declared(self, heard: Heard) -> None:
        """What the poll adopted is under implementation."""
        usecases.apply_result(heard.store, heard.data)


def _year(call: Call) -> int:
    text = call.path["year"]
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise UnknownYear("A year is four digits.", field="year")
    return int(text)
