"""Signing: those who counted look at the count, and each scrutineer confirms it."""

from datetime import datetime
from typing import Any

from ballots.domain import (
    CODES,
    Counted,
    Officers,
    Poll,
    PollNotCounted,
    PollState,
    RecordKey,
    Signature,
    check_confirmed,
    check_signable,
    merged,
    sign_count,
    telling,
)
from ballots.store import Ballots
from ballots.usecases.common import subject_of
from chassis.store import Store
from piaojue_contracts.ballots import COUNT_SIGNED_V1


def counted_in(ballots: Ballots, poll: Poll) -> Counted:
    """What was counted, from what is there now: papers, or names of projects, that were changed since would
    have another hash."""
    sealed = ballots.sealed_channels(poll)
    by_code = [] if any(each.id == CODES and each.told["struck"] for each in sealed) else ballots.marks(poll)
    papers = merged([*by_code, *(paper for each in sealed for paper in each.papers)])
    return Counted(
        *(poll, ballots.on_paper(poll), papers, ballots.receipts(poll)), [each.told for each in sealed]
    )


def show_count(store: Store[Ballots], body: str, poll_id: str) -> dict[str, Any]:
    """The count of a poll, for those who sign it. Raises UnknownPoll, PollNotCounted."""
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        if poll.state not in (PollState.COUNTED, PollState.DECLARED):
            raise PollNotCounted("the poll is not counted yet")
        return count_shown(ballots, poll)


def count_shown(ballots: Ballots, poll: Poll) -> dict[str, Any]:
    """With the hashes to compare, and how many have signed."""
    counted = counted_in(ballots, poll)
    count = counted.as_json()
    return {
        "result": poll.result,
        "receipts_root": count["receipts_root"],
        **_signed(counted.hash_of(count), ballots.signatures(poll), ballots.officers(poll)),
    }


def sign(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    person: str,
    given: str,
    key: RecordKey,
    now: datetime,
) -> dict[str, Any]:
    """A scrutineer confirms the count of this hash. Idempotent: the second time nothing is signed or told.

    Raises UnknownPoll, PollNotCounted, NotAppointed, CountHashDiffers, ChiefSignsLast.
    """
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        officers = ballots.officers(poll)
        check_signable(poll, officers, person)
        counted = counted_in(ballots, poll)
        count_hash = counted.hash()
        check_confirmed(given, count_hash)
        signatures = [each for each in ballots.signatures(poll) if each.count_hash == count_hash]
        if all(each.person != person for each in signatures):
            signed = sign_count(officers, signatures, person, count_hash, key, after_close(poll, now))
            ballots.add_signature(poll, signed)
            signatures.append(signed)
            shown = _signed(count_hash, signatures, officers)
            data = telling.count_signed(poll, shown, tell_hash=counted.every_paper_has_a_receipt)
            ballots.publish(COUNT_SIGNED_V1, subject=subject_of(poll), data=data)
        return _signed(count_hash, signatures, officers)


def _signed(count_hash: str, signatures: list[Signature], officers: Officers) -> dict[str, Any]:
    of_count = [each for each in signatures if each.count_hash == count_hash]
    return {"count_hash": count_hash, "signed": len(of_count), "of": len(officers.scrutineers)}


def after_close(poll: Poll, now: datetime) -> datetime:
    """The clocks of two processes differ; what comes later is not to look earlier."""
    return now if poll.closed_at is None else max(now, poll.closed_at)
