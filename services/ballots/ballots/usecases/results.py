"""The result: close, count, declare."""

from datetime import datetime
from typing import Any

from ballots.domain import (
    PollState,
    telling,
)
from ballots.store import Ballots
from ballots.usecases.common import AdoptionRules, MarkingSchemes, by_plugin, subject_of, told
from ballots.usecases.polls import show_poll
from chassis.store import Store
from piaojue_contracts.ballots import (
    POLL_CLOSED_V1,
    RESULT_DECLARED_V1,
)


def close_poll(store: Store[Ballots], body: str, poll_id: str, now: datetime) -> dict[str, Any]:
    """No paper is accepted any more; one on its way is in or out. Seals the papers. Raises UnknownPoll,
    PollNotOpen."""
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id).close(now)
        ballots.seal(poll)
        ballots.save_poll(poll)
        ballots.publish(
            POLL_CLOSED_V1,
            subject=subject_of(poll),
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
        poll = by_plugin(
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
            subject=subject_of(poll),
            data=told(telling.result_declared, ballots, poll, now),
        )
    return show_poll(store, body, poll_id)
