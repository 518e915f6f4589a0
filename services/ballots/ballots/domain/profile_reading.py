"""Reading a rule profile from plain data: every fault, each by its key, is reported at once."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from ballots.domain.adoption import AdoptionRule
from ballots.domain.errors import Fault, InvalidProfile
from ballots.domain.marking import MarkingScheme
from ballots.domain.meeting import LEVELS, check_id
from ballots.domain.reading import (
    Faults,
    read_choice,
    read_fraction,
    read_integer,
    read_list,
    read_object,
    read_text,
    shown,
)
from ballots.domain.rules import check_units, read_named

SEATS = "seats"
"""As a parameter of a marking, it stands for the poll's number of seats."""
CHECKED = (
    *("levels", "marking", "adoption", "seats", "differential", "quorum"),
    *("scrutineers", "notice_days"),
)
"""The rules that a poll can break; the others of a profile say what follows."""
MOST_SEATS = 200
MOST_DAYS = 3650
_RANGE = re.compile(r"([1-9][0-9]{0,2})-([1-9][0-9]{0,2})")
_REQUIRED = (
    *("name", "version", "title", "levels", "marking", "adoption", "seats", "differential", "quorum"),
    *("after_tie", "after_shortfall", "scrutineers", "notice_days", "objection_days"),
)
_OPTIONAL = ("source", "on_breach")

Rules = Mapping[str, AdoptionRule]
Schemes = Mapping[str, MarkingScheme]


@dataclass(frozen=True, slots=True)
class SeatRange:
    """How many seats a poll may have, both ends included; ``most`` None: as many as the meeting decides."""

    least: int
    most: int | None

    def holds(self, seats: int) -> bool:
        return self.least <= seats and (self.most is None or seats <= self.most)

    def as_text(self) -> str:
        """``1-3``; ``2`` for just so many; ``any``."""
        if self.most is None:
            return "any"
        return str(self.least) if self.least == self.most else f"{self.least}-{self.most}"


def filled(option: Mapping[str, object], seats: object) -> dict[str, object]:
    """A marking with the number of seats where it says ``seats``."""
    return {key: seats if value == SEATS and key != "scheme" else value for key, value in option.items()}


Check = Callable[[Mapping[str, object], str], None]
"""Of one marking or adoption rule, at the key where it stands. Raises Fault."""


def read_profile_fields(
    given: object, rules: Rules | None = None, schemes: Schemes | None = None
) -> dict[str, Any]:
    """The values of a Profile; without plugins, markings and adoption rules are taken as they are.

    Raises InvalidProfile with every fault.
    """
    faults = Faults()
    fields = _known_fields(given, faults)
    readers = _readers(fields, _marking_check(fields, schemes), _adoption_check(rules))
    values = {key: faults.take(readers[key]) for key in readers if key in fields}
    values["on_breach"] = faults.take(lambda: _read_on_breach(fields.get("on_breach", {})))
    if rules is not None and schemes is not None:
        _check_units(values, rules, schemes, faults)
    if faults.found:
        raise InvalidProfile(faults.found)
    return values


def _known_fields(given: object, faults: Faults) -> dict[str, object]:
    if not isinstance(given, Mapping):
        raise InvalidProfile([Fault("profile", "must be an object")])
    known = (*_REQUIRED, *_OPTIONAL)
    faults.found += [Fault(shown(str(key)), "is no rule of a profile") for key in given if key not in known]
    faults.found += [Fault(key, "is missing") for key in _REQUIRED if key not in given]
    return {key: given[key] for key in known if key in given}


def _readers(fields: Mapping[str, Any], marking: Check, adoption: Check) -> dict[str, Callable[[], object]]:
    def number(key: str, most: int) -> Callable[[], int]:
        return lambda: _read_number(fields[key], key, most)

    return {
        "name": lambda: check_id(read_text(fields["name"], "name"), "name"),
        "version": lambda: _read_version(fields["version"]),
        "title": lambda: _read_title(fields["title"]),
        "source": lambda: _read_source(fields["source"]),
        "levels": lambda: _read_levels(fields["levels"]),
        "marking": lambda: _read_options(fields["marking"], "marking", "scheme", marking),
        "adoption": lambda: _read_options(fields["adoption"], "adoption", "rule", adoption),
        "seats": lambda: _read_seats(fields["seats"], fields.get("levels")),
        "differential": lambda: _read_differential(fields["differential"]),
        "quorum": lambda: _read_quorum(fields["quorum"]),
        "after_tie": lambda: read_choice(fields["after_tie"], "after_tie", ("runoff", "none")),
        "after_shortfall": lambda: read_choice(
            fields["after_shortfall"], "after_shortfall", ("next-round", "none")
        ),
        "scrutineers": number("scrutineers", MOST_SEATS),
        "notice_days": number("notice_days", MOST_DAYS),
        "objection_days": number("objection_days", MOST_DAYS),
    }


def _marking_check(fields: Mapping[str, object], schemes: Schemes | None) -> Check:
    """A scheme that is loaded and takes its parameters, whichever number of seats they stand for."""
    seats = Faults().take(lambda: _read_seats(fields.get("seats"), fields.get("levels"))) or {}
    numbers = sorted({number for each in seats.values() for number in (each.least, each.most) if number})

    def check(option: Mapping[str, object], field: str) -> None:
        if schemes is not None:
            for number in numbers or [1]:
                read_named(filled(option, number), field, "scheme", schemes)

    return check


