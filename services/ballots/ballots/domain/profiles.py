"""Rule profiles (规则方案): the rules that a place has for its polls, by a name and a version.

A poll that names a profile takes its rules from it. What a poll may choose for itself (how many seats of a
range, which of several markings) is checked against it, when the poll is prepared and again when it opens.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ballots.domain.adoption import AdoptionRule
from ballots.domain.errors import Fault, InvalidRules, OutsideProfile
from ballots.domain.marking import MarkingScheme
from ballots.domain.profile_checks import Breach, rule_breaches
from ballots.domain.profile_reading import SeatRange, filled, read_profile_fields
from ballots.domain.reading import read_object, write_fraction
from ballots.domain.rules import OPTIONAL_RULE_FIELDS, RULE_FIELDS, Rules

Option = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Profile:
    """``marking`` and ``adoption``: what a poll may choose from, the first unless it says otherwise.

    ``seats``: by level; ``differential``: the fewest candidates more than seats, as a number or as a share of
    the seats; ``on_breach``: rule → ``strict`` (refused) or ``warn`` (recorded with the poll).
    """

    name: str
    version: str
    title: Mapping[str, str]
    levels: tuple[str, ...]
    marking: tuple[Option, ...]
    adoption: tuple[Option, ...]
    seats: Mapping[str, SeatRange]
    differential: Fraction | int | None
    quorum: Fraction
    after_tie: str
    after_shortfall: str
    scrutineers: int
    notice_days: int
    objection_days: int
    on_breach: Mapping[str, str]
    source: str | None = None

    @classmethod
    def read(
        cls,
        given: object,
        adoption_rules: Mapping[str, AdoptionRule],
        marking_schemes: Mapping[str, MarkingScheme],
    ) -> "Profile":
        """From untrusted plain data, such as a YAML file's. Raises InvalidProfile with every fault."""
        return cls(**read_profile_fields(given, adoption_rules, marking_schemes))

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Profile":
        """From :meth:`as_json`, unchecked by the plugins: the profile of an old poll outlives theirs."""
        return cls(**read_profile_fields(stored))

    def as_json(self) -> dict[str, object]:
        """What :meth:`read` takes: a profile that is shown can be a file again."""
        excess = self.differential
        return {
            "name": self.name,
            "version": self.version,
            "title": dict(self.title),
            "source": self.source,
            "levels": list(self.levels),
            "marking": [dict(option) for option in self.marking],
            "adoption": [dict(option) for option in self.adoption],
            "seats": {level: seats.as_text() for level, seats in self.seats.items()},
            "differential": write_fraction(excess) if isinstance(excess, Fraction) else excess or "none",
            "quorum": write_fraction(self.quorum),
            "after_tie": self.after_tie,
            "after_shortfall": self.after_shortfall,
            "scrutineers": self.scrutineers,
            "notice_days": self.notice_days,
            "objection_days": self.objection_days,
            "on_breach": dict(self.on_breach),
        }

    @property
    def hash(self) -> str:
        """SHA-256 of all that it says."""
        canonical = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def identity(self) -> dict[str, str]:
        """What a poll's hash and documents carry of it."""
        return {"name": self.name, "version": self.version, "hash": self.hash}

    def rules(
        self,
        given: object,
        level: str,
        adoption_rules: Mapping[str, AdoptionRule],
        marking_schemes: Mapping[str, MarkingScheme],
    ) -> Rules:
        """The rules of a poll by this profile; ``given``: those that the poll says itself, or None.

        Raises InvalidRules, or OutsideProfile naming the field, where one that was given does not agree.
        """
        try:
            said = read_object(
                {} if given is None else given, "rules", optional=(*RULE_FIELDS, *OPTIONAL_RULE_FIELDS)
            )
            fields = self._completed(said, level)
        except Fault as fault:
            raise InvalidRules(fault.detail, field=fault.field) from None
        rules = Rules.read(fields, adoption_rules, marking_schemes)
        self.check(rule_breaches(self, rules, level, adoption_rules, marking_schemes))
        return rules

    def _completed(self, said: Mapping[str, object], level: str) -> dict[str, object]:
        fields = dict(said)
        if "seats" not in fields:
            seats = self.seats.get(level)
            if seats is None or seats.least != seats.most:
                allowed = "" if seats is None else f": the profile allows {seats.as_text()}"
                raise Fault("seats", f"must be given{allowed}")
            fields["seats"] = seats.least
        fields.setdefault("marking", filled(self.marking[0], fields["seats"]))
        fields.setdefault("adoption", dict(self.adoption[0]))
        fields.setdefault("quorum", write_fraction(self.quorum))
        # Where too few candidates are only to be recorded, the rules must not refuse them.
        strict = self.on_breach["differential"] == "strict"
        fields.setdefault("differential", self.differential is not None and strict)
        return fields

    def check(self, breaches: Sequence[Breach]) -> tuple[Breach, ...]:
        """Those that are only to be recorded. Raises OutsideProfile, which names the first of the others."""
        refused = [each for each in breaches if not each.recorded and self.on_breach[each.rule] == "strict"]
        if refused:
            raise OutsideProfile(
                f"outside the profile {self.name}: " + "; ".join(each.detail for each in refused),
                field=refused[0].field,
            )
        return tuple(breaches)
