"""The record of a poll: all that is needed to count it again, in one file that anybody can check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ballots.domain.channel_records import as_heaps
from ballots.domain.hashing import canonical, digest
from ballots.domain.meeting import Body, Meeting
from ballots.domain.poll import Poll
from ballots.domain.receipts import receipts_root
from ballots.domain.signing import RecordKey, Signature
from ballots.domain.telling import OnPaper, candidates_shown
from chassis.clock import rfc3339

_FIGURES = ("issued", "returned", "unreturned", "valid", "invalid", "blank")


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted: a counted poll, what its papers called the projects, the papers as ``(times, marks)``
    and the receipts given for them.

    ``channels``: where there are others than the codes, what the record says of each. The papers are those
    of all of them that stand, not told apart: of a channel with few, its papers would be known.
    """

    poll: Poll
    on_paper: OnPaper
    papers: Sequence[tuple[int, object]]
    receipts: Sequence[str]
    channels: Sequence[Mapping[str, Any]] = ()

    @property
    def every_paper_has_a_receipt(self) -> bool:
        return not self.channels and sum(times for times, _ in self.papers) == len(self.receipts)

    def as_json(self) -> dict[str, Any]:
        """The part of the record that the scrutineers confirm, but for what it is of."""
        poll = self.poll
        assert poll.attendance is not None
        assert poll.result is not None
        figures = (*_FIGURES, *(["channels"] if self.channels else []))
        return {
            "candidates": candidates_shown(poll, self.on_paper),
            "rules_hash": poll.rules_hash,
            "attendance": {"deputies": poll.attendance.deputies, "present": poll.attendance.present},
            "reconciliation": {name: poll.result[name] for name in figures},
            **({"channels": [dict(each) for each in self.channels]} if self.channels else {}),
            "papers": as_heaps(self.papers),
            "receipts_root": receipts_root(self.receipts),
            "result": dict(poll.result),
        }

    def hash(self) -> str:
        """What the scrutineers confirm."""
        return self.hash_of(self.as_json())

    def hash_of(self, count: Mapping[str, Any]) -> str:
        """``count``: as :meth:`as_json` has made it."""
        ids = {"body": self.poll.body, "meeting": self.poll.meeting, "poll": self.poll.id}
        return digest({**count, **ids})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a record says beside the count. ``events``: the poll's, from ballots' log, in their order."""

    region: str
    body: Body
    meeting: Meeting
    meeting_title: str
    events: Sequence[Mapping[str, object]]


def record_of(
    counted: Counted, around: Surroundings, signatures: Sequence[Signature], key: RecordKey
) -> dict[str, Any]:
    """The record of a declared poll, hashed and signed."""
    count = counted.as_json()
    record: dict[str, Any] = {
        "format": "piaojue-record",
        "version": 1,
        "region": around.region,
        **_about(counted.poll, counted.on_paper, around),
        **count,
        "receipts": sorted(counted.receipts),
        "count_hash": counted.hash_of(count),
        "signatures": [_signature_shown(each) for each in signatures],
        "events": [dict(event) for event in around.events],
        "key": dict(key.jwk),
    }
    record["record_hash"] = digest(record)
    record["signature"] = key.sign(canonical(["piaojue-record-1", record["record_hash"]]))
    return record


def _about(poll: Poll, on_paper: OnPaper, around: Surroundings) -> dict[str, Any]:
    body, meeting = around.body, around.meeting
    assert poll.versions is not None
    return {
        "body": {"id": body.id, "name": body.name, "level": body.level},
        "meeting": {
            "id": meeting.id,
            "title": around.meeting_title,
            "due": len(meeting.due),
            "present": len(meeting.present),
            "opened_at": _told(meeting.opened_at),
        },
        "poll": {
            "id": poll.id,
            "title": poll.title,
            "year": on_paper.year,
            "opened_at": _told(poll.opened_at),
            "closed_at": _told(poll.closed_at),
            "declared_at": _told(poll.declared_at),
        },
        "rules": poll.rules.as_json(),
        "versions": dict(poll.versions),
        **({"profile": poll.profile.identity} if poll.profile else {}),
    }


def _told(moment: datetime | None) -> str:
    assert moment is not None
    return rfc3339(moment)


def _signature_shown(signed: Signature) -> dict[str, Any]:
    return {
        "scrutineer": signed.person,
        "name": signed.name,
        "chief": signed.chief,
        "signed_at": rfc3339(signed.signed_at),
        "signature": signed.signature,
    }
