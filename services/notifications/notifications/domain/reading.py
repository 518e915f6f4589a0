"""Strict checks of values. Every function raises :class:`Fault`, which names the field."""

import re
import unicodedata

from notifications.domain.errors import Fault

TITLE_LENGTH = 300
TEXT_LENGTH = 20_000
NAME_LENGTH = 63
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_LINE_BREAKS = frozenset("\n\r\t")


def read_text(given: object, field: str, *, longest: int = TITLE_LENGTH) -> str:
    """A text of one line."""
    text = read_paragraphs(given, field, longest=longest)
    if any(character in _LINE_BREAKS or character in "\u2028\u2029" for character in text):
        raise Fault(field, "must be a single line")
    return text


def read_paragraphs(given: object, field: str, *, longest: int = TEXT_LENGTH) -> str:
    """A text that may have lines, and nothing else that does not print: stores and channels choke on it."""
    if not isinstance(given, str) or not given.strip():
        raise Fault(field, "must be a text that is not empty")
    if len(given) > longest:
        raise Fault(field, f"must have at most {longest} characters")
    if any(unprintable(character) for character in given):
        raise Fault(field, "must be a text without broken or unprintable characters")
    return given


def read_id(given: object, field: str) -> str:
    """Ids stand in addresses."""
    if not isinstance(given, str) or not _ID.fullmatch(given):
        raise Fault(field, "must be at most 63 small letters, digits and hyphens, the first not a hyphen")
    return given


def read_language(given: object, field: str) -> str:
    """A BCP 47 tag: ``zh-CN``."""
    if not isinstance(given, str) or len(given) > 35 or not _LANGUAGE.fullmatch(given):
        raise Fault(field, "must be the tag of a language, such as zh-CN")
    return given


def unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in _LINE_BREAKS
