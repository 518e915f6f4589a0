"""Who watches and who counts a poll."""

from collections.abc import Mapping
from typing import Any

from ballots.domain import Officers, PollAlreadyOpened, PollState, appoint_officers
from ballots.store import Ballots
from chassis.auth import Caller
from chassis.store import Store


def appoint(store: Store[Ballots], body: str, poll_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Appoints the officers of a poll, in place of earlier ones. Idempotent.

    Raises UnknownPoll, PollAlreadyOpened, InvalidOfficers.
    """
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        if poll.state is not PollState.PREPARED:
            raise PollAlreadyOpened("scrutineers and tellers are appointed before the poll opens")
        meeting, _ = ballots.meeting(body, poll.meeting)
        officers = appoint_officers(given, meeting, {each.id: each.name for each in ballots.roll(body)})
        ballots.save_officers(poll, officers)
        return _officers_shown(officers)


def check_appointed(store: Store[Ballots], body: str, poll_id: str, caller: Caller) -> None:
    """Nobody but those appointed watches or counts. They do not change once the poll is open.

    Raises UnknownPoll, NotAppointed.
    """
    with store.reading() as ballots:
        ballots.officers(ballots.poll(body, poll_id)).check_appointed(caller.subject, caller.roles)


def show_officers(store: Store[Ballots], body: str, poll_id: str) -> dict[str, Any]:
    """Raises UnknownPoll."""
    with store.reading() as ballots:
        return _officers_shown(ballots.officers(ballots.poll(body, poll_id)))


def _officers_shown(officers: Officers) -> dict[str, Any]:
    chief = officers.chief
    return {
        "scrutineers": [{"id": each.id, "name": each.name} for each in officers.scrutineers],
        "chief": chief.id if chief else None,
        "tellers": [{"id": each.id, "name": each.name} for each in officers.tellers],
        "conflicts": [{"person": each.person, "reason": each.reason} for each in officers.conflicts],
    }
