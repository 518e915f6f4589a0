"""Documents: the count report, the announcement, the roll-call sheet. What stands in them, ready to be
set."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ballots.domain import (
    CODES,
    Officers,
    OnPaper,
    Poll,
    PollNotCounted,
    PollNotDeclared,
    PollState,
    Signature,
    chinese,
    open_until,
)
from ballots.store import Ballots
from ballots.usecases.signing import counted_in
from chassis.auth import Caller
from chassis.store import Store

_OF_RECORD: Final = ("count", "record")


def count_report(store: Store[Ballots], body: str, poll_id: str, caller: Caller | None) -> dict[str, Any]:
    """What stands in the count report (计票报告单): for the clerk, and those who watch and count, as soon as
    it is counted; for everybody, None too, once it is declared.

    Raises UnknownPoll, PollNotCounted, PollNotDeclared.
    """
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        if not _sees_count(ballots.officers(poll), caller):
            _check_declared(poll)
        if poll.result is None:
            raise PollNotCounted("the poll is not counted yet")
        count_hash = counted_in(ballots, poll).hash()
        signed = [each for each in ballots.signatures(poll) if each.count_hash == count_hash]
        return _of_poll(ballots, poll) | {
            "channels": _channels(ballots, poll),
            "slips": {"spoiled": _spoiled(ballots, poll)},
            "hashes": {"rules": poll.rules_hash, "count": count_hash},
            "people": _people(ballots.officers(poll), signed),
            "signed": bool(signed),
        }


def _sees_count(officers: Officers, caller: Caller | None) -> bool:
    if caller is None:
        return False
    return "clerk" in caller.roles or officers.watches_or_counts(caller.subject, caller.roles)


def announcement(store: Store[Ballots], body: str, poll_id: str) -> dict[str, Any]:
    """What stands in the announcement (公告) of a declared result. Raises UnknownPoll, PollNotDeclared."""
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        _check_declared(poll)
        last = open_until(poll)
        record = json.loads(ballots.record(body, poll_id))
        return _of_poll(ballots, poll) | {
            "hashes": {"rules": poll.rules_hash, **{each: record[f"{each}_hash"] for each in _OF_RECORD}},
            "objections_until": chinese.day_of(last) if last else None,
        }


def roll_call_sheet(store: Store[Ballots], body: str, meeting_id: str, now: datetime) -> dict[str, Any]:
    """What stands in the roll-call sheet (点名册): all who are due, by delegation, and who is present.

    Before the first roll call it is a sheet to sign. Raises UnknownMeeting.
    """
    with store.reading() as ballots:
        meeting, title = ballots.meeting(body, meeting_id)
        roll = {each.id: each for each in ballots.roll(body)}
        delegations: dict[str, list[dict[str, Any]]] = {}
        for deputy in sorted(meeting.due, key=_in_order):
            known = roll.get(deputy)
            line = {
                "id": deputy,
                "name": known.name if known else "",
                "district": known.district if known else None,
                "present": deputy in meeting.present,
            }
            delegations.setdefault((known and known.delegation) or "", []).append(line)
        return {
            "body_name": ballots.body(body).name,
            "meeting_title": title,
            "called": bool(meeting.present),
            "due": len(meeting.due),
            "present": len(meeting.present),
            "delegations": [
                {"name": name, "deputies": delegations[name]}
                for name in sorted(delegations, key=lambda name: (not name, name))
            ],
            "printed_at": chinese.moment_of(now),
        }


def _in_order(deputy: str) -> tuple[int, str]:
    """Numbers by their size, other ids after them."""
    return (int(deputy), "") if deputy.isdigit() else (10**63, deputy)


def _check_declared(poll: Poll) -> None:
    if poll.state is not PollState.DECLARED:
        raise PollNotDeclared("the result is not declared yet")


def _of_poll(ballots: Ballots, poll: Poll) -> dict[str, Any]:
    assert poll.result is not None
    assert poll.opened_at is not None
    on_paper, result = ballots.on_paper(poll), dict(poll.result)
    meeting, meeting_title = ballots.meeting(poll.body, poll.meeting)
    titles = {project: on_paper.titles[project] for project in poll.candidates}
    return {
        "body_name": ballots.body(poll.body).name,
        "meeting_title": meeting_title,
        "poll": poll.id,
        "title": poll.title,
        "year": on_paper.year,
        "round": ballots.round_of(poll.body, poll.id).number,
        "seats": poll.rules.seats,
        "due": len(meeting.due),
        "result": result,
        "unit": chinese.unit_of(result),
        "reasons": chinese.reasons(result, poll.rules, titles, len(meeting.due)),
        "projects": _projects(poll, on_paper, result),
        "held_on": chinese.date_of(poll.opened_at),
        "closed_at": chinese.moment_of(poll.closed_at) if poll.closed_at else None,
        "declared_on": chinese.date_of(poll.declared_at) if poll.declared_at else None,
    }


def _projects(poll: Poll, on_paper: OnPaper, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """In the paper's order. ``standing``: adopted, tied or not-adopted, None where nothing is decided."""
    decided = result["votes"] is not None
    lines = []
    for project in poll.candidates:
        adopted, tied = project in result["adopted"], project in result["tied"]
        tally: Mapping[str, Any] = (result["tallies"] or {}).get(project, {})
        lines.append(
            {
                "title": on_paper.titles[project],
                "votes": result["votes"][project] if decided else None,
                "rank": result["adopted"].index(project) if adopted else None,
                "against": tally.get("against"),
                "abstain": tally.get("abstain"),
                "papers": tally.get("papers"),
                "standing": _standing(adopted, tied) if decided else None,
            }
        )
    return lines


def _channels(ballots: Ballots, poll: Poll) -> list[dict[str, Any]]:
    """Of a poll with others than the codes: the figures of each whose count stands, and of each that was
    struck what was issued, and the reason. ``id``: None for the codes, which there are once."""
    assert poll.result is not None
    result: Mapping[str, Any] = poll.result
    figures = {each["channel"]: each for each in result.get("channels", [])}
    return [
        {
            "name": chinese.kind_name(told["kind"]),
            "id": None if told["kind"] == CODES else told["channel"],
            "issued": told["issued"],
            "figures": figures.get(told["channel"]),
            "struck": told["struck"],
            "replaces": told.get("replaces"),
        }
        for told in (each.told for each in ballots.sealed_channels(poll))
    ]


def _standing(adopted: bool, tied: bool) -> str:
    if adopted:
        return "adopted"
    return "tied" if tied else "not-adopted"


def _spoiled(ballots: Ballots, poll: Poll) -> int:
    return sum(state.value == "spoiled" for state in ballots.slip_states(poll).values())


def _people(officers: Officers, signatures: list[Signature]) -> list[dict[str, Any]]:
    """Who signs, the chief first; nobody where nobody was appointed."""
    signed = {each.person: chinese.moment_of(each.signed_at) for each in signatures}
    scrutineers = sorted(officers.scrutineers, key=lambda each: not each.chief)
    lines = [
        {
            "role": "总监票人" if each.chief else "监票人",
            "name": each.name,
            "signed_at": signed.get(each.id),
        }
        for each in scrutineers
    ]
    return lines + [{"role": "计票人", "name": each.name, "signed_at": None} for each in officers.tellers]
