"""The record of a declared poll, made once and never again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ballots.domain import Counted, RecordKey, Signature, Surroundings, canonical, record_of
from ballots.store import Ballots
from ballots.usecases.common import subject_of
from chassis.store import Store


@dataclass(frozen=True, slots=True)
class Recorder:
    """Who makes records: the service of this ``region``, with this ``key``."""

    region: str
    key: RecordKey

    def record(self, ballots: Ballots, counted: Counted, signatures: Sequence[Signature]) -> dict[str, Any]:
        """Makes and keeps the record of a poll that is being declared. Raises EventsNotNumbered."""
        poll = counted.poll
        meeting, title = ballots.meeting(poll.body, poll.meeting)
        around = Surroundings(
            region=self.region,
            body=ballots.body(poll.body),
            meeting=meeting,
            meeting_title=title,
            events=ballots.events_of(subject_of(poll)),
        )
        record = record_of(counted, around, signatures, self.key)
        ballots.add_record(poll, canonical(record).decode())
        return record


def show_record(store: Store[Ballots], body: str, poll_id: str) -> bytes:
    """The record, always the same bytes. Raises UnknownPoll, RecordNotPublished."""
    with store.reading() as ballots:
        ballots.poll(body, poll_id)
        return ballots.record(body, poll_id).encode()
