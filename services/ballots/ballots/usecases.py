"""What users of ballots do. Each loads, asks the domain, saves, publishes: in one transaction."""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import SystemRandom
from typing import Any, TypeVar

from ballots.domain import (
    AdoptionRule,
    Body,
    CodeSpent,
    CodeUnknown,
    InvalidPoll,
    InvalidRules,
    MarkingScheme,
    Marks,
    Meeting,
    OnPaper,
    Poll,
    PollState,
    Rules,
    code_hash,
    new_code,
    normalise_code,
    quorum_needed,
    read_quorum,
    read_roll,
    telling,
)
from ballots.store import Ballots
from chassis.errors import Refused
from chassis.plugins import Plugins
from chassis.store import Store
from piaojue_contracts.ballots import (
    MEETING_OPENED_V1,
    POLL_CLOSED_V1,
    POLL_OPENED_V1,
    RESULT_DECLARED_V1,
    TURNOUT_CHANGED_V1,
)

AdoptionRules = Plugins[AdoptionRule]
MarkingSchemes = Plugins[MarkingScheme]
T = TypeVar("T")


def register_body(store: Store[Ballots], body: str, given: Mapping[str, Any]) -> None:
    """Registers a body, or changes its name and level. Idempotent. Raises InvalidBody."""
    with store.transaction() as ballots:
        ballots.save_body(Body(body, given["name"], given["level"]))


def show_body(store: Store[Ballots], body: str) -> dict[str, Any]:
    """Raises UnknownBody."""
    with store.reading() as ballots:
        found = ballots.body(body)
        return {
            "id": found.id,
            "name": found.name,
            "level": found.level,
            "deputies": len(ballots.deputy_ids(body)),
        }


def replace_roll(store: Store[Ballots], body: str, given: Sequence[Mapping[str, Any]]) -> None:
    """Replaces a body's roll, whole or not at all. Idempotent. Raises UnknownBody, InvalidRoll."""
    with store.transaction() as ballots:
        ballots.body(body)
        ballots.save_roll(body, read_roll(given))


def keep_candidate_list(ballots: Ballots, data: Mapping[str, Any]) -> None:
    """Proposals has published the candidate list of a body and year."""
    candidates = [{"project": each["project"], "title": each["title"]} for each in data["candidates"]]
    ballots.save_candidate_list(data["body"], data["year"], candidates)


def show_candidates(store: Store[Ballots], body: str, year: int) -> dict[str, Any]:
    """The candidate list as ballots has it. Raises UnknownCandidateList."""
    with store.reading() as ballots:
        return {"year": year, "candidates": ballots.candidate_list(body, year)}


