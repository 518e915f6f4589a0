"""Fields that recur in requests. What a text may hold is what :mod:`chassis.reading` takes."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, validate

from chassis.reading import broken_in_line, broken_in_paragraphs


class Digits(fields.Integer):
    """A whole number of a query. Python would take more for one: ``1_0``, and digits of any script."""

    def _validated(self, value: Any) -> int:
        if not re.fullmatch(r"-?[0-9]+", value):
            raise self.make_error("invalid")
        return super()._validated(value)


def line(doc: str, *, longest: int = 300, **kwargs: Any) -> fields.String:
    """A name or a title."""
    return _text(doc, longest, [_unbroken(broken_in_line)], kwargs)


def paragraphs(doc: str, *, longest: int, **kwargs: Any) -> fields.String:
    """A text that may have lines."""
    return _text(doc, longest, [_unbroken(broken_in_paragraphs)], kwargs)


def typed(doc: str, *, longest: int, **kwargs: Any) -> fields.String:
    """What is compared and never kept, such as a code, however it was typed."""
    return _text(doc, longest, [], kwargs)


def identifier(doc: str, **kwargs: Any) -> fields.String:
    """An id that the office chooses."""
    rule = validate.Regexp(
        r"^[a-z0-9][a-z0-9-]{0,62}\Z", error="At most 63 small letters, digits and hyphens."
    )
    return fields.String(validate=rule, metadata={"description": doc}, **{"required": True, **kwargs})


def _text(
    doc: str, longest: int, rules: list[Callable[[str], Any]], options: dict[str, Any]
) -> fields.String:
    length = validate.Length(min=1, max=longest)
    return fields.String(
        validate=[length, *rules], metadata={"description": doc}, **{"required": True, **options}
    )


def _unbroken(broken: Callable[[str], str | None]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text and (rule := broken(text)):
            raise ValidationError(f"{rule[0].upper()}{rule[1:]}.")

    return check
