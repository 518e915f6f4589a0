"""A further round of a decision."""

from collections.abc import Mapping
from typing import Any

from ballots.domain import OnPaper, next_round
from ballots.store import Ballots
from ballots.usecases.polls import show_poll
from chassis.store import Store


def prepare_next_round(
    store: Store[Ballots], body: str, poll_id: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Prepares the poll that follows a declared one: a runoff, the next round, or a void one again.

    Raises UnknownPoll, PollNotDeclared, NoFurtherRound, PollExists, NextRoundExists.
    """
    with store.transaction() as ballots:
        before = ballots.poll_to_change(body, poll_id)
        poll = next_round(before, id=given["poll"], title=given["title"])
        on_paper = ballots.on_paper(before)
        ballots.add_poll(
            poll, OnPaper(on_paper.year, {each: on_paper.titles[each] for each in poll.candidates})
        )
        ballots.add_round(poll, ballots.round_of(body, poll_id).next(poll_id))
    return show_poll(store, body, poll.id)