def call_meeting(store: Store[Ballots], body: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Calls a meeting to which all deputies on the roll are due. Raises UnknownBody, InvalidRoll,
    MeetingExists."""
    with store.transaction() as ballots:
        ballots.body(body)
        due = frozenset(ballots.deputy_ids(body))
        meeting = Meeting(id=given["meeting"], body=body, due=due, quorum=read_quorum(given["quorum"]))
        ballots.add_meeting(meeting, given["title"])
        return _meeting_shown(meeting, given["title"])


def call_roll(
    store: Store[Ballots], body: str, meeting_id: str, present: Sequence[str], now: datetime
) -> dict[str, Any]:
    """A whole roll call; earlier ones stay on record. Raises UnknownMeeting, UnknownDeputy."""
    with store.transaction() as ballots:
        meeting, title = ballots.meeting(body, meeting_id, to_change=True)
        called = meeting.called(present)
        ballots.add_roll_call(called, now)
        return _meeting_shown(called, title)


def open_meeting(store: Store[Ballots], body: str, meeting_id: str, now: datetime) -> dict[str, Any]:
    """Raises UnknownMeeting, QuorumNotMet, MeetingAlreadyOpen."""
    with store.transaction() as ballots:
        meeting, title = ballots.meeting(body, meeting_id, to_change=True)
        opened = meeting.open(now)
        ballots.save_meeting_opened(opened)
        ballots.publish(
            MEETING_OPENED_V1,
            subject=f"meetings/{body}/{meeting_id}",
            data=telling.meeting_opened(opened, title, ballots.body(body), now),
        )
        return _meeting_shown(opened, title)


def show_meeting(store: Store[Ballots], body: str, meeting_id: str) -> dict[str, Any]:
    """Raises UnknownMeeting."""
    with store.reading() as ballots:
        return _meeting_shown(*ballots.meeting(body, meeting_id))


def _meeting_shown(meeting: Meeting, title: str) -> dict[str, Any]:
    return {
        "id": meeting.id,
        "title": title,
        "due": len(meeting.due),
        "present": len(meeting.present),
        "quorum_needed": quorum_needed(len(meeting.due), meeting.quorum),
        "opened_at": meeting.opened_at,
    }


def prepare_poll(
    store: Store[Ballots],
    body: str,
    given: Mapping[str, Any],
    adoption_rules: AdoptionRules,
    marking_schemes: MarkingSchemes,
) -> dict[str, Any]:
    """Prepares a poll on the candidate list of a year, or on some of it.

    Raises UnknownMeeting, UnknownCandidateList, InvalidRules, InvalidPoll, PollExists.
    """
    rules = _read_rules(given["rules"], adoption_rules, marking_schemes)
    with store.transaction() as ballots:
        ballots.meeting(body, given["meeting"])
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
        )
        ballots.add_poll(poll, OnPaper(given["year"], {project: titles[project] for project in chosen}))
    return show_poll(store, body, poll.id)


def _read_rules(given: object, adoption_rules: AdoptionRules, marking_schemes: MarkingSchemes) -> Rules:
    try:
        return Rules.read(given, adoption_rules, marking_schemes)
    except InvalidRules as refusal:
        inside = refusal.field or "rules"
        field = inside if inside.split(".")[0] == "rules" else f"rules.{inside}"
        raise InvalidRules(refusal.detail, field=field) from None


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
        poll = prepared.open(meeting, now, adoption_rules, marking_schemes)
        ballots.save_poll(poll)
        ballots.publish(
            POLL_OPENED_V1, subject=_subject(poll), data=_told(telling.poll_opened, ballots, poll, now)
        )
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


@dataclass(frozen=True, slots=True)
class Cast:
    """One deputy's ballot on its way into the box. ``code_hash`` stands for the code, which goes no
    further."""

    body: str
    poll: str
    code_hash: str
    marks: object
    schemes: MarkingSchemes


def read_cast(body: str, poll: str, given: Mapping[str, Any], key: bytes, schemes: MarkingSchemes) -> Cast:
    """Raises CodeUnknown for what no slip can say."""
    return Cast(body, poll, code_hash(normalise_code(given["code"]), key), given["marks"], schemes)


def cast_ballots(store: Store[Ballots], casts: Sequence[Cast]) -> Sequence[dict[str, Any] | Exception]:
    """Puts all papers that are waiting into their boxes, in one transaction; an outcome for each.

    Of two casts with one code the first is accepted. Outcomes: ``{"accepted": True}``, or UnknownPoll,
    PollNotOpen, CodeUnknown, CodeSpent, InvalidMarks, Overvoted; of a refused one nothing is kept, and its
    code stays good.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, cast in enumerate(casts):
        groups[cast.body, cast.poll].append(place)
    outcomes: dict[int, dict[str, Any] | Exception] = {}
    with store.transaction() as ballots:
        for (body, poll_id), places in sorted(groups.items()):
            group = [casts[place] for place in places]
            outcomes |= zip(places, _cast_in_poll(ballots, body, poll_id, group), strict=True)
    return [outcomes[place] for place in range(len(casts))]


def _cast_in_poll(
    ballots: Ballots, body: str, poll_id: str, casts: Sequence[Cast]
) -> list[dict[str, Any] | Exception]:
    try:
        poll = ballots.poll_to_cast(body, poll_id)
        poll.check_open()
    except Refused as refusal:
        return [refusal] * len(casts)
    spent = ballots.codes_to_spend(poll, {cast.code_hash for cast in casts})
    accepted: dict[str, Marks] = {}
    outcomes: list[dict[str, Any] | Exception] = []
    for cast in casts:
        try:
            marks = _accepted(poll, cast, spent)
        except Refused as refusal:
            outcomes.append(refusal)
            continue
        spent[cast.code_hash] = True
        accepted[cast.code_hash] = marks
        outcomes.append({"accepted": True})
    if accepted:
        ballots.accept(poll, list(accepted), list(accepted.values()))
    return outcomes


def _accepted(poll: Poll, cast: Cast, spent: Mapping[str, bool]) -> Marks:
    if cast.code_hash not in spent:
        raise CodeUnknown(
            "This is not the code of a slip of this poll: compare it with the slip.", field="code"
        )
    if spent[cast.code_hash]:
        raise CodeSpent("A paper was cast with this code before.", field="code")
    return _by_plugin(cast.schemes, poll.rules.marking.name, lambda: poll.accept(cast.marks, cast.schemes))


def close_poll(store: Store[Ballots], body: str, poll_id: str, now: datetime) -> dict[str, Any]:
    """No paper is accepted any more; one on its way is in or out. Seals the papers. Raises UnknownPoll,
    PollNotOpen."""
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id).close(now)
        ballots.seal(poll)
        ballots.save_poll(poll)
        ballots.publish(
            POLL_CLOSED_V1,
            subject=_subject(poll),
            data=telling.poll_closed(poll, ballots.returned(body, poll_id), now),
        )
    return show_poll(store, body, poll_id)


