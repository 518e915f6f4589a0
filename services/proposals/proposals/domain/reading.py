"""Strict reading of untrusted values. Every function raises :class:`Fault`, which names the field."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

from chassis import reading
from chassis.reading import read_choice, read_id, read_list, read_object, shown
from proposals.domain.errors import Fault

TITLE_LENGTH = 300
CONTENT_LENGTH = 4000
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,6})?Z")

__all__ = [
    "check_amount",
    "read_amount",
    "read_choice",
    "read_date",
    "read_id",
    "read_ids",
    "read_instant",
    "read_list",
    "read_object",
    "read_paragraphs",
    "read_text",
    "read_year",
    "shown",
    "write_amount",
    "write_instant",
]

read_text = partial(reading.read_text, longest=TITLE_LENGTH)
read_paragraphs = partial(reading.read_paragraphs, longest=CONTENT_LENGTH)


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
