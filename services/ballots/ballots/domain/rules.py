"""The rules of one poll (票决办法), as the meeting fixes them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from ballots.domain.adoption import BUILT_IN_ADOPTION_RULES, AdoptionRule
from ballots.domain.errors import Fault, InvalidRules, NotDifferential
from ballots.domain.marking import BUILT_IN_MARKING_SCHEMES, MarkingScheme
from ballots.domain.reading import (
    read_boolean,
    read_choice,
    read_fraction,
    read_integer,
    read_object,
    write_fraction,
)
from chassis.errors import Invalid

TWO_THIRDS = Fraction(2, 3)
"""At least two thirds of all deputies, or a people's congress cannot meet (national law)."""


@dataclass(frozen=True, slots=True)
class Named:
    """The name of an adoption rule or a marking scheme, and the parameters that it checked, JSON-ready."""

    name: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Rules:
    """``quorum``: the least share of all deputies present; ``differential``: more candidates than seats."""

    seats: int
    marking: Named
    adoption: Named
    quorum: Fraction = TWO_THIRDS
    differential: bool = False

    def __post_init__(self) -> None:
        if self.seats < 1:
            raise InvalidRules("seats: must be at least 1", field="seats")
        if not 0 < self.quorum <= 1:
            raise InvalidRules("quorum: must be a share of the deputies, above none", field="quorum")

    @classmethod
    def read(
        cls,
        given: object,
        adoption_rules: Mapping[str, AdoptionRule] | None = None,
        marking_schemes: Mapping[str, MarkingScheme] | None = None,
    ) -> "Rules":
        """From untrusted JSON: the rule fields of a count sheet. Raises InvalidRules, naming the field."""
        try:
            fields = read_object(given, "rules", required=RULE_FIELDS, optional=OPTIONAL_RULE_FIELDS)
            return read_rules(fields, adoption_rules, marking_schemes)
        except Fault as fault:
            raise InvalidRules(fault.detail, field=fault.field) from fault

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Rules":
        """From :meth:`as_json`, unchecked by the plugins: the rules of an old poll outlive theirs."""
        marking, adoption = _stored_object(stored["marking"]), _stored_object(stored["adoption"])
        return cls(
            seats=read_integer(stored["seats"], "seats"),
            marking=Named(str(marking.pop("scheme")), marking),
            adoption=Named(str(adoption.pop("rule")), adoption),
            quorum=read_fraction(stored["quorum"], "quorum"),
            differential=read_boolean(stored["differential"], "differential"),
        )

    def as_json(self) -> dict[str, object]:
        return {
            "seats": self.seats,
            "marking": {"scheme": self.marking.name, **self.marking.parameters},
            "adoption": {"rule": self.adoption.name, **self.adoption.parameters},
            "quorum": write_fraction(self.quorum),
            "differential": self.differential,
        }

    def check_differential(self, candidates: Sequence[str]) -> None:
        if self.differential and len(candidates) <= self.seats:
            raise NotDifferential(
                f"{len(candidates)} candidates for {self.seats} seats: the rules ask for more than that",
                field="candidates",
            )


RULE_FIELDS = ("seats", "marking", "adoption")
OPTIONAL_RULE_FIELDS = ("quorum", "differential")


def read_rules(
    fields: Mapping[str, object],
    adoption_rules: Mapping[str, AdoptionRule] | None = None,
    marking_schemes: Mapping[str, MarkingScheme] | None = None,
) -> Rules:
    """From the rule fields of an object that may hold others too. Raises Fault."""
    quorum = read_fraction(fields["quorum"], "quorum") if "quorum" in fields else TWO_THIRDS
    if not quorum:
        raise Fault("quorum", "must be more than none of the deputies")
    schemes = BUILT_IN_MARKING_SCHEMES if marking_schemes is None else marking_schemes
    known = BUILT_IN_ADOPTION_RULES if adoption_rules is None else adoption_rules
    rules = Rules(
        seats=read_integer(fields["seats"], "seats", least=1),
        marking=read_named(fields["marking"], "marking", "scheme", schemes),
        adoption=read_named(fields["adoption"], "adoption", "rule", known),
        quorum=quorum,
        differential=read_boolean(fields.get("differential", False), "differential"),
    )
    check_units(schemes[rules.marking.name], known[rules.adoption.name])
    return rules


def check_units(scheme: MarkingScheme, rule: AdoptionRule) -> None:
    """More than half of the deputies in points would be no majority of anybody. Raises Fault."""
    if scheme.gives not in rule.takes:
        raise Fault(
            "adoption.rule", f"decides on {' or '.join(rule.takes)}, and {scheme.name} gives {scheme.gives}"
        )


def quorum_needed(deputies: int, quorum: Fraction) -> int:
    """The fewest present who are at least this share of all deputies: 2/3 of 79 → 53, of 327 → 218."""
    return -(-deputies * quorum.numerator // quorum.denominator)


def rules_hash(
    rules: Rules,
    candidates: Sequence[str],
    versions: Mapping[str, str],
    profile: Mapping[str, str] | None = None,
) -> str:
    """What opening fixes: SHA-256 of the rules, the plugins' versions and the candidates in their order.

    ``profile``: ``name``, ``version`` and ``hash`` of the poll's profile, which is hashed where there is one.
    """
    fixed: dict[str, object] = {
        "rules": rules.as_json(),
        "versions": dict(versions),
        "candidates": list(candidates),
    }
    if profile is not None:
        fixed["profile"] = dict(profile)
    canonical = json.dumps(fixed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class _Parametrised(Protocol):
    def parameters(self, given: Mapping[str, object]) -> dict[str, object]: ...


def read_named(given: object, field: str, key: str, known: Mapping[str, _Parametrised]) -> Named:
    """``{"<key>": name, …parameters}``; the parameters are the named one's own business. Raises Fault."""
    fields = read_object(given, field, required=(key,), optional=None)
    name = read_choice(fields[key], f"{field}.{key}", known)
    try:
        parameters = known[name].parameters({k: value for k, value in fields.items() if k != key})
    except Fault as fault:
        raise _inside(field, name, fault) from fault
    except Invalid as refusal:
        raise Fault(f"{field}.{refusal.field or name}", refusal.detail) from refusal
    return Named(name, parameters)


def _inside(field: str, name: str, fault: Fault) -> Fault:
    path = (fault.field or "").removeprefix(f"{name}.")
    others = [_inside(field, name, each) for each in fault.others]
    return Fault(field if path == name else f"{field}.{path}", fault.rule, others)


def _stored_object(stored: object) -> dict[str, object]:
    return dict(read_object(stored, "rules", optional=None))
