"""What monitoring may see of polls: their states, the turnout that was told, and, once a poll is closed,
whether its papers balance. Never a vote."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from ballots.domain import Poll, quorum_needed
from ballots.store import Ballots, Turnout
from chassis.clock import now as clock
from chassis.metrics import Shown, gauge
from chassis.store import Store

_OF_A_POLL: Final = ("body", "poll")
_MOST: Final = 500
"""Polls with series of their own, at a time. A region's busiest morning has fewer."""
_ALL: Final = "_all"
"""No channel can be called so."""
_SHOWN_AFTER_CLOSE: Final = timedelta(hours=24)

STATES: Final = gauge(
    "piaojue_ballots_polls", "Polls in each state, from `prepared` to `declared`.", ["state"]
)
PRESENT: Final = gauge(
    "piaojue_ballots_open_poll_present", "Deputies present at the opening of a poll that is open.", _OF_A_POLL
)
QUORUM: Final = gauge(
    "piaojue_ballots_open_poll_quorum",
    "Deputies who had to be present for a poll that is open (法定人数).",
    _OF_A_POLL,
)
ISSUED: Final = gauge(
    "piaojue_ballots_open_poll_issued",
    "Slips issued in a poll that is open, as its last event told.",
    _OF_A_POLL,
)
RETURNED: Final = gauge(
    "piaojue_ballots_open_poll_returned",
    "Papers returned in a poll that is open, as its last event told: the turnout.",
    _OF_A_POLL,
)
GAP: Final = gauge(
    "piaojue_ballots_reconciliation_gap",
    "Papers handed out less papers returned in a poll that was closed in the last 24 hours: above 0 some did "
    "not come back, below 0 the poll is void. `channel` is one of those it has, or `_all`; where it has "
    "several, the figures are there with the count.",
    (*_OF_A_POLL, "channel"),
)

_SERVICE: Final = "ballots"
_TURNOUT: Final = tuple(Shown(series, _SERVICE) for series in (PRESENT, QUORUM, ISSUED, RETURNED))
_GAP: Final = Shown(GAP, _SERVICE)


def observe_polls(store: Store[Ballots], now: Callable[[], datetime] = clock) -> None:
    """Brings the gauges up to date. Of the 500 polls opened last, and of the 500 closed last."""
    with store.reading() as ballots:
        states = ballots.states()
        open_polls = ballots.open_polls(_MOST)
        closed = ballots.closed_since(now() - _SHOWN_AFTER_CLOSE, _MOST)
        gaps = {(poll.body, poll.id): _gaps(ballots, poll) for poll in closed}
    for state, polls in states.items():
        STATES.of(_SERVICE, state.value).set(polls)
    figures = {(each.poll.body, each.poll.id): _figures(each) for each in open_polls}
    for place, shown in enumerate(_TURNOUT):
        shown.only({key: of_poll[place] for key, of_poll in figures.items()})
    _GAP.only({(*poll, channel): gap for poll, found in gaps.items() for channel, gap in found.items()})


def _figures(turnout: Turnout) -> tuple[int, int, int, int]:
    """As the events tell them, so that nobody learns more from monitoring, or sooner."""
    poll, attendance = turnout.poll, turnout.poll.attendance
    assert attendance is not None
    needed = quorum_needed(attendance.deputies, poll.rules.quorum)
    return attendance.present, needed, turnout.told_issued, turnout.told_returned


def _gaps(ballots: Ballots, poll: Poll) -> dict[str, int]:
    """By channel. What came by others than the codes is known with the count."""
    result: Any = poll.result
    if result is None:
        return {} if ballots.boxes(poll) else {_ALL: poll.issued - ballots.returned(poll.body, poll.id)}
    parts = {each["channel"]: each for each in result.get("channels", ())}
    return {channel: each["issued"] - each["returned"] for channel, each in {_ALL: result, **parts}.items()}
