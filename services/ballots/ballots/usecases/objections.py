"""Objections to a declared result: filed, answered for the presidium, shown to everybody without what they
say."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ballots.domain import (
    Objection,
    Poll,
    UnknownDeputy,
    new_objection,
    open_until,
    telling,
    whose_objection,
)
from ballots.store import Ballots
from ballots.usecases.common import subject_of
from chassis.auth import Caller
from chassis.store import Store
from piaojue_contracts.ballots import OBJECTION_ANSWERED_V1, OBJECTION_FILED_V1

READERS: Final = frozenset({"clerk", "scrutineer"})
"""Who reads what objections say; else only the deputy whose objection it is."""


def file_objection(
    store: Store[Ballots], body: str, poll_id: str, given: Mapping[str, Any], caller: Caller, now: datetime
) -> dict[str, Any]:
    """A deputy's objection, or one that a clerk files for a deputy. Idempotent by its id.

    Raises UnknownPoll, InvalidObjection, NotOnesOwnObjection, UnknownDeputy, ObjectionExists,
    PollNotDeclared, ObjectionsClosed, TooManyObjections.
    """
    deputy, text = whose_objection(given["deputy"], caller.subject, caller.roles), given["text"]
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        objection = ballots.objection_of_id(poll, given["objection"])
        if objection is not None:
            objection.check_repeated(deputy, text)
            return _shown(objection, text, now)
        _check_due(ballots, poll, deputy)
        earlier = ballots.objections_by(poll, deputy)
        objection = new_objection(poll, earlier, id=given["objection"], deputy=deputy, text=text, now=now)
        ballots.add_objection(poll, objection)
        data = telling.objection_filed(poll, ballots.on_paper(poll), ballots.body(body), objection)
        ballots.publish(OBJECTION_FILED_V1, subject=subject_of(poll), data=data)
        return _shown(objection, text, now)


def answer_objection(
    store: Store[Ballots], body: str, poll_id: str, number: int, given: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The presidium's answer, once; the same again changes nothing. A late one is taken, and shows so.

    Raises UnknownPoll, UnknownObjection, InvalidObjection, ObjectionAlreadyAnswered.
    """
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        filed = ballots.objection(poll, number)
        answered = filed.answered(given["outcome"], given["answer"], now)
        if answered != filed:
            ballots.save_objection(poll, answered)
            data = telling.objection_answered(poll, ballots.on_paper(poll), ballots.body(body), answered)
            ballots.publish(OBJECTION_ANSWERED_V1, subject=subject_of(poll), data=data)
        return _shown(answered, answered.text, now)


def show_objections(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    query: Mapping[str, int],
    caller: Caller | None,
    now: datetime,
) -> dict[str, Any]:
    """Oldest first, each with where its events stand in the log. Raises UnknownPoll."""
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        found = ballots.objections(poll, query["after"], query["limit"])
        types = (OBJECTION_FILED_V1.type, OBJECTION_ANSWERED_V1.type)
        logged = ballots.objection_events(subject_of(poll), types) if found else {}
        return objections_shown(ballots, poll) | {
            "objections": [
                _shown(each, _readable(each, caller), now)
                | {
                    name: logged.get((type, each.number))
                    for name, type in zip(("filed_event", "answered_event"), types, strict=True)
                }
                for each in found
            ]
        }


def objections_shown(ballots: Ballots, poll: Poll) -> dict[str, Any]:
    """How many there are to a poll, and until when more may be filed."""
    filed, answered = ballots.objections_filed(poll)
    return {"filed": filed, "answered": answered, "open_until": open_until(poll)}


def _check_due(ballots: Ballots, poll: Poll, deputy: str) -> None:
    """A token says that somebody is a deputy, and not that of this meeting."""
    meeting, _ = ballots.meeting(poll.body, poll.meeting)
    if deputy not in meeting.due:
        raise UnknownDeputy("deputy: is not one who was due at the meeting", field="deputy")


def _readable(objection: Objection, caller: Caller | None) -> str | None:
    if caller is None:
        return None
    own = "deputy" in caller.roles and caller.subject == objection.deputy
    return objection.text if own or READERS & caller.roles else None


def _shown(objection: Objection, text: str | None, now: datetime) -> dict[str, Any]:
    """Never whose it is."""
    return {
        "number": objection.number,
        "state": objection.state,
        "text": text,
        "filed_at": objection.filed_at,
        "answer_by": objection.answer_by,
        "outcome": objection.outcome,
        "answer": objection.answer,
        "answered_at": objection.answered_at,
        "late": objection.is_late(now),
        "filed_event": None,
        "answered_event": None,
    }
