"""Casting: papers into their boxes, many in one transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    Marks,
    Poll,
    code_hash,
    normalise_code,
)
from ballots.store import Ballots
from ballots.usecases.common import MarkingSchemes, by_plugin
from chassis.errors import Refused
from chassis.store import Store


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
    return by_plugin(cast.schemes, poll.rules.marking.name, lambda: poll.accept(cast.marks, cast.schemes))
