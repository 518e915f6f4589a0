"""Slips by number: printed beforehand, issued at the table, exchanged when spoiled.

A number stands inside the fold of its slip, beside the code. Until the slip is issued, the store has the
number together with the hash of its code, so that what nobody handed out cannot be cast; from then on it
has them apart, so that a number tells nothing of a paper.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from ballots.domain.errors import (
    InvalidPoll,
    SlipAlreadyIssued,
    SlipNotIssued,
    SlipSpoiled,
    UnknownSlip,
)

MOST_SLIPS_AT_ONCE = 500
"""Slips in one print; a larger body prints in parts."""


class SlipState(Enum):
    PRINTED = "printed"
    ISSUED = "issued"
    SPOILED = "spoiled"


def check_issuable(numbers: Sequence[int], states: Mapping[int, SlipState]) -> None:
    """Every number is of a slip that was printed and not issued yet, and none is there twice.

    ``states``: of those numbers that exist. Raises InvalidPoll, UnknownSlip, SlipAlreadyIssued or
    SlipSpoiled, naming the first such number.
    """
    if len(set(numbers)) != len(numbers):
        raise InvalidPoll("numbers: one of them is there twice", field="numbers")
    for number in numbers:
        state = states.get(number)
        if state is None:
            raise UnknownSlip(f"slip {number} was not printed", field="numbers")
        if state is SlipState.ISSUED:
            raise SlipAlreadyIssued(f"slip {number} was issued before", field="numbers")
        if state is SlipState.SPOILED:
            raise SlipSpoiled(f"slip {number} came back spoiled: issue another one", field="numbers")


def check_spoilable(number: int, state: SlipState | None) -> None:
    """Only an issued slip is exchanged, and once. Raises UnknownSlip, SlipNotIssued or SlipSpoiled."""
    if state is None:
        raise UnknownSlip(f"slip {number} was not printed", field="slip")
    if state is SlipState.PRINTED:
        raise SlipNotIssued(f"slip {number} was not issued, so there is nothing to exchange", field="slip")
    if state is SlipState.SPOILED:
        raise SlipSpoiled(f"slip {number} came back spoiled before", field="slip")


def summary_of(states: Collection[SlipState]) -> dict[str, int]:
    """How many slips were printed in all, were handed out, came back spoiled, and are left."""
    found = list(states)
    left, spoiled = found.count(SlipState.PRINTED), found.count(SlipState.SPOILED)
    return {
        "printed": len(found),
        "handed_out": len(found) - left,
        "spoiled": spoiled,
        "left": left,
    }
