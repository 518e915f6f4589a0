"""Strict reading of untrusted JSON values: pure, so that every ``domain.py`` may build on it.

Every function raises :class:`Fault`, which names the field. The boundary that reads gives it its public slug.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeVar, cast

from chassis.errors import Invalid

# Up to here every program reads a whole number alike, those who read our events and records among them.
_LARGEST: Final = 2**53 - 1
_MOST_FAULTS: Final = 100
# Nobody sees these, or they show what follows in another order: two names could look alike and differ, or a
# title read as it is not written. Not among them are what chooses a form of a letter, as in rare names and
# Mongolian (U+180B to U+180F, U+FE00 to U+FE0F, U+E0100 to U+E01EF), and private use, where old systems have
# rare names.
_HIDDEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    r"\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_JOINERS = r"\u200c\u200d"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_HIDDEN_IN_LINE = re.compile(f"[{_HIDDEN}{_JOINERS}]")
_HIDDEN_IN_PARAGRAPHS = re.compile(f"[{_HIDDEN}]")
_NOTHING_TO_SEE = re.compile(
    rf"[\s{_HIDDEN}{_JOINERS}\x00-\x1f\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]*"
)
_FRACTION = re.compile(r"(0|[1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

T = TypeVar("T")


class Fault(Invalid):
    """A value that was sent breaks a rule of form. ``others``: what else was found in the same object."""

    def __init__(self, field: str, rule: str, others: Sequence["Fault"] = ()) -> None:
        super().__init__(f"{field}: {rule}", field=field)
        self.rule = rule
        self.others = tuple(others)

    @property
    def all(self) -> tuple["Fault", ...]:
        return (self, *self.others)

    def within(self, prefix: str) -> "Fault":
        """The same fault, seen from the object that holds the faulty one."""
        return Fault(f"{prefix}.{self.field}", self.rule, [each.within(prefix) for each in self.others])


class Faults:
    """Collects faults, so that whoever mends them hears of all at once."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def take(self, read: Callable[[], T]) -> T | None:
        """What is read; None where it has a fault, which is collected."""
        try:
            return read()
        except Fault as fault:
            self.found += fault.all
            return None

    def check(self) -> None:
        """Raises the first fault, with all others."""
        if self.found:
            raise Fault(str(self.found[0].field), self.found[0].rule, self.found[1:])


def read_object(
    given: object, field: str, *, required: Collection[str] = (), optional: Collection[str] | None = ()
) -> Mapping[str, object]:
    """A JSON object that has all of ``required`` and nothing beyond ``optional`` (None: anything).

    The fields of a ``sheet``, which is a whole document, are named without its name.
    """
    if not isinstance(given, Mapping):
        raise Fault(field, "must be an object")
    inside = "" if field == "sheet" else f"{field}."
    faults = Faults()
    for key in given:
        if not isinstance(key, str):
            raise Fault(field, "must have texts as names")
        if optional is not None and key not in required and key not in optional:
            faults.found.append(Fault(f"{inside}{shown(key)}", "is not a field of this object"))
            if len(faults.found) == _MOST_FAULTS:
                break
    faults.found += [Fault(f"{inside}{key}", "is missing") for key in required if key not in given]
    faults.check()
    return cast("Mapping[str, object]", given)


def read_list(given: object, field: str) -> list[object]:
    """A JSON array."""
    if not isinstance(given, list | tuple):
        raise Fault(field, "must be a list")
    return list(given)


def read_integer(given: object, field: str, *, least: int = 0) -> int:
    """A whole number, never a text or a truth that looks like one."""
    if isinstance(given, bool) or not isinstance(given, int):
        raise Fault(field, "must be an integer")
    if given < least:
        raise Fault(field, f"must be at least {least}")
    if given > _LARGEST:
        raise Fault(field, "is too large")
    return given


def read_boolean(given: object, field: str) -> bool:
    """True or false."""
    if not isinstance(given, bool):
        raise Fault(field, "must be true or false")
    return given


def read_choice(given: object, field: str, choices: Collection[str]) -> str:
    """One of a few words."""
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
    """As :func:`read_fraction` reads it."""
    return f"{fraction.numerator}/{fraction.denominator}"


def read_text(given: object, field: str, *, longest: int = 200) -> str:
    """A name or title, in one line. NUL, which PostgreSQL cannot keep, is a control character too."""
    return _read_any_text(given, field, longest, broken_in_line)


def read_paragraphs(given: object, field: str, *, longest: int) -> str:
    """A text that may have lines, and nothing else that does not print."""
    return _read_any_text(given, field, longest, broken_in_paragraphs)


def broken_in_line(text: str) -> str | None:
    """The rule that a name or title breaks, whatever its length; None: it breaks none."""
    if rule := _nothing_or_hidden(text, _HIDDEN_IN_LINE):
        return rule
    return "must be in one line, without broken or control characters" if _CONTROL.search(text) else None


def broken_in_paragraphs(text: str) -> str | None:
    """The rule that a text of several lines breaks, whatever its length; None: it breaks none.

    Joiners (U+200C, U+200D) are let be here: they make one sign of several, as in some scripts and emoji.
    """
    if rule := _nothing_or_hidden(text, _HIDDEN_IN_PARAGRAPHS):
        return rule
    return "must be a text without broken or control characters" if _UNPRINTABLE.search(text) else None


def printable(text: str) -> str:
    """Paragraphs, with a mark in place of each character that :func:`read_paragraphs` refuses."""
    return _HIDDEN_IN_PARAGRAPHS.sub("�", _UNPRINTABLE.sub("�", text))


def printable_line(text: str) -> str:
    """One line, with a mark in place of each character that :func:`read_text` refuses."""
    return _HIDDEN_IN_LINE.sub("�", _CONTROL.sub("�", text))


def _nothing_or_hidden(text: str, hidden: re.Pattern[str]) -> str | None:
    if _NOTHING_TO_SEE.fullmatch(text):
        return "must be a text that is not empty"
    found = hidden.search(text)
    if found is None:
        return None
    return f"must not have invisible or direction-changing characters (U+{ord(found[0]):04X})"


def _read_any_text(given: object, field: str, longest: int, broken: Callable[[str], str | None]) -> str:
    if not isinstance(given, str):
        raise Fault(field, "must be a text that is not empty")
    if len(given) > longest:
        raise Fault(field, f"must have at most {longest} characters")
    if rule := broken(given):
        raise Fault(field, rule)
    return given


def read_id(given: object, field: str) -> str:
    """Ids are chosen by the office and stand in addresses."""
    if not isinstance(given, str) or not _ID.fullmatch(given):
        raise Fault(field, "must be at most 63 small letters, digits and hyphens, the first not a hyphen")
    return given


def shown(name: str) -> str:
    """A name from outside, made safe to print: short, and without broken or control characters."""
    return printable_line(name if len(name) <= 40 else f"{name[:40]}…")
