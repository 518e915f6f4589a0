"""Bodies, their deputies, and the meeting with its roll call."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from ballots.domain.counting import Attendance
from ballots.domain.errors import (
    Fault,
    InvalidBody,
    InvalidRoll,
    MeetingAlreadyOpen,
    MeetingNotOpen,
    QuorumNotMet,
    UnknownDeputy,
)
from ballots.domain.reading import read_fraction, read_text
from ballots.domain.rules import TWO_THIRDS, quorum_needed

LEVELS = ("township", "county", "city", "province", "nation")
MOST_DEPUTIES = 5000
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SHARES = {Fraction(1, 2): "half", Fraction(2, 3): "two thirds", Fraction(3, 4): "three quarters"}


@dataclass(frozen=True, slots=True)
class Body:
    """A people's congress at one level (本级人大).

    ``deputies_total``: all its deputies by law, where that and not the length of the roll is what quorum and
    pass mark are of: seats may be vacant.
    """

    id: str
    name: str
    level: str
    deputies_total: int | None = None

    def __post_init__(self) -> None:
        try:
            check_id(self.id, "id")
            read_text(self.name, "name")
            if self.level not in LEVELS:
                raise Fault("level", f"must be one of {', '.join(LEVELS)}")
            if self.deputies_total is not None and not 1 <= self.deputies_total <= MOST_DEPUTIES:
                raise Fault("deputies_total", f"must be from 1 to {MOST_DEPUTIES}")
        except Fault as fault:
            raise InvalidBody(fault.detail, field=fault.field) from fault

    def has_room_for(self, deputies: int) -> bool:
        """Whether its roll may be so long."""
        return self.deputies_total is None or deputies <= self.deputies_total


@dataclass(frozen=True, slots=True)
class Deputy:
    """One deputy on the roll; ``delegation`` and ``district`` (选区) where the body has them."""

    id: str
    name: str
    delegation: str | None = None
    district: str | None = None

    def __post_init__(self) -> None:
        try:
            check_id(self.id, "id")
            read_text(self.name, "name", longest=100)
            for field in ("delegation", "district"):
                if (text := getattr(self, field)) is not None:
                    read_text(text, field)
        except Fault as fault:
            raise InvalidRoll(fault.detail, field=fault.field) from fault


def check_roll(deputies: Iterable[Deputy]) -> tuple[Deputy, ...]:
    """The deputies of a body: at least one, nobody twice. Raises InvalidRoll."""
    roll: dict[str, Deputy] = {}
    for place, deputy in enumerate(deputies):
        if deputy.id in roll:
            raise InvalidRoll(f"deputies.{place}.id: is on the roll twice", field=f"deputies.{place}.id")
        roll[deputy.id] = deputy
    if not roll:
        raise InvalidRoll("deputies: a roll has at least one deputy", field="deputies")
    return tuple(roll.values())


def read_roll(given: Sequence[Mapping[str, Any]]) -> tuple[Deputy, ...]:
    """A roll from ``id``, ``name``, ``delegation``, ``district`` of each. Raises InvalidRoll, naming the
    field."""
    deputies = []
    for place, each in enumerate(given):
        try:
            deputies.append(Deputy(each["id"], each["name"], each["delegation"], each["district"]))
        except InvalidRoll as refusal:
            where = f"deputies.{place}"
            raise InvalidRoll(f"{where}.{refusal.detail}", field=f"{where}.{refusal.field}") from None
    return check_roll(deputies)


def read_quorum(given: str) -> Fraction:
    """A share from a text such as ``2/3``. Raises InvalidRoll."""
    try:
        return read_fraction(given, "quorum")
    except Fault as fault:
        raise InvalidRoll(fault.detail, field="quorum") from None


@dataclass(frozen=True, slots=True)
class Meeting:
    """``due`` (应到): the ids of all deputies on the roll; ``present`` (实到): those at the roll call.

    ``deputies`` (全体代表): how many the body has in all where that is more than its roll, as its
    ``deputies_total`` was when the meeting was called. Quorum and pass mark are of this number.
    """

    id: str
    body: str
    due: frozenset[str]
    present: frozenset[str] = frozenset()
    quorum: Fraction = TWO_THIRDS
    opened_at: datetime | None = None
    deputies: int | None = None

    def __post_init__(self) -> None:
        if not self.due:
            raise InvalidRoll("due: a meeting has at least one deputy due to attend", field="due")
        if not 0 < self.quorum <= 1:
            raise InvalidRoll("quorum: must be a share of the deputies, above none", field="quorum")
        if self.deputies is not None and self.deputies < len(self.due):
            raise InvalidRoll("deputies: all deputies are no fewer than those due", field="deputies")
        self.check_due(self.present)

    @classmethod
    def restored(
        cls,
        *,
        id: str,
        body: str,
        due: Iterable[str],
        present: Iterable[str],
        quorum: str,
        opened_at: datetime | None,
        deputies: int | None = None,
    ) -> "Meeting":
        """From a store's values; ``quorum`` as ``2/3``."""
        return cls(id, body, frozenset(due), frozenset(present), Fraction(quorum), opened_at, deputies)

    @property
    def attendance(self) -> Attendance:
        return Attendance(deputies=self.deputies or len(self.due), present=len(self.present))

    def called(self, present: Collection[str]) -> "Meeting":
        """With these present, and no others. Raises UnknownDeputy."""
        return replace(self, present=frozenset(present))

    def open(self, now: datetime) -> "Meeting":
        """Raises QuorumNotMet with the figures, or MeetingAlreadyOpen."""
        if self.opened_at is not None:
            raise MeetingAlreadyOpen("the meeting is open already")
        check_quorum(self.attendance, self.quorum)
        return replace(self, opened_at=now)

    def check_open(self) -> None:
        if self.opened_at is None:
            raise MeetingNotOpen("the meeting is not open: call the roll and open it first")

    def check_due(self, deputies: Collection[str]) -> None:
        """Raises UnknownDeputy, without saying who."""
        strangers = len(set(deputies) - self.due)
        if strangers:
            raise UnknownDeputy(f"deputies: {strangers} of them are not due to attend", field="deputies")


def check_quorum(attendance: Attendance, quorum: Fraction) -> None:
    needed = quorum_needed(attendance.deputies, quorum)
    if attendance.present < needed:
        share = _SHARES.get(quorum, f"{quorum.numerator}/{quorum.denominator}")
        verb = "is" if share == "half" else "are"
        raise QuorumNotMet(
            f"{attendance.present} of {attendance.deputies} deputies are present; {share} {verb} {needed}"
        )


def check_id(given: str, field: str) -> str:
    """Ids are chosen by the office and stand in addresses. Raises Fault."""
    if not _ID.fullmatch(given):
        raise Fault(field, "must be at most 63 small letters, digits and hyphens, the first not a hyphen")
    return given
