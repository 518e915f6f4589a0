"""Strict checks of values. Every function raises Fault, which names the field."""

import re
from functools import partial

from chassis import reading
from chassis.reading import read_id
from notifications.domain.errors import Fault

__all__ = ["read_id", "read_language", "read_paragraphs", "read_text"]

TITLE_LENGTH = 300
TEXT_LENGTH = 20_000
NAME_LENGTH = 63
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

read_text = partial(reading.read_text, longest=TITLE_LENGTH)
read_paragraphs = partial(reading.read_paragraphs, longest=TEXT_LENGTH)


def read_language(given: object, field: str) -> str:
    """A BCP 47 tag: ``zh-CN``."""
    if not isinstance(given, str) or len(given) > 35 or not _LANGUAGE.fullmatch(given):
        raise Fault(field, "must be the tag of a language, such as zh-CN")
    return given
