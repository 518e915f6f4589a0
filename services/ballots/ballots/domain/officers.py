"""Who watches and who counts: the scrutineers, deputies with a chief among them, and the tellers, staff."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ballots.domain.errors import Fault, InvalidOfficers, NotAppointed
from ballots.domain.meeting import Meeting, check_id
from ballots.domain.reading import read_choice, read_text

CONFLICT_REASONS = ("close-relation", "implementing-unit", "other")
"""Why somebody may not watch or count: close to somebody whom the poll concerns, at work for the implementing
unit of a candidate, or what the body's own rules say."""


@dataclass(frozen=True, slots=True)
class Officer:
    """A scrutineer or a teller. ``id`` is the deputy's on the roll, or the member of staff's own."""

    id: str
    name: str
    chief: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredConflict:
    """A person, deputy or staff, who may be neither scrutineer nor teller of this poll."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Officers:
    """Those of one poll, in the order of their appointment. Nobody at all is allowed: a poll without any.

    Raises InvalidOfficers where somebody is there twice or has a declared conflict, or where the scrutineers
    have no chief or two.
    """

    scrutineers: tuple[Officer, ...] = ()
    tellers: tuple[Officer, ...] = ()
    conflicts: tuple[DeclaredConflict, ...] = ()

    def __post_init__(self) -> None:
        try:
            self._check()
        except Fault as fault:
            raise _refused(fault) from None

    def _check(self) -> None:
        declared: set[str] = set()
        for place, conflict in enumerate(self.conflicts):
            check_id(conflict.person, f"conflicts.{place}.person")
            read_choice(conflict.reason, f"conflicts.{place}.reason", CONFLICT_REASONS)
            if conflict.person in declared:
                raise Fault(f"conflicts.{place}.person", "is there twice")
            declared.add(conflict.person)
        seen: set[str] = set()
        for kind, officers in (("scrutineers", self.scrutineers), ("tellers", self.tellers)):
            for place, officer in enumerate(officers):
                _check_officer(officer, f"{kind}.{place}", seen, declared)
        if any(teller.chief for teller in self.tellers):
            raise Fault("chief", "must be one of the scrutineers")
        if self.scrutineers and sum(each.chief for each in self.scrutineers) != 1:
            raise Fault("chief", "must be one of the scrutineers")

    @property
    def chief(self) -> Officer | None:
        """The chief scrutineer (总监票人); None where there are no scrutineers."""
        return next((each for each in self.scrutineers if each.chief), None)

    def scrutineer(self, person: str) -> Officer | None:
        """The appointed scrutineer of this id."""
        return next((each for each in self.scrutineers if each.id == person), None)

    def watches_or_counts(self, person: str, roles: Collection[str]) -> bool:
        """Whether somebody with these roles does so for this poll: who was appointed; where none were, who
        has the role and no declared conflict."""
        if any(conflict.person == person for conflict in self.conflicts):
            return False
        watches = "scrutineer" in roles and (not self.scrutineers or self.scrutineer(person))
        counts = "teller" in roles and (not self.tellers or self.teller(person))
        return bool(watches or counts)

    def check_appointed(self, person: str, roles: Collection[str]) -> None:
        """Raises NotAppointed."""
        if not self.watches_or_counts(person, roles):
            raise NotAppointed("only who was appointed for this poll watches it or counts")

    def teller(self, person: str) -> Officer | None:
        """The appointed teller of this id."""
        return next((each for each in self.tellers if each.id == person), None)


def appoint_officers(given: Mapping[str, Any], meeting: Meeting, roll: Mapping[str, str]) -> Officers:
    """Officers of a poll of this meeting. ``roll``: the names of the body's deputies by their ids.

    ``given``: ``scrutineers`` (``id`` and ``name``, None for the roll's), ``chief`` (an id), ``tellers``,
    ``conflicts`` (``person`` and ``reason``). Raises InvalidOfficers, naming the field.
    """
    try:
        scrutineers = _scrutineers(given["scrutineers"], given["chief"], meeting, roll)
        tellers = _tellers(given["tellers"], meeting.due.union(roll))
    except Fault as fault:
        raise _refused(fault) from None
    conflicts = tuple(DeclaredConflict(each["person"], each["reason"]) for each in given["conflicts"])
    return Officers(scrutineers, tellers, conflicts)


def _scrutineers(
    given: Sequence[Mapping[str, Any]], chief: str | None, meeting: Meeting, roll: Mapping[str, str]
) -> tuple[Officer, ...]:
    if chief is not None and all(each["id"] != chief for each in given):
        raise Fault("chief", "must be one of the scrutineers")
    found = []
    for place, each in enumerate(given):
        person, field = each["id"], f"scrutineers.{place}"
        if person not in meeting.due:
            raise Fault(f"{field}.id", "must be a deputy who is due at the meeting")
        if person not in meeting.present:
            raise Fault(f"{field}.id", "must be a deputy who is present")
        name = each["name"] or roll.get(person)
        if name is None:
            raise Fault(f"{field}.name", "must be given: the deputy has left the roll")
        if roll.get(person, name) != name:
            raise Fault(f"{field}.name", "must be the name on the roll")
        found.append(Officer(person, name, person == chief))
    return tuple(found)


def _tellers(given: Sequence[Mapping[str, Any]], deputies: Collection[str]) -> tuple[Officer, ...]:
    for place, each in enumerate(given):
        if each["id"] in deputies:
            raise Fault(f"tellers.{place}.id", "must be of the staff, not a deputy")
    return tuple(Officer(each["id"], each["name"]) for each in given)


def _check_officer(officer: Officer, field: str, seen: set[str], declared: Collection[str]) -> None:
    check_id(officer.id, f"{field}.id")
    read_text(officer.name, f"{field}.name", longest=100)
    if officer.id in seen:
        raise Fault(f"{field}.id", "is appointed twice")
    if officer.id in declared:
        raise Fault(f"{field}.id", "has a declared conflict")
    seen.add(officer.id)


def _refused(fault: Fault) -> InvalidOfficers:
    return InvalidOfficers(fault.detail, field=fault.field)
