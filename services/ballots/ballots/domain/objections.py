"""Objections (异议) to a declared result: filed by deputies, answered by the presidium, each within days.

An objection changes nothing of the result or of its record. What follows from one that is upheld is for the
body to decide, and a further poll is a decision of its own.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from ballots.domain.errors import (
    Fault,
    InvalidObjection,
    NotOnesOwnObjection,
    ObjectionAlreadyAnswered,
    ObjectionExists,
    ObjectionsClosed,
    PollNotDeclared,
    TooManyObjections,
)
from ballots.domain.meeting import check_id
from ballots.domain.poll import Poll, PollState
from ballots.domain.profile_checks import CHINA
from ballots.domain.reading import read_choice, read_paragraphs, read_text

USUAL_DAYS: Final = 7
"""For a poll without a profile: what the built-in profiles assume too, since no law says so."""

MOST_OF_A_POLL: Final = 1000
MOST_OF_A_DEPUTY: Final = 5
LONGEST_OBJECTION: Final = 2000
"""Characters, of an objection and of its answer."""

OUTCOMES: Final = ("upheld", "rejected")


@dataclass(frozen=True, slots=True)
class Objection:
    """``number``: from 1, of those to one poll; ``id``: chosen by who files it, so that filing can be
    repeated; ``deputy``: whose it is; ``answer_by``: the last day, in China, for its answer.

    Raises InvalidObjection.
    """

    number: int
    id: str
    deputy: str
    text: str
    filed_at: datetime
    answer_by: date
    outcome: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None

    def __post_init__(self) -> None:
        try:
            check_id(self.id, "objection")
            read_text(self.deputy, "deputy", longest=300)
            read_paragraphs(self.text, "text", longest=LONGEST_OBJECTION)
            if self.answered_at is not None:
                read_choice(self.outcome, "outcome", OUTCOMES)
                read_paragraphs(self.answer, "answer", longest=LONGEST_OBJECTION)
        except Fault as fault:
            raise InvalidObjection(fault.detail, field=fault.field) from fault
        if (self.outcome is None, self.answer is None) != (self.answered_at is None,) * 2:
            raise InvalidObjection("answer: an answered objection, and no other, has an outcome and a text")

    def as_stored(self) -> dict[str, Any]:
        """The fields as plain values, times and days as such."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def state(self) -> str:
        return "filed" if self.answered_at is None else "answered"

    def is_late(self, now: datetime) -> bool:
        """Whether its answer came after its last day, or has not come by then."""
        return _day_of(self.answered_at or now) > self.answer_by

    def check_repeated(self, deputy: str, text: str) -> None:
        """What is filed under its id once more must be the same. Raises ObjectionExists."""
        if (self.deputy, self.text) != (deputy, text):
            raise ObjectionExists("another objection to this poll has this id", field="objection")

    def answered(self, outcome: str, answer: str, now: datetime) -> "Objection":
        """Once; the same answer again changes nothing. One that comes late is taken, and shows so: it is
        better than none.

        Raises InvalidObjection, ObjectionAlreadyAnswered.
        """
        if self.answered_at is None:
            moment = max(now, self.filed_at)  # clocks of processes may differ a little
            return replace(self, outcome=outcome, answer=answer, answered_at=moment)
        if (self.outcome, self.answer) != (outcome, answer):
            raise ObjectionAlreadyAnswered("the objection has an answer, which is not changed any more")
        return self


def objection_days(poll: Poll) -> int:
    """For filing, from the declaration, and for answering, from the filing."""
    return USUAL_DAYS if poll.profile is None else poll.profile.objection_days


def open_until(poll: Poll) -> date | None:
    """The last day, in China, on which an objection may be filed: the day of the declaration is not counted.

    None before the declaration, and where the profile gives no days.
    """
    days = objection_days(poll)
    return _day_of(poll.declared_at) + timedelta(days) if poll.declared_at and days else None


def whose_objection(deputy: str | None, subject: str, roles: Collection[str]) -> str:
    """Deputies file their own, by their token; a clerk files for the ``deputy`` whom the request names.

    Raises InvalidObjection, NotOnesOwnObjection.
    """
    if deputy is not None and "clerk" in roles:
        return deputy
    if "deputy" in roles and deputy in (None, subject):
        return subject
    if deputy is None:
        raise InvalidObjection("deputy: a clerk names the deputy whose objection it is", field="deputy")
    raise NotOnesOwnObjection("only a clerk files the objection of somebody else", field="deputy")


def new_objection(
    poll: Poll, earlier: tuple[int, int], *, id: str, deputy: str, text: str, now: datetime
) -> Objection:
    """A new objection; ``earlier``: how many there are to the poll, and of them how many by this deputy.

    Raises InvalidObjection, PollNotDeclared, ObjectionsClosed, TooManyObjections.
    """
    if poll.state is not PollState.DECLARED or poll.declared_at is None:
        raise PollNotDeclared("an objection is to a declared result")
    filed_at, last = max(now, poll.declared_at), open_until(poll)
    if last is None:
        raise ObjectionsClosed("the profile of the poll gives no days for objections")
    if _day_of(filed_at) > last:
        raise ObjectionsClosed(f"objections could be filed until {last}, by the time of China")
    of_poll, of_deputy = earlier
    if of_deputy >= MOST_OF_A_DEPUTY:
        raise TooManyObjections(f"a deputy files at most {MOST_OF_A_DEPUTY} objections to a poll")
    if of_poll >= MOST_OF_A_POLL:
        raise TooManyObjections(f"at most {MOST_OF_A_POLL} objections are filed to a poll")
    answer_by = _day_of(filed_at) + timedelta(objection_days(poll))
    return Objection(of_poll + 1, id, deputy, text, filed_at, answer_by)


def _day_of(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
