"""The envelope of every event: CloudEvents 1.0 in structured JSON, numbered and chained by its producer.

Beside CloudEvents' own attributes an event has ``sequence``, its number in the producer's log: gapless, from
1, as the text of fifteen digits that the extension of that name asks for; ``previoushash`` and ``hash``,
which chain the log; and ``correlationid`` and ``traceparent``, which tell the request that it came from.
Whatever else an envelope holds, such as what a gateway added, is passed over, and is not in the hash.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from piaojue_contracts.attributes import ATTRIBUTES

CONTENT_TYPE: Final = "application/json"
"""What a message says of its body, so that every JSON consumer reads it without being told of CloudEvents."""

FIRST_PREVIOUS_HASH: Final = "0" * 64


class UnreadableEvent(Exception):
    """Bytes or fields that are no event; the text says why, without quoting them."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a producer's log. ``time`` is RFC 3339 in UTC; ``data`` plain JSON without fractions."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    sequence: int
    previous_hash: str
    data: Mapping[str, Any]
    correlation_id: str | None = None
    traceparent: str | None = None
    hash: str = ""

    @property
    def producer(self) -> str:
        """``ballots`` of ``piaojue.ballots.result_declared.v1``."""
        return self.type.split(".")[1]

    @property
    def routing_key(self) -> str:
        """``result_declared.v1`` of ``piaojue.ballots.result_declared.v1``."""
        return self.type.split(".", 2)[2]

    def sealed(self) -> "Event":
        """The same event with its hash."""
        return replace(self, hash=self.computed_hash())

    def computed_hash(self) -> str:
        """SHA-256 of the canonical JSON of all but ``hash``; ``previoushash`` and ``sequence`` are in it."""
        return hashlib.sha256(canonical(self._members())).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The envelope as it is on the wire."""
        return {**self._members(), "hash": self.hash}

    def as_bytes(self) -> bytes:
        """The envelope as canonical JSON."""
        return canonical(self.as_json())

    def _members(self) -> dict[str, Any]:
        members = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time,
            "datacontenttype": CONTENT_TYPE,
            "sequence": f"{self.sequence:015}",
            "previoushash": self.previous_hash,
            "data": self.data,
        }
        if self.correlation_id is not None:
            members["correlationid"] = self.correlation_id
        if self.traceparent is not None:
            members["traceparent"] = self.traceparent
        return members

    @classmethod
    def from_bytes(cls, body: bytes) -> "Event":
        """An event from the wire, its hash unchecked: see :func:`verify`. UnreadableEvent: it is none.

        Whatever is readable can be hashed, and stored as text.
        """
        try:
            text = body.decode()
            members = json.loads(text, parse_float=_refuse_number, parse_constant=_refuse_number)
            if "\\u" in text:
                canonical(members)  # refuses half of a surrogate pair, which is in no UTF-8
        except (ValueError, RecursionError):
            raise UnreadableEvent("not JSON in UTF-8") from None
        return cls.from_json(members)

    @classmethod
    def from_json(cls, members: object) -> "Event":
        """An event from a parsed envelope. UnreadableEvent: something is missing or of the wrong form."""
        if not isinstance(members, dict):
            raise UnreadableEvent("not a JSON object")
        for name, attribute in ATTRIBUTES.items():
            if fault := attribute.fault(members, name):
                raise UnreadableEvent(fault)
        if not isinstance(members.get("data"), dict):
            raise UnreadableEvent("data is missing or not an object")
        return cls(
            id=members["id"],
            source=members["source"],
            type=members["type"],
            subject=members["subject"],
            time=members["time"],
            sequence=int(members["sequence"]),
            previous_hash=members["previoushash"],
            data=members["data"],
            correlation_id=members.get("correlationid"),
            traceparent=members.get("traceparent"),
            hash=members["hash"],
        )


def _refuse_number(number: str) -> NoReturn:
    raise UnreadableEvent("has a number that is not whole")


def canonical(value: object) -> bytes:
    """JSON with sorted keys, without spaces, in UTF-8. Without fractions, every language writes the same."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def verify(
    events: Iterable[Event], *, after: int = 0, previous_hash: str = FIRST_PREVIOUS_HASH
) -> tuple[int, str]:
    """Checks that a producer's events continue its log: gapless, chained, unaltered.

    ``after`` and ``previous_hash`` are the number and the hash of the event before the first. Returns those
    of the last. ChainBroken: names the first event that does not fit.
    """
    for event in events:
        if event.sequence != after + 1:
            raise ChainBroken(event.sequence, f"number {after + 1} is missing before it")
        if event.previous_hash != previous_hash:
            raise ChainBroken(event.sequence, "it does not continue the event before it")
        if event.computed_hash() != event.hash:
            raise ChainBroken(event.sequence, "it is not what was hashed")
        after, previous_hash = event.sequence, event.hash
    return after, previous_hash


class ChainBroken(Exception):
    """The log was altered, or is not one log; ``sequence`` is the first event that does not fit."""

    def __init__(self, sequence: int, reason: str) -> None:
        self.sequence = sequence
        super().__init__(f"event {sequence}: {reason}")
