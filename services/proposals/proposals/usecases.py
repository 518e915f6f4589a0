"""What users of proposals do, and what becomes of a declared result. Each loads, asks the domain, saves,
publishes: in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from chassis.logging import get_logger
from chassis.plugins import Plugins
from chassis.store import Store
from piaojue_contracts.proposals import (
    CANDIDATES_PUBLISHED_V1,
    IMPLEMENTATION_STARTED_V1,
    SUGGESTION_RECEIVED_V1,
)
from proposals.domain import (
    CandidateList,
    Incoming,
    Proposer,
    Record,
    Result,
    Source,
    Suggestion,
    UnknownSource,
    candidates_published,
    check_apart,
    implementation_on_record,
    implementation_started,
    read_projects,
    suggestion_received,
)
from proposals.store import Proposals, RecordExists, UnknownCandidateList

Sources = Plugins[Source]

_log = get_logger("proposals", "proposals")


def receive_suggestion(
    store: Store[Proposals], body: str, given: Mapping[str, Any], sources: Sources, now: datetime
) -> Suggestion:
    """Keeps a suggestion as its source accepts it. Not idempotent: the same one may come from two people.

    Raises InvalidSuggestion, UnknownSource, PluginFailed.
    """
    accepted = _accepted(given, sources)
    suggestion = Suggestion.received(
        id=str(uuid4()),
        body=body,
        year=given["year"],
        title=accepted.title,
        content=accepted.content,
        source=given["source"],
        now=now,
        proposer=accepted.proposer,
    )
    with store.transaction() as proposals:
        proposals.add_suggestion(suggestion)
        proposals.publish(
            SUGGESTION_RECEIVED_V1,
            subject=f"suggestions/{suggestion.id}",
            data=suggestion_received(suggestion),
        )
    return suggestion


def _accepted(given: Mapping[str, Any], sources: Sources) -> Incoming:
    if given["source"] not in sources:
        raise UnknownSource(f"source: must be one of {', '.join(sources)}", field="source")
    person = given["proposer"]
    proposer = Proposer(person["name"], person["contact"]) if person else None
    incoming = Incoming(given["title"], given["content"], proposer)
    return sources.decide(given["source"], lambda source: _incoming(source.accept(incoming)))


def _incoming(answer: object) -> Incoming:
    """Within the plugin's turn: an answer that is none is its failure."""
    if not isinstance(answer, Incoming):
        raise TypeError("a source returns what is to be kept")
    return answer


