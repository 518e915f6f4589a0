"""Slips by number: they are printed, issued at the table, exchanged when spoiled."""

import random
from collections.abc import Callable, Mapping, Sequence
from secrets import SystemRandom
from typing import Any

from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    Poll,
    check_issuable,
    check_spoilable,
    code_hash,
    new_code,
    normalise_code,
    summary_of,
)
from ballots.store import Ballots
from chassis.store import Store

Typeset = Callable[[Mapping[str, Any]], bytes]
"""From what stands on the slips to the file that is printed."""


def print_slips(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    slips: int,
    key: bytes,
    typeset: Typeset,
    source: random.Random | None = None,
) -> bytes:
    """Makes slips, as a file to print, which is the only place that has their codes. Not idempotent.

    Nothing is kept of slips that could not be typeset. ``source`` of randomness: the system's, unless told
    otherwise. Raises UnknownPoll, PollNotOpen, SlipsPrintedMeanwhile, and what ``typeset`` does.
    """
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        poll.check_not_closed()
        first, body_name = ballots.last_slip(poll) + 1, ballots.body(body).name
    codes = _drawn(slips, source or SystemRandom())
    numbered = dict(enumerate(codes, first))
    file = typeset({"body": body, "body_name": body_name, **_on_slips(poll, numbered)})
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        poll.check_not_closed()
        ballots.add_slips(poll, {number: code_hash(code, key) for number, code in numbered.items()})
    return file


def _drawn(slips: int, source: random.Random) -> list[str]:
    codes: set[str] = set()
    while len(codes) < slips:
        codes.add(new_code(source))
    shuffled = sorted(codes)
    source.shuffle(shuffled)
    return shuffled


def _on_slips(poll: Poll, numbered: Mapping[int, str]) -> dict[str, Any]:
    slips = [
        {"number": number, "code": code, "qr": f"piaojue:{poll.body}/{poll.id}/{code}"}
        for number, code in numbered.items()
    ]
    return {"poll": poll.id, "title": poll.title, "slips": slips}


def issue_numbers(store: Store[Ballots], body: str, poll_id: str, numbers: Sequence[int]) -> dict[str, Any]:
    """Hands out printed slips: from now on their codes can be cast. Whole or not at all, and not twice.

    Raises UnknownPoll, PollNotOpen, MoreIssuedThanPresent, InvalidPoll, UnknownSlip, SlipAlreadyIssued,
    SlipSpoiled.
    """
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        check_issuable(numbers, ballots.slip_states(poll, numbers))
        issued = poll.issue(len(numbers))
        ballots.issue_numbers(issued, numbers)
        ballots.save_poll(issued)
        return _shown(ballots, issued)


def spoil_slip(
    store: Store[Ballots], body: str, poll_id: str, number: int, code: str, key: bytes
) -> dict[str, Any]:
    """Takes a spoiled slip back: its code is cancelled, and another slip may be issued for it.

    Raises UnknownPoll, PollNotOpen, UnknownSlip, SlipNotIssued, SlipSpoiled, CodeUnknown, CodeSpent.
    """
    hashed = code_hash(normalise_code(code), key)
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id).take_back()
        check_spoilable(number, ballots.slip_states(poll, [number]).get(number))
        spent = ballots.codes_to_spend(poll, [hashed])
        if hashed not in spent:
            raise CodeUnknown("This is not the code of an issued slip of this poll.", field="code")
        if spent[hashed]:
            raise CodeSpent("A paper was cast with this code: the slip cannot be exchanged.", field="code")
        ballots.spoil(poll, number, hashed)
        ballots.save_poll(poll)
        return _shown(ballots, poll)


def show_slips(store: Store[Ballots], body: str, poll_id: str) -> dict[str, Any]:
    """How many were printed, handed out, spoiled and are left, and how many count as issued. UnknownPoll."""
    with store.reading() as ballots:
        return _shown(ballots, ballots.poll(body, poll_id))


def _shown(ballots: Ballots, poll: Poll) -> dict[str, Any]:
    return summary_of(ballots.slip_states(poll).values()) | {"issued": poll.issued}
