"""What ballots tells others: the data of its events, from the meeting and the poll they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ballots.domain.channels import Channel
from ballots.domain.meeting import Body, Meeting
from ballots.domain.objections import Objection
from ballots.domain.poll import Poll
from ballots.domain.rules import quorum_needed
from chassis.clock import rfc3339

_FIGURES = (
    *("outcome", "open_seats", "pass_mark", "adopted", "tied", "deputies", "present"),
    *("issued", "returned", "unreturned", "valid", "invalid", "blank"),
)


@dataclass(frozen=True, slots=True)
class OnPaper:
    """What a poll is about, beside its rules. ``titles``: project → title."""

    year: int
    titles: Mapping[str, str]


def meeting_opened(meeting: Meeting, title: str, body: Body, now: datetime) -> dict[str, Any]:
    attendance = meeting.attendance
    return {
        "body": body.id,
        "body_name": body.name,
        "meeting": meeting.id,
        "title": title,
        "due": len(meeting.due),
        "present": attendance.present,
        "quorum_needed": quorum_needed(attendance.deputies, meeting.quorum),
        "opened_at": rfc3339(now),
    }


def poll_opened(poll: Poll, on_paper: OnPaper, body: Body, now: datetime) -> dict[str, Any]:
    assert poll.attendance is not None
    return {
        "body": poll.body,
        "body_name": body.name,
        "meeting": poll.meeting,
        "poll": poll.id,
        "title": poll.title,
        "year": on_paper.year,
        "seats": poll.rules.seats,
        "candidates": candidates_shown(poll, on_paper),
        "rules": poll.rules.as_json(),
        "rules_hash": poll.rules_hash,
        "deputies": poll.attendance.deputies,
        "present": poll.attendance.present,
        "quorum_needed": quorum_needed(poll.attendance.deputies, poll.rules.quorum),
        "opened_at": rfc3339(now),
        **_profile_told(poll),
    }


def _profile_told(poll: Poll) -> dict[str, Any]:
    if poll.profile is None:
        return {}
    return {
        "profile": poll.profile.name,
        "profile_version": poll.profile.version,
        "profile_hash": poll.profile.hash,
        "warnings": [dict(warning) for warning in poll.warnings or ()],
    }


def turnout_changed(poll: Poll, returned: int, now: datetime) -> dict[str, Any]:
    assert poll.attendance is not None
    return {
        "body": poll.body,
        "poll": poll.id,
        "present": poll.attendance.present,
        "issued": poll.issued,
        "returned": returned,
        "at": rfc3339(now),
    }


def poll_closed(poll: Poll, returned: int, channels: int, now: datetime) -> dict[str, Any]:
    """``returned``: by code; ``channels``: how many others there are, whose papers are not counted yet."""
    return {
        "body": poll.body,
        "meeting": poll.meeting,
        "poll": poll.id,
        "issued": poll.issued,
        "returned": returned,
        **({"channels": channels} if channels else {}),
        "closed_at": rfc3339(now),
    }


def channel_struck(poll: Poll, channel: Channel, now: datetime) -> dict[str, Any]:
    """The reason stands in the record: a text could name somebody."""
    return {
        "body": poll.body,
        "poll": poll.id,
        "channel": channel.id,
        "kind": channel.kind,
        "struck_at": rfc3339(now),
    }


def poll_counted(poll: Poll) -> dict[str, Any]:
    return {"body": poll.body, "meeting": poll.meeting, "poll": poll.id}


def count_signed(poll: Poll, signed: Mapping[str, Any], *, tell_hash: bool) -> dict[str, Any]:
    """``signed``: ``count_hash``, ``signed``, ``of``. The hash is told where it tells nothing of the count.

    Where every paper has a receipt, nobody knows all of them. Of a count without, its hash could be found by
    trying all results, before one is declared.
    """
    told = {"count_hash": signed["count_hash"]} if tell_hash else {}
    return {"body": poll.body, "poll": poll.id, **told, "signed": signed["signed"], "of": signed["of"]}


def result_declared(poll: Poll, on_paper: OnPaper, body: Body, now: datetime) -> dict[str, Any]:
    assert poll.result is not None
    result: Mapping[str, Any] = poll.result
    figures = (*_FIGURES, *(["channels"] if "channels" in result else []))
    return {name: result[name] for name in figures} | {
        "body": poll.body,
        "body_name": body.name,
        "meeting": poll.meeting,
        "poll": poll.id,
        "title": poll.title,
        "year": on_paper.year,
        "seats": poll.rules.seats,
        "projects": [_project_result(project, on_paper, result) for project in poll.candidates],
        "rules_hash": poll.rules_hash,
        "declared_at": rfc3339(now),
    }


def objection_filed(poll: Poll, on_paper: OnPaper, body: Body, objection: Objection) -> dict[str, Any]:
    """Neither whose it is nor what it says: that is for those who answer it."""
    return {
        "body": poll.body,
        "body_name": body.name,
        "poll": poll.id,
        "title": poll.title,
        "year": on_paper.year,
        "objection": objection.number,
        "filed_at": rfc3339(objection.filed_at),
        "answer_by": objection.answer_by.isoformat(),
    }


def objection_answered(poll: Poll, on_paper: OnPaper, body: Body, objection: Objection) -> dict[str, Any]:
    assert objection.answered_at is not None
    return objection_filed(poll, on_paper, body, objection) | {
        "outcome": objection.outcome,
        "answer": objection.answer,
        "answered_at": rfc3339(objection.answered_at),
        "late": objection.is_late(objection.answered_at),
    }


def _project_result(project: str, on_paper: OnPaper, result: Mapping[str, Any]) -> dict[str, Any]:
    tally = (result["tallies"] or {}).get(project, {})
    return {
        "project": project,
        "title": on_paper.titles[project],
        "adopted": project in result["adopted"],
        "votes": result["votes"][project] if result["votes"] else None,
        "against": tally.get("against"),
        "abstain": tally.get("abstain"),
        "papers": tally.get("papers"),
    }


def candidates_shown(poll: Poll, on_paper: OnPaper) -> list[dict[str, str]]:
    """In the order of the paper."""
    return [{"project": project, "title": on_paper.titles[project]} for project in poll.candidates]