def show_suggestions(store: Store[Proposals], body: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the suggestions of a year, with their proposers. Raises UnknownSuggestion."""
    with store.reading() as proposals:
        most: int = query["limit"]
        found = proposals.suggestions(body, query["year"], after=query["after"], most=most + 1)
        return {"suggestions": found[:most], "more": len(found) > most}


def reply(store: Store[Proposals], body: str, suggestion: str, text: str, now: datetime) -> Suggestion:
    """Replies to a suggestion. Idempotent for the same text. Raises UnknownSuggestion, AlreadyReplied,
    InvalidSuggestion."""
    with store.transaction() as proposals:
        replied = proposals.suggestion_to_change(body, suggestion).replied(text, now)
        proposals.save_reply(replied)
        return replied


def erase_proposer(store: Store[Proposals], body: str, suggestion: str) -> None:
    """Erases whose suggestion it was, and keeps the suggestion. Idempotent. Raises UnknownSuggestion."""
    with store.transaction() as proposals:
        proposals.erase_proposer(proposals.suggestion_to_change(body, suggestion))


def draft_candidates(
    store: Store[Proposals], body: str, year: int, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Makes the candidate list, or replaces a draft of it. Idempotent.

    Raises CandidatesAlreadyPublished, InvalidProject, InvalidCandidates, ProjectListedTwice, OnListAndRecord.
    """
    projects = read_projects(given["projects"])
    draft = CandidateList.drafted(body=body, body_name=given["body_name"], year=year, projects=projects)
    with store.transaction() as proposals:
        record = proposals.record(body, year)
        check_apart(projects, record.projects if record else ())
        if not proposals.add_candidate_list(draft):
            _list_to_change(proposals, body, year).with_projects(projects)  # refused once it is published
            proposals.save_candidate_list(draft)
    return _shown(draft)


def publish_candidates(store: Store[Proposals], body: str, year: int, now: datetime) -> dict[str, Any]:
    """Publishes a draft: it is fixed from now on. Raises UnknownCandidateList, CandidatesAlreadyPublished,
    NoCandidates."""
    with store.transaction() as proposals:
        published = _list_to_change(proposals, body, year).publish(now)
        proposals.save_candidate_list(published)
        proposals.publish(
            CANDIDATES_PUBLISHED_V1, subject=_subject(body, year), data=candidates_published(published)
        )
    return _shown(published)


def _list_to_change(proposals: Proposals, body: str, year: int) -> CandidateList:
    found = proposals.candidate_list_to_change(body, year)
    if found is None:
        raise UnknownCandidateList(f"The body has no candidate list of {year}.", field="year")
    return found


def show_candidates(store: Store[Proposals], body: str, year: int) -> dict[str, Any]:
    """The published list, each project with what has become of it. Raises UnknownCandidateList."""
    with store.reading() as proposals:
        found = proposals.candidate_list(body, year)
        if found is None or not found.published:
            raise UnknownCandidateList(f"No candidate list of {year} is published.", field="year")
        return _shown(found)


def _shown(candidates: CandidateList) -> dict[str, Any]:
    return {
        "body": candidates.body,
        "body_name": candidates.body_name,
        "year": candidates.year,
        "published_at": candidates.published_at,
        "projects": [
            project.as_json() | {"stage": candidates.stage(project.id).value}
            for project in candidates.projects
        ],
    }


def put_on_record(
    store: Store[Proposals], body: str, year: int, given: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Puts projects that were adopted before on record: they are under implementation. Once for a year.

    Idempotent for the same content. Raises RecordExists, InvalidRecord, InvalidProject, ProjectListedTwice,
    OnListAndRecord.
    """
    projects = read_projects(given["projects"])
    record = Record.put(body=body, body_name=given["body_name"], year=year, projects=projects, now=now)
    with store.transaction() as proposals:
        listed = proposals.candidate_list(body, year)
        check_apart(projects, listed.projects if listed else ())
        if proposals.add_record(record):
            proposals.publish(
                IMPLEMENTATION_STARTED_V1,
                subject=_subject(body, year),
                data=implementation_on_record(record),
            )
        elif (known := proposals.record(body, year)) and not record.says_the_same_as(known):
            raise RecordExists("Something else is on record for this year, and was told to others.")
    return show_projects(store, body, year)


def show_projects(store: Store[Proposals], body: str, year: int) -> dict[str, Any]:
    """A year's projects under implementation, those by a result first; none is an answer, too."""
    with store.reading() as proposals:
        listed, record = proposals.candidate_list(body, year), proposals.record(body, year)
    started = [("result", each) for each in (listed.under_implementation if listed else ())]
    started += [("record", each) for each in (record.projects if record else ())]
    projects = [project.as_json() | {"origin": origin} for origin, project in started]
    return {"body": body, "year": year, "projects": projects}


def apply_result(proposals: Proposals, data: Mapping[str, Any]) -> None:
    """A poll's result was declared: what it newly adopts is under implementation.

    A result without a published list here is passed over, since no list can follow that was voted on before.
    So are projects that are not on the list. Raises InvalidResult for what cannot be one.
    """
    result = Result.read(data)
    log = _log.bind(body=result.body, year=result.year, poll=result.poll)
    listed = proposals.candidate_list_to_change(result.body, result.year)
    if listed is None or not listed.published:
        log.warning("result_without_candidate_list")
        return
    if strangers := listed.strangers(result):
        log.warning("projects_not_on_candidate_list", projects=strangers)
    decided, started = listed.decided(result)
    proposals.save_candidate_list(decided)
    if started:
        proposals.publish(
            IMPLEMENTATION_STARTED_V1,
            subject=_subject(result.body, result.year),
            data=implementation_started(decided, started, result),
        )


def _subject(body: str, year: int) -> str:
    return f"bodies/{body}/{year}"
