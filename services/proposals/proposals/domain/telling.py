"""The data of the events that proposals tells. No person is in any of it."""

from collections.abc import Iterable

from proposals.domain.candidates import CandidateList
from proposals.domain.errors import CandidatesNotPublished
from proposals.domain.project import Project
from proposals.domain.reading import write_instant
from proposals.domain.record import Record
from proposals.domain.result import Result
from proposals.domain.suggestion import Suggestion

Json = dict[str, object]


def suggestion_received(suggestion: Suggestion) -> Json:
    """Neither the proposer nor the content, which may say who the proposer is."""
    return {
        "body": suggestion.body,
        "year": suggestion.year,
        "suggestion": suggestion.id,
        "title": suggestion.title,
        "source": suggestion.source,
        "received_at": write_instant(suggestion.received_at),
    }


def candidates_published(candidates: CandidateList) -> Json:
    """Raises CandidatesNotPublished."""
    if candidates.published_at is None:
        raise CandidatesNotPublished("a draft is told to nobody")
    return {
        "body": candidates.body,
        "body_name": candidates.body_name,
        "year": candidates.year,
        "candidates": _told(candidates.projects),
        "published_at": write_instant(candidates.published_at),
    }


def implementation_started(candidates: CandidateList, started: Iterable[Project], result: Result) -> Json:
    """``started``: what :meth:`CandidateList.decided` found, at least one project."""
    return {
        "body": candidates.body,
        "body_name": candidates.body_name,
        "year": candidates.year,
        "origin": "result",
        "projects": _told(started),
        "started_at": write_instant(result.declared_at),
    }


def implementation_on_record(record: Record) -> Json:
    """``implementation_started`` for projects that were adopted before."""
    return {
        "body": record.body,
        "body_name": record.body_name,
        "year": record.year,
        "origin": "record",
        "projects": _told(record.projects),
        "started_at": write_instant(record.started_at),
    }


def _told(projects: Iterable[Project]) -> list[Json]:
    told = []
    for project in projects:
        values = project.as_json()
        told.append({"project": values.pop("id"), **values})
    return told