def _adoption_check(rules: Rules | None) -> Check:
    def check(option: Mapping[str, object], field: str) -> None:
        if rules is not None:
            read_named(option, field, "rule", rules)

    return check


def _check_units(values: Mapping[str, Any], rules: Rules, schemes: Schemes, faults: Faults) -> None:
    """Every adoption rule decides on what every marking gives, where they have no faults themselves."""
    for marking in values.get("marking") or ():
        for adoption in values.get("adoption") or ():
            faults.take(partial(check_units, schemes[marking["scheme"]], rules[adoption["rule"]]))


def _read_number(given: object, field: str, most: int, least: int = 0) -> int:
    number = read_integer(given, field, least=least)
    if number > most:
        raise Fault(field, f"must be at most {most}")
    return number


def _read_version(given: object) -> str:
    """A whole number too, since that is what YAML makes of ``version: 2``."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(read_integer(given, "version", least=1))
    version = read_text(given, "version", longest=40)
    if version.isdecimal() and not int(version):
        raise Fault("version", "must be at least 1")
    return version


def _read_title(given: object) -> dict[str, str]:
    faults = Faults()
    faults.take(lambda: read_object(given, "title", required=("zh", "en")))
    said = given if isinstance(given, Mapping) else {}
    languages = [language for language in ("zh", "en") if language in said]
    title = {each: faults.take(partial(read_text, said[each], f"title.{each}")) for each in languages}
    faults.check()
    return title  # type: ignore[return-value]  # None is only where there is a fault


def _read_source(given: object) -> str | None:
    return None if given is None else read_text(given, "source", longest=500)


def _read_levels(given: object) -> tuple[str, ...]:
    faults = Faults()
    levels = [
        faults.take(partial(read_choice, each, f"levels.{place}", LEVELS))
        for place, each in enumerate(read_list(given, "levels"))
    ]
    faults.check()
    if not levels or len(set(levels)) != len(levels):
        raise Fault("levels", "must be at least one level, and none twice")
    return tuple(levels)  # type: ignore[arg-type]  # None is only where there is a fault


def _read_options(given: object, field: str, key: str, check: Check) -> tuple[dict[str, object], ...]:
    """One object, or a list of those that a poll may choose from."""
    if not isinstance(given, list | tuple):
        return (_read_option(given, field, key, check),)
    if not given:
        raise Fault(field, "must be at least one")
    faults = Faults()
    options = [
        faults.take(partial(_read_option, each, f"{field}.{place}", key, check))
        for place, each in enumerate(given)
    ]
    faults.check()
    return tuple(options)  # type: ignore[arg-type]  # None is only where there is a fault


def _read_option(given: object, field: str, key: str, check: Check) -> dict[str, object]:
    option = dict(read_object(given, field, required=(key,), optional=None))
    read_text(option[key], f"{field}.{key}")
    try:
        json.dumps(option, allow_nan=False)
    except (TypeError, ValueError):
        raise Fault(field, "must hold texts, numbers, lists and objects only") from None
    check(option, field)
    return option


def _read_seats(given: object, levels: object) -> dict[str, SeatRange]:
    """One number or range for all levels, or one for each of them."""
    try:
        names = _read_levels(levels)
    except Fault:  # it is told by itself; nothing is known then of what is missing here, or too much
        names = tuple(level for level in LEVELS if isinstance(given, Mapping) and level in given)
    if not isinstance(given, Mapping):
        return dict.fromkeys(names, _read_range(given, "seats"))
    faults = Faults()
    faults.take(lambda: read_object(given, "seats", required=names))
    known = [level for level in names if level in given]
    seats = {level: faults.take(partial(_read_range, given[level], f"seats.{level}")) for level in known}
    faults.check()
    return seats  # type: ignore[return-value]  # None is only where there is a fault


def _read_range(given: object, field: str) -> SeatRange:
    if given == "any":
        return SeatRange(1, None)
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given[:9])
    if isinstance(given, int):
        number = _read_number(given, field, MOST_SEATS, least=1)
        return SeatRange(number, number)
    match = _RANGE.fullmatch(given) if isinstance(given, str) else None
    if match is None or not int(match[1]) <= int(match[2]) <= MOST_SEATS:
        raise Fault(field, 'must be a number, a range such as "1-3", or "any"')
    return SeatRange(int(match[1]), int(match[2]))


def _read_differential(given: object) -> Fraction | int | None:
    if given == "none":
        return None
    if isinstance(given, int) and not isinstance(given, bool):
        return _read_number(given, "differential", MOST_SEATS, least=1)
    try:
        share = read_fraction(given, "differential")
    except Fault:
        share = Fraction(0)
    if not share:
        raise Fault("differential", 'must be a number, a share of the seats such as "1/5", or "none"')
    return share


def _read_quorum(given: object) -> Fraction:
    quorum = read_fraction(given, "quorum")
    if not quorum:
        raise Fault("quorum", "must be more than none of the deputies")
    return quorum


def _read_on_breach(given: object) -> dict[str, str]:
    faults = Faults()
    faults.take(lambda: read_object(given, "on_breach", optional=CHECKED))
    said = given if isinstance(given, Mapping) else {}
    words = ("strict", "warn")
    found = {
        rule: faults.take(partial(read_choice, said.get(rule, "strict"), f"on_breach.{rule}", words))
        for rule in CHECKED
    }
    faults.check()
    return found  # type: ignore[return-value]  # None is only where there is a fault
