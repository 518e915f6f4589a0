"""Casting: papers into their boxes, many in one transaction."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    Marks,
    Poll,
    code_hash,
    normalise_code,
    receipt_of,
)
from ballots.store import Ballots
from ballots.usecases.common import MarkingSchemes, by_plugin
from chassis.errors import Refused
from chassis.store import Store

_NONCE_BYTES = 24


@dataclass(frozen=True, slots=True)
class Cast:
    """One deputy's ballot on its way into the box. ``code_hash`` stands for the code, which goes no further.

    ``drawn`` is the nonce where the client left it to us; where it chose one, the receipt alone has it.
    """

    body: str
    poll: str
    code_hash: str
    marks: object = field(repr=False)
    schemes: MarkingSchemes
    receipt: str = field(repr=False)
    drawn: str | None = field(repr=False)

    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"accepted": True, "receipt": self.receipt}
        return answer if self.drawn is None else answer | {"nonce": self.drawn}


def read_cast(body: str, poll: str, given: Mapping[str, Any], key: bytes, schemes: MarkingSchemes) -> Cast:
    """Raises CodeUnknown for what no slip can say."""
    code = normalise_code(given["code"])
    nonce = given.get("nonce")
    drawn = token_urlsafe(_NONCE_BYTES) if nonce is None else None
    receipt = receipt_of(body, poll, code, nonce or drawn or "")
    return Cast(body, poll, code_hash(code, key), given["marks"], schemes, receipt, drawn)


def cast_ballots(store: Store[Ballots], casts: Sequence[Cast]) -> Sequence[dict[str, Any] | Exception]:
    """Puts all papers that are waiting into their boxes, in one transaction; an outcome for each.

    Of two casts with one code the first is accepted. One with the same code and the same nonce as an accepted
    one is that one sent again, whatever its marks, and gets the same answer, after the close too. Outcomes:
    ``accepted`` and ``receipt``, with the ``nonce`` if it was drawn here; or UnknownPoll, PollNotOpen,
    CodeUnknown, CodeSpent, InvalidMarks, Overvoted: of a refused one nothing is kept; its code stays good.
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
    except Refused as refusal:
        return [refusal] * len(casts)
    spent = ballots.codes_to_spend(poll, {cast.code_hash for cast in casts})
    again = {cast.receipt for cast in casts if cast.drawn is None and spent.get(cast.code_hash)}
    given = ballots.receipts_given(poll, again)
    accepted: dict[str, tuple[Marks, str]] = {}
    outcomes: list[dict[str, Any] | Exception] = []
    for cast in casts:
        try:
            marks = _accepted(poll, cast, spent, given)
        except Refused as refusal:
            outcomes.append(refusal)
            continue
        if marks is not None:
            spent[cast.code_hash] = True
            given.add(cast.receipt)
            accepted[cast.code_hash] = marks, cast.receipt
        outcomes.append(cast.answer())
    if accepted:
        marks_of_all, receipts = zip(*accepted.values(), strict=True)
        ballots.accept(poll, list(accepted), marks_of_all, receipts)
    return outcomes


def _accepted(poll: Poll, cast: Cast, spent: Mapping[str, bool], given: Collection[str]) -> Marks | None:
    """The marks to keep; None for a cast that was accepted before and is only sent again."""
    if spent.get(cast.code_hash) and cast.receipt in given:
        return None
    poll.check_open()
    if cast.code_hash not in spent:
        raise CodeUnknown(
            "This is not the code of a slip of this poll: compare it with the slip.", field="code"
        )
    if spent[cast.code_hash]:
        raise CodeSpent("A paper was cast with this code before.", field="code")
    return by_plugin(cast.schemes, poll.rules.marking.name, lambda: poll.accept(cast.marks, cast.schemes))
