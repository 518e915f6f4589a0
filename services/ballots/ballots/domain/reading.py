"""Strict reading of untrusted JSON values. Every function raises :class:`Fault`, which names the field."""

import re
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import cast

from ballots.domain.errors import Fault

# Far above any body, and far below the number of digits at which Python refuses to print an integer.
_LARGEST = 10**100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FRACTION = re.compile(r"(0|[1-9][0-9]{0,8})/([1-9][0-9]{0,8})")


def read_object(
    given: object, field: str, *, required: Collection[str] = (), optional: Collection[str] | None = ()
) -> Mapping[str, object]:
    """A JSON object that has all of ``required`` and nothing beyond ``optional`` (None: anything)."""
    if not isinstance(given, Mapping):
        raise Fault(field, "must be an object")
    inside = "" if field == "sheet" else f"{field}."
    for key in given:
        if not isinstance(key, str):
            raise Fault(field, "must have texts as names")
        if optional is not None and key not in required and key not in optional:
            raise Fault(f"{inside}{shown(key)}", "is not a field of this object")
    for key in required:
        if key not in given:
            raise Fault(f"{inside}{key}", "is missing")
    return cast("Mapping[str, object]", given)


def read_list(given: object, field: str) -> list[object]:
    if not isinstance(given, list | tuple):
        raise Fault(field, "must be a list")
    return list(given)


def read_integer(given: object, field: str, *, least: int = 0) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise Fault(field, "must be an integer")
    if given < least:
        raise Fault(field, f"must be at least {least}")
    if given > _LARGEST:
        raise Fault(field, "is too large")
    return given


def read_boolean(given: object, field: str) -> bool:
    if not isinstance(given, bool):
        raise Fault(field, "must be true or false")
    return given


def read_choice(given: object, field: str, choices: Collection[str]) -> str:
    if not isinstance(given, str) or given not in choices:
        raise Fault(field, f"must be one of {', '.join(choices)}")
    return given


def read_fraction(given: object, field: str) -> Fraction:
    """A text such as ``2/3``: two plain decimal numbers, from 0/1 to 1/1."""
    match = _FRACTION.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise Fault(field, 'must be a fraction in a text, such as "2/3"')
    fraction = Fraction(int(match[1]), int(match[2]))
    if fraction > 1:
        raise Fault(field, "must not be more than the whole")
    return fraction


def write_fraction(fraction: Fraction) -> str:
    return f"{fraction.numerator}/{fraction.denominator}"


def read_text(given: object, field: str, *, longest: int = 200) -> str:
    """A name or title, in one line. NUL, which PostgreSQL cannot keep, is a control character too."""
    if not isinstance(given, str) or not given.strip():
        raise Fault(field, "must be a text that is not empty")
    if len(given) > longest:
        raise Fault(field, f"must have at most {longest} characters")
    if any("\ud800" <= character <= "\udfff" for character in given):
        raise Fault(field, "must be a text without broken characters")
    if _CONTROL.search(given):
        raise Fault(field, "must be in one line, without control characters")
    return given


def read_candidates(given: object, field: str = "candidates") -> tuple[str, ...]:
    """The ids of the projects in the paper's order."""
    candidates: dict[str, None] = {}
    for place, entry in enumerate(read_list(given, field)):
        candidate = read_text(entry, f"{field}.{place}")
        if candidate in candidates:
            raise Fault(f"{field}.{place}", "is on the paper twice")
        candidates[candidate] = None
    if not candidates:
        raise Fault(field, "must name at least one project")
    return tuple(candidates)


def shown(name: str) -> str:
    """A name from outside, made safe to print: short, and without broken characters."""
    text = name if len(name) <= 40 else f"{name[:40]}…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