def count_poll(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    adoption_rules: AdoptionRules,
    marking_schemes: MarkingSchemes,
) -> dict[str, Any]:
    """Counts a closed poll. Raises UnknownPoll, PollNotClosed, RuleChanged."""
    with store.transaction() as ballots:
        closed = ballots.poll_to_change(body, poll_id)
        papers = ballots.marks(closed) if closed.state is PollState.CLOSED else []
        poll = _by_plugin(
            adoption_rules,
            closed.rules.adoption.name,
            lambda: closed.count(papers, adoption_rules, marking_schemes),
        )
        ballots.save_poll(poll)
        return {"result": poll.result}


def declare_result(store: Store[Ballots], body: str, poll_id: str, now: datetime) -> dict[str, Any]:
    """Declares a counted poll's result to everybody. Raises UnknownPoll, PollNotCounted."""
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id).declare(now)
        ballots.save_poll(poll)
        ballots.publish(
            RESULT_DECLARED_V1,
            subject=_subject(poll),
            data=_told(telling.result_declared, ballots, poll, now),
        )
    return show_poll(store, body, poll_id)


def _told(
    telling_of: Callable[[Poll, OnPaper, Body, datetime], dict[str, Any]],
    ballots: Ballots,
    poll: Poll,
    now: datetime,
) -> dict[str, Any]:
    return telling_of(poll, ballots.on_paper(poll), ballots.body(poll.body), now)


def show_poll(store: Store[Ballots], body: str, poll_id: str) -> dict[str, Any]:
    """What everybody may see: turnout while it is open, no result before it is declared. Raises
    UnknownPoll."""
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        on_paper = ballots.on_paper(poll)
        return {
            "id": poll.id,
            "body": poll.body,
            "meeting": poll.meeting,
            "title": poll.title,
            "year": on_paper.year,
            "state": poll.state.value,
            "rules": poll.rules.as_json(),
            "rules_hash": poll.rules_hash,
            "candidates": telling.candidates_shown(poll, on_paper),
            "deputies": poll.attendance.deputies if poll.attendance else None,
            "present": poll.attendance.present if poll.attendance else None,
            "issued": poll.issued,
            "returned": ballots.returned(body, poll_id),
            "result": poll.result if poll.state is PollState.DECLARED else None,
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
                subject=_subject(poll),
                data=telling.turnout_changed(poll, turnout.returned, now),
            )


def _by_plugin(plugins: Plugins[Any], name: str, call: Callable[[], T]) -> T:
    """Fails closed when the plugin of this name does; whether it is loaded is for the domain to see."""
    return plugins.decide(name, lambda _: call()) if name in plugins else call()


def _subject(poll: Poll) -> str:
    return f"polls/{poll.body}/{poll.id}"
