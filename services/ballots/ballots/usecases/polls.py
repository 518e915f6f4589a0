"""What is done for a poll until papers come: it is prepared, opened, its slips are issued."""

import random
from collections.abc import Mapping
from datetime import datetime
from secrets import SystemRandom
from typing import Any

from ballots.domain import (
    InvalidPoll,
    OnPaper,
    Poll,
    PollState,
    code_hash,
    new_code,
    telling,
)
from ballots.store import Ballots
from ballots.usecases.common import AdoptionRules, MarkingSchemes, subject_of, told
from ballots.usecases.objections import objections_shown
from ballots.usecases.profiles import Profiles, named_profile, read_rules, shown_of, situation_of
from chassis.store import Store
from piaojue_contracts.ballots import (
    POLL_OPENED_V1,
    TURNOUT_CHANGED_V1,
)


def prepare_poll(
    store: Store[Ballots],
    body: str,
    given: Mapping[str, Any],
    adoption_rules: AdoptionRules,
    marking_schemes: MarkingSchemes,
    profiles: Profiles | None = None,
) -> dict[str, Any]:
    """Prepares a poll on the candidate list of a year, or on some of it; by ``rules``, ``profile`` or both.

    Raises UnknownProfile, UnknownMeeting, UnknownCandidateList, InvalidRules, OutsideProfile, InvalidPoll,
    PollExists.
    """
    name = given.get("profile")
    profile = None if name is None else named_profile(profiles or {}, name)
    with store.transaction() as ballots:
        ballots.meeting(body, given["meeting"])
        level = ballots.body(body).level
        rules = read_rules(given.get("rules"), profile, level, adoption_rules, marking_schemes)
        titles = {each["project"]: each["title"] for each in ballots.candidate_list(body, given["year"])}
        chosen = list(titles) if given["candidates"] is None else given["candidates"]
        if strangers := [project for project in chosen if project not in titles]:
            place = chosen.index(strangers[0])
            raise InvalidPoll("candidates: a project is not on the list", field=f"candidates.{place}")
        poll = Poll.prepared(
            id=given["poll"],
            body=body,
            meeting=given["meeting"],
            title=given["title"],
            rules=rules,
            candidates=chosen,
            profile=profile,
        )
        ballots.add_poll(poll, OnPaper(given["year"], {project: titles[project] for project in chosen}))
    return show_poll(store, body, poll.id)


def open_poll(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    adoption_rules: AdoptionRules,
    marking_schemes: MarkingSchemes,
    now: datetime,
) -> dict[str, Any]:
    """Fixes rules and candidates. Raises UnknownPoll and what :meth:`ballots.domain.Poll.open` refuses."""
    with store.transaction() as ballots:
        prepared = ballots.poll_to_change(body, poll_id)
        meeting, _ = ballots.meeting(body, prepared.meeting)
        situation = situation_of(ballots, prepared) if prepared.profile else None
        poll = prepared.open(meeting, now, adoption_rules, marking_schemes, situation)
        ballots.save_poll(poll)
        data = told(telling.poll_opened, ballots, poll, poll.opened_at or now)
        ballots.publish(POLL_OPENED_V1, subject=subject_of(poll), data=data)
    return show_poll(store, body, poll_id)


def issue_slips(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    slips: int,
    key: bytes,
    source: random.Random | None = None,
) -> list[str]:
    """Makes codes, hands their slips out, and returns them this once. Not idempotent: each call makes new
    ones.

    ``source`` of randomness: the system's, unless told otherwise. Raises UnknownPoll, PollNotOpen,
    MoreIssuedThanPresent.
    """
    drawn = source or SystemRandom()
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id).issue(slips)
        codes: set[str] = set()
        while len(codes) < slips:
            codes.add(new_code(drawn))
        ballots.add_codes(poll, [code_hash(code, key) for code in codes])
        ballots.save_poll(poll)
    return sorted(codes)


def show_poll(store: Store[Ballots], body: str, poll_id: str) -> dict[str, Any]:
    """What everybody may see: turnout while it is open, no result before it is declared. Raises
    UnknownPoll."""
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        on_paper = ballots.on_paper(poll)
        result: Mapping[str, Any] | None = poll.result if poll.state is PollState.DECLARED else None
        return {
            "id": poll.id,
            "body": poll.body,
            "meeting": poll.meeting,
            "title": poll.title,
            "year": on_paper.year,
            "state": poll.state.value,
            "round": _round(ballots, poll),
            "rules": poll.rules.as_json(),
            "rules_hash": poll.rules_hash,
            **shown_of(poll),
            "candidates": telling.candidates_shown(poll, on_paper),
            "deputies": poll.attendance.deputies if poll.attendance else None,
            "present": poll.attendance.present if poll.attendance else None,
            "issued": poll.issued,
            "returned": result["returned"] if result else ballots.returned(body, poll_id),
            "result": result,
            "objections": objections_shown(ballots, poll) if poll.state is PollState.DECLARED else None,
        }


def tell_turnout(store: Store[Ballots], now: datetime) -> None:
    """Publishes the turnout of each open poll in which it has changed since it was told last."""
    with store.transaction() as ballots:
        for turnout in ballots.turnouts():
            poll = turnout.poll
            if (poll.issued, turnout.returned) == (turnout.told_issued, turnout.told_returned):
                continue
            ballots.save_told(turnout)
            ballots.publish(
                TURNOUT_CHANGED_V1,
                subject=subject_of(poll),
                data=telling.turnout_changed(poll, turnout.returned, now),
            )


def _round(ballots: Ballots, poll: Poll) -> dict[str, Any]:
    found = ballots.round_of(poll.body, poll.id)
    return {
        "decision": found.decision,
        "number": found.number,
        "follows": found.follows,
        "polls": ballots.rounds_of(poll.body, found.decision),
    }
