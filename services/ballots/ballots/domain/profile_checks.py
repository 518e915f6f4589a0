"""What a poll breaks of its profile: each breach by the rule it is of, in words for the clerk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from ballots.domain.adoption import AdoptionRule
from ballots.domain.errors import Fault
from ballots.domain.marking import MarkingScheme
from ballots.domain.profile_reading import filled
from ballots.domain.reading import write_fraction
from ballots.domain.rules import Named, Rules, read_named

if TYPE_CHECKING:
    from ballots.domain.profiles import Profile

CHINA = timezone(timedelta(hours=8))
"""The one time of the whole country: days of notice are days there."""

_FIELDS = {"levels": "profile", "scrutineers": "scrutineers", "notice_days": "meeting"}

Rulebook = Mapping[str, AdoptionRule]
Schemes = Mapping[str, MarkingScheme]


@dataclass(frozen=True, slots=True)
class Breach:
    """``recorded``: something that cannot be told is never refused, and always recorded."""

    rule: str
    detail: str
    recorded: bool = False

    @property
    def field(self) -> str:
        """What in the request or the poll would have to change."""
        return _FIELDS.get(self.rule, f"rules.{self.rule}")

    def as_json(self) -> dict[str, str]:
        return {"rule": self.rule, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a poll is opened in. ``noticed_at``: when the list of candidates was made public, None where that
    is not known. ``further_round``: one after a tie or a shortfall, for what is left of an earlier poll.
    """

    level: str
    scrutineers: int
    noticed_at: datetime | None
    further_round: bool = False


def rule_breaches(
    profile: "Profile", rules: Rules, level: str, adoption_rules: Rulebook, marking_schemes: Schemes
) -> list[Breach]:
    """Of the rules alone, without candidates and people."""
    found = []
    if level not in profile.levels:
        found.append(Breach("levels", f"it is for {', '.join(profile.levels)}, and not for a {level}"))
    seats = profile.seats.get(level)
    if seats is not None and not seats.holds(rules.seats):
        found.append(Breach("seats", f"{_many(rules.seats, 'seat')}; a {level} has {seats.as_text()}"))
    markings = [filled(option, rules.seats) for option in profile.marking]
    if rules.marking not in _named(markings, "scheme", marking_schemes):
        found.append(Breach("marking", "the marking is another one"))
    if rules.adoption not in _named(profile.adoption, "rule", adoption_rules):
        found.append(Breach("adoption", "the adoption rule is another one"))
    if rules.quorum != profile.quorum:
        quorums = f"{write_fraction(rules.quorum)}; it is {write_fraction(profile.quorum)}"
        found.append(Breach("quorum", f"a quorum of {quorums}"))
    if profile.differential is not None and not rules.differential:
        found.append(Breach("differential", "more candidates than seats are not asked for"))
    return found


def opening_breaches(
    profile: "Profile",
    rules: Rules,
    candidates: Sequence[str],
    situation: Situation,
    opened_at: datetime,
    adoption_rules: Rulebook,
    marking_schemes: Schemes,
) -> list[Breach]:
    """All that a poll breaks at its opening; ``opened_at``: its meeting."""
    found = rule_breaches(profile, rules, situation.level, adoption_rules, marking_schemes)
    of_candidates = _too_few_candidates(profile, rules.seats, candidates)
    found = [each for each in found if each.rule != "differential" or not of_candidates] + of_candidates
    if situation.scrutineers < profile.scrutineers:
        said = _many(situation.scrutineers, "scrutineer")
        found.append(Breach("scrutineers", f"{said} appointed; at least {profile.scrutineers} are asked for"))
    found += _short_notice(profile.notice_days, situation.noticed_at, opened_at)
    if situation.further_round:
        # It is for the seats and the candidates that an earlier round left, which was held by the profile.
        left = ("seats", "marking", "differential", "notice_days")
        found = [each for each in found if each.rule not in left]
    return found


def _too_few_candidates(profile: "Profile", seats: int, candidates: Sequence[str]) -> list[Breach]:
    asked = profile.differential
    if asked is None:
        return []
    needed = ceil(asked * seats) if isinstance(asked, Fraction) else asked
    if len(candidates) - seats >= needed:
        return []
    said = f"{_many(len(candidates), 'candidate')} for {_many(seats, 'seat')}"
    return [Breach("differential", f"{said}; {needed} more than seats are asked for")]


def _short_notice(days: int, noticed_at: datetime | None, opened_at: datetime) -> list[Breach]:
    if not days:
        return []
    if noticed_at is None:
        detail = "when the candidate list was made public is not known here"
        return [Breach("notice_days", detail, recorded=True)]
    given = (opened_at.astimezone(CHINA).date() - noticed_at.astimezone(CHINA).date()).days
    if given >= days:
        return []
    said = f"the candidate list was public {_many(max(given, 0), 'day')} before the meeting"
    return [Breach("notice_days", f"{said}; at least {days} are asked for")]


def _named(options: Sequence[Mapping[str, object]], key: str, known: Rulebook | Schemes) -> list[Named]:
    """The options with their parameters as the plugins write them; one whose plugin is away fits nothing."""
    found = []
    for option in options:
        try:
            found.append(read_named(option, key, key, known))
        except Fault:
            continue
    return found


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
