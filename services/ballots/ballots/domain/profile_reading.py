"""Reading a rule profile from plain data: every fault, each by its key, is reported at once."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from ballots.domain.adoption import AdoptionRule
from ballots.domain.errors import Fault, InvalidProfile
from ballots.domain.marking import MarkingScheme
from ballots.domain.meeting import LEVELS, check_id
from ballots.domain.reading import (
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

T = TypeVar("T")
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


class _Faults:
    """Collects them. Where one was found the value is None, which nobody looks at."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def take(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except Fault as fault:
            self.found.append(fault)
            return None


def read_profile_fields(
    given: object, rules: Rules | None = None, schemes: Schemes | None = None
) -> dict[str, Any]:
    """The values of a Profile; without plugins, markings and adoption rules are taken as they are.

    Raises InvalidProfile with every fault.
    """
    faults = _Faults()
    fields = _known_fields(given, faults)
    readers = _readers(fields)
    values = {key: faults.take(readers[key]) for key in readers if key in fields}
    values["on_breach"] = faults.take(lambda: _read_on_breach(fields.get("on_breach", {})))
    if not faults.found and rules is not None and schemes is not None:
        _check_plugins(values, rules, schemes, faults)
    if faults.found:
        raise InvalidProfile(faults.found)
    return values


def _known_fields(given: object, faults: _Faults) -> dict[str, object]:
    if not isinstance(given, Mapping):
        raise InvalidProfile([Fault("profile", "must be an object")])
    known = (*_REQUIRED, *_OPTIONAL)
    faults.found += [Fault(shown(str(key)), "is no rule of a profile") for key in given if key not in known]
    faults.found += [Fault(key, "is missing") for key in _REQUIRED if key not in given]
    return {key: given[key] for key in known if key in given}


def _readers(fields: Mapping[str, Any]) -> dict[str, Callable[[], object]]:
    def number(key: str, most: int) -> Callable[[], int]:
        return lambda: _read_number(fields[key], key, most)

    return {
        "name": lambda: check_id(read_text(fields["name"], "name"), "name"),
        "version": lambda: _read_version(fields["version"]),
        "title": lambda: _read_title(fields["title"]),
        "source": lambda: _read_source(fields["source"]),
        "levels": lambda: _read_levels(fields["levels"]),
        "marking": lambda: _read_options(fields["marking"], "marking", "scheme"),
        "adoption": lambda: _read_options(fields["adoption"], "adoption", "rule"),
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


def _read_number(given: object, field: str, most: int, least: int = 0) -> int:
    number = read_integer(given, field, least=least)
    if number > most:
        raise Fault(field, f"must be at most {most}")
    return number


def _read_version(given: object) -> str:
    """A whole number too, since that is what YAML makes of ``version: 2``."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    return read_text(given, "version", longest=40)


def _read_title(given: object) -> dict[str, str]:
    title = read_object(given, "title", required=("zh", "en"))
    return {language: read_text(title[language], f"title.{language}") for language in ("zh", "en")}


def _read_source(given: object) -> str | None:
    return None if given is None else read_text(given, "source", longest=500)


def _read_levels(given: object) -> tuple[str, ...]:
    levels = [
        read_choice(each, f"levels.{place}", LEVELS) for place, each in enumerate(read_list(given, "levels"))
    ]
    if not levels or len(set(levels)) != len(levels):
        raise Fault("levels", "must be at least one level, and none twice")
    return tuple(levels)


def _read_options(given: object, field: str, key: str) -> tuple[dict[str, object], ...]:
    """One object, or a list of those that a poll may choose from."""
    several = isinstance(given, list | tuple)
    options = []
    for place, each in enumerate(read_list(given, field) if several else [given]):
        inside = f"{field}.{place}" if several else field
        option = dict(read_object(each, inside, required=(key,), optional=None))
        read_text(option[key], f"{inside}.{key}")
        try:
            json.dumps(option, allow_nan=False)
        except (TypeError, ValueError):
            raise Fault(inside, "must hold texts, numbers, lists and objects only") from None
        options.append(option)
    if not options:
        raise Fault(field, "must be at least one")
    return tuple(options)


def _read_seats(given: object, levels: object) -> dict[str, SeatRange]:
    """One number or range for all levels, or one for each of them."""
    try:
        names = _read_levels(levels)
    except Fault:  # it is told by itself; nothing is known then of what is missing here, or too much
        names = tuple(level for level in LEVELS if isinstance(given, Mapping) and level in given)
    if not isinstance(given, Mapping):
        return dict.fromkeys(names, _read_range(given, "seats"))
    by_level = read_object(given, "seats", required=names)
    return {level: _read_range(by_level[level], f"seats.{level}") for level in names}


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
    said = read_object(given, "on_breach", optional=CHECKED)
    return {
        rule: read_choice(said.get(rule, "strict"), f"on_breach.{rule}", ("strict", "warn"))
        for rule in CHECKED
    }


def _check_plugins(values: Mapping[str, Any], rules: Rules, schemes: Schemes, faults: _Faults) -> None:
    """Every marking and adoption rule is one that is loaded, takes its parameters, and fits the others."""
    for seats in _numbers_of_seats(values["seats"].values()):
        for field, option in _placed(values["marking"], "marking"):
            faults.take(partial(read_named, filled(option, seats), field, "scheme", schemes))
    for field, option in _placed(values["adoption"], "adoption"):
        faults.take(partial(read_named, option, field, "rule", rules))
    faults.found = list({fault.detail: fault for fault in faults.found}.values())
    if faults.found:
        return
    for marking in values["marking"]:
        for adoption in values["adoption"]:
            faults.take(partial(check_units, schemes[marking["scheme"]], rules[adoption["rule"]]))


def _numbers_of_seats(ranges: Any) -> list[int]:
    """The fewest and the most: what ``seats`` may stand for."""
    return sorted({number for each in ranges for number in (each.least, each.most) if number})


def _placed(options: Sequence[dict[str, object]], field: str) -> list[tuple[str, dict[str, object]]]:
    if len(options) == 1:
        return [(field, options[0])]
    return [(f"{field}.{place}", option) for place, option in enumerate(options)]
