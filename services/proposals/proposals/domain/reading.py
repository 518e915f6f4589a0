"""Strict reading of untrusted values. Every function raises :class:`Fault`, which names the field."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

from proposals.domain.errors import Fault

TITLE_LENGTH = 300
CONTENT_LENGTH = 4000
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,6})?Z")
_LINE_BREAKS = frozenset("\n\r\t")


def read_object(
    given: object, field: str, *, required: Collection[str] = (), optional: Collection[str] | None = ()
) -> Mapping[str, object]:
    """A JSON object that has all of ``required`` and nothing beyond ``optional`` (None: anything)."""
    if not isinstance(given, Mapping):
        raise Fault(field, "must be an object")
    for key in given:
        if not isinstance(key, str):
            raise Fault(field, "must have texts as names")
        if optional is not None and key not in required and key not in optional:
            raise Fault(f"{field}.{shown(key)}", "is not a field of this object")
    for key in required:
        if key not in given:
            raise Fault(f"{field}.{key}", "is missing")
    return cast("Mapping[str, object]", given)


def read_list(given: object, field: str) -> list[object]:
    if not isinstance(given, list | tuple):
        raise Fault(field, "must be a list")
    return list(given)


def read_choice(given: object, field: str, choices: Collection[str]) -> str:
    if not isinstance(given, str) or given not in choices:
        raise Fault(field, f"must be one of {', '.join(choices)}")
    return given


def read_text(given: object, field: str, *, longest: int = TITLE_LENGTH) -> str:
    """A text of one line."""
    text = read_paragraphs(given, field, longest=longest)
    if any(character in _LINE_BREAKS or character in "\u2028\u2029" for character in text):
        raise Fault(field, "must be a single line")
    return text


def read_paragraphs(given: object, field: str, *, longest: int = CONTENT_LENGTH) -> str:
    """A text that may have lines, and nothing else that does not print: stores and papers choke on it."""
    if not isinstance(given, str) or not given.strip():
        raise Fault(field, "must be a text that is not empty")
    if len(given) > longest:
        raise Fault(field, f"must have at most {longest} characters")
    for character in given:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in _LINE_BREAKS:
            raise Fault(field, "must be a text without broken or unprintable characters")
    return given


def read_id(given: object, field: str) -> str:
    """Ids are chosen by the office and stand in addresses."""
    if not isinstance(given, str) or not _ID.fullmatch(given):
        raise Fault(field, "must be at most 63 small letters, digits and hyphens, the first not a hyphen")
    return given


def read_ids(given: object, field: str) -> tuple[str, ...]:
    """Ids in their order, none twice."""
    ids = tuple(read_id(each, f"{field}.{place}") for place, each in enumerate(read_list(given, field)))
    if len(set(ids)) != len(ids):
        raise Fault(field, "must not name anything twice")
    return ids


def read_year(given: object, field: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1949 <= given <= 9999:
        raise Fault(field, "must be a year from 1949 to 9999")
    return given


def read_amount(given: object, field: str) -> Decimal:
    """Yuan with at most two decimals, as a text or a whole number; a float has lost what was meant."""
    if isinstance(given, str):
        text = given
    elif isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 10**15:
        text = str(given)
    else:
        raise Fault(field, 'must be an amount in yuan: a text such as "1200000.00", or a whole number')
    if not _AMOUNT.fullmatch(text):
        raise Fault(field, "must have at most 15 digits and two decimals, such as 1200000.00")
    return Decimal(text).quantize(Decimal("0.01"))


def write_amount(amount: Decimal) -> str:
    """``1200000.00``"""
    return f"{amount:.2f}"


def check_amount(amount: Decimal, field: str) -> None:
    """An amount that :func:`read_amount` could have read."""
    if not isinstance(amount, Decimal) or not amount.is_finite() or not 0 <= amount < 10**15:
        raise Fault(field, "must be an amount in yuan, not negative, of at most 15 digits")
    if amount.is_signed() or amount != amount.quantize(Decimal("0.01")):
        raise Fault(field, "must have at most two decimals, and no sign")


def read_date(given: object, field: str) -> date:
    """``2022-10-31``"""
    if isinstance(given, str) and _DATE.fullmatch(given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise Fault(field, "must be a date that exists, as 2022-10-31")


def read_instant(given: object, field: str) -> datetime:
    """RFC 3339 in UTC: ``2022-04-16T01:30:00.000000Z``."""
    if isinstance(given, str) and _INSTANT.fullmatch(given):
        try:
            return datetime.fromisoformat(given)
        except ValueError:
            pass
    raise Fault(field, "must be a time in UTC, as 2022-04-16T01:30:00.000000Z")


def write_instant(moment: datetime) -> str:
    """``2022-04-16T01:30:00.000000Z``. ValueError: a time without a zone, which could mean anything."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def shown(name: str) -> str:
    """A name from outside, made safe to print: short, and without broken characters."""
    text = name if len(name) <= 40 else f"{name[:40]}…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
