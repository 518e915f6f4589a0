"""The result: close, count, declare."""

from dataclasses import replace
from datetime import datetime
from secrets import token_hex
from time import monotonic, sleep
from typing import Any, Final

from ballots.domain import PollState, check_signed, open_until, seal, telling
from ballots.store import Ballots, EventsNotNumbered
from ballots.usecases.common import AdoptionRules, ChannelKinds, MarkingSchemes, by_plugin, subject_of, told
from ballots.usecases.polls import show_poll
from ballots.usecases.records import Recorder
from ballots.usecases.signing import after_close, count_shown, counted_in
from chassis.store import Store
from piaojue_contracts.ballots import (
    POLL_CLOSED_V1,
    POLL_COUNTED_V1,
    RESULT_DECLARED_V1,
)

_PAUSE_SECONDS: Final = 0.01


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
            data=telling.poll_closed(
                poll, ballots.returned(body, poll_id), ballots.boxes(poll), after_close(poll, now)
            ),
        )
    store.forget_deleted("papers", "receipts", "codes", "slips")
    return show_poll(store, body, poll_id)


def count_poll(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    adoption_rules: AdoptionRules,
    marking_schemes: MarkingSchemes,
    channel_kinds: ChannelKinds,
) -> dict[str, Any]:
    """Counts a closed poll, for those who will sign, and seals its channels.

    Raises UnknownPoll, PollNotClosed, RuleChanged, ChannelNotSettled, PapersDoNotBalance, TallyExceedsValid.
    """
    with store.transaction() as ballots:
        closed = ballots.poll_to_change(body, poll_id)
        papers = ballots.marks(closed) if closed.state is PollState.CLOSED else []
        channels = ballots.channels(closed)
        poll = by_plugin(
            adoption_rules,
            closed.rules.adoption.name,
            lambda: closed.count(papers, adoption_rules, marking_schemes, channels, channel_kinds),
        )
        ballots.save_poll(poll)
        salts = {each.id: token_hex(16) for each in channels.each}
        ballots.seal_channels(
            poll, seal(channels, papers, channel_kinds, poll.ballot(marking_schemes), salts)
        )
        ballots.publish(POLL_COUNTED_V1, subject=subject_of(poll), data=telling.poll_counted(poll))
        shown = count_shown(ballots, poll)
    if channels.each:
        store.forget_deleted("channels")
    return shown


def declare_result(
    store: Store[Ballots], body: str, poll_id: str, recorder: Recorder, now: datetime, within: float = 5.0
) -> dict[str, Any]:
    """Declares a counted poll's result to everybody, and makes its record.

    The record says where the poll's events stand in the log. The last of them may still be on their way into
    it; so much time, in seconds, is given to them. Raises UnknownPoll, PollNotCounted, SignaturesMissing,
    RecordKeyChanged, EventsNotNumbered.
    """
    deadline = monotonic() + within
    while True:
        try:
            _declare(store, body, poll_id, recorder, now)
            break
        except EventsNotNumbered:
            if monotonic() > deadline:
                raise
        sleep(_PAUSE_SECONDS)  # in no transaction, so that they can come
    return show_poll(store, body, poll_id)


def _declare(store: Store[Ballots], body: str, poll_id: str, recorder: Recorder, now: datetime) -> None:
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        counted = counted_in(ballots, poll.declare(now))
        signatures = check_signed(
            ballots.officers(poll), ballots.signatures(poll), counted.hash(), recorder.key
        )
        moment = max([after_close(poll, now), *(each.signed_at for each in signatures)])
        poll = poll.declare(moment)
        record = recorder.record(ballots, replace(counted, poll=poll), signatures)
        ballots.save_poll(poll)
        data = told(telling.result_declared, ballots, poll, moment)
        until = open_until(poll)
        data |= {"objections_until": until.isoformat()} if until else {}
        ballots.publish(
            RESULT_DECLARED_V1,
            subject=subject_of(poll),
            data=data | {name: record[name] for name in ("count_hash", "receipts_root", "record_hash")},
        )
