"""Signing the count: each scrutineer confirms the same hash, the chief after all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ballots.domain.errors import (
    ChiefSignsLast,
    CountHashDiffers,
    NotAppointed,
    PollNotCounted,
    RecordKeyChanged,
    SignaturesMissing,
)
from ballots.domain.hashing import canonical
from ballots.domain.officers import Officer, Officers
from ballots.domain.poll import Poll, PollState
from chassis.clock import rfc3339


class RecordKey(Protocol):
    """The key that the service signs counts and records with."""

    @property
    def jwk(self) -> dict[str, str]:
        """Its public half: ``kty``, ``crv``, ``x``, ``kid``."""

    def sign(self, message: bytes) -> str:
        """A signature in base64url."""

    def has_signed(self, message: bytes, signature: str) -> bool:
        """Whether it has made this signature of this message."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A scrutineer has confirmed a count. ``signature``: by the service, which has seen the token."""

    person: str
    name: str
    chief: bool
    count_hash: str
    signed_at: datetime
    signature: str = ""

    def message(self) -> bytes:
        """What is signed."""
        signed = [self.count_hash, self.person, self.name, self.chief, rfc3339(self.signed_at)]
        return canonical(["piaojue-count-signature-1", *signed])


def sign_count(
    officers: Officers,
    earlier: Sequence[Signature],
    person: str,
    count_hash: str,
    key: RecordKey,
    now: datetime,
) -> Signature:
    """The signature of a scrutineer who has not signed this count; ``earlier`` are those of the others.

    Times go on even where the clocks of two processes do not. Raises NotAppointed, ChiefSignsLast.
    """
    scrutineer = _appointed(officers, person)
    others = {each.id for each in officers.scrutineers} - {person}
    if missing := scrutineer.chief and len(others - {each.person for each in earlier}):
        raise ChiefSignsLast(f"the chief scrutineer signs last, and {missing} of the others have not signed")
    signed_at = max([now, *(each.signed_at for each in earlier)])
    unsigned = Signature(person, scrutineer.name, scrutineer.chief, count_hash, signed_at)
    return Signature(
        person, scrutineer.name, scrutineer.chief, count_hash, signed_at, key.sign(unsigned.message())
    )


def check_signable(poll: Poll, officers: Officers, person: str) -> None:
    """Raises PollNotCounted, NotAppointed."""
    if poll.state is not PollState.COUNTED:
        raise PollNotCounted("only a counted poll is signed, until it is declared")
    _appointed(officers, person)


def check_confirmed(given: str, counted: str) -> None:
    """Raises CountHashDiffers."""
    if given != counted:
        raise CountHashDiffers("this is not the hash of the count: look at it again", field="count_hash")


def check_signed(
    officers: Officers, signatures: Sequence[Signature], count_hash: str, key: RecordKey
) -> tuple[Signature, ...]:
    """All signatures of this count in the order of their time, the chief's last.

    Raises SignaturesMissing, or RecordKeyChanged where the key is not the one that they were made with.
    """
    of_count = {each.person: each for each in signatures if each.count_hash == count_hash}
    appointed = {each.id for each in officers.scrutineers}
    if missing := len(appointed - of_count.keys()):
        raise SignaturesMissing(f"{missing} of {len(appointed)} scrutineers have not signed this count")
    signed = sorted(of_count.values(), key=lambda each: (each.chief, each.signed_at, each.person))
    if not all(key.has_signed(each.message(), each.signature) for each in signed):
        raise RecordKeyChanged("the record key is not the one that the count was signed with: put it back")
    return tuple(signed)


def _appointed(officers: Officers, person: str) -> Officer:
    scrutineer = officers.scrutineer(person)
    if scrutineer is None:
        raise NotAppointed("only a scrutineer who was appointed for this poll signs its count")
    return scrutineer
