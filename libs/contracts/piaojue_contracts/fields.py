"""The fields of events' data. Read, all stay plain JSON: texts, whole numbers, booleans, lists, objects."""

from typing import Any

from marshmallow import fields, validate

TITLE_LENGTH = 300


def identifier(doc: str, *, required: bool = True) -> fields.String:
    """An id that the office chose, as it stands in addresses."""
    rule = validate.Regexp(
        r"^[a-z0-9][a-z0-9-]{0,62}\Z", error="Not small letters, digits and hyphens, at most 63."
    )
    return fields.String(required=required, validate=rule, metadata={"description": doc})


def text(
    doc: str, *, longest: int = TITLE_LENGTH, required: bool = True, empty: bool = False
) -> fields.String:
    """A text of at most so many characters."""
    rule = validate.Length(min=0 if empty else 1, max=longest)
    return fields.String(required=required, validate=rule, metadata={"description": doc})


def whole(doc: str, *, least: int = 0, required: bool = True, nullable: bool = False) -> fields.Integer:
    """A whole number, never a text or a fraction that looks like one."""
    return fields.Integer(
        strict=True,
        required=required,
        allow_none=nullable,
        validate=validate.Range(min=least),
        metadata={"description": doc},
    )


class _Boolean(fields.Boolean):
    """Takes true and false alone, and not the words and numbers that marshmallow reads as either."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def boolean(doc: str) -> fields.Boolean:
    """True or false."""
    return _Boolean(required=True, metadata={"description": doc})


def year(doc: str = "The year whose projects these are.") -> fields.Integer:
    """A calendar year."""
    return fields.Integer(
        strict=True, required=True, validate=validate.Range(min=1949, max=9999), metadata={"description": doc}
    )


def instant(doc: str) -> fields.String:
    """A time in UTC, RFC 3339: ``2022-04-16T01:30:00.000000Z``."""
    rule = validate.Regexp(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z\Z",
        error="Not RFC 3339 in UTC.",
    )
    return fields.String(required=True, validate=rule, metadata={"description": doc})


def date(doc: str, *, required: bool = True) -> fields.String:
    """A calendar date: ``2022-10-31``."""
    rule = validate.Regexp(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", error="Not a date as 2022-10-31.")
    return fields.String(required=required, validate=rule, metadata={"description": doc})


def amount(doc: str) -> fields.String:
    """Money in yuan with two decimals, as text: ``1200000.00``."""
    rule = validate.Regexp(r"^[0-9]{1,15}\.[0-9]{2}\Z", error="Not an amount as 1200000.00.")
    return fields.String(required=True, validate=rule, metadata={"description": doc})


def percent(doc: str) -> fields.String:
    """A share in percent with two decimals, as text: ``96.70``."""
    rule = validate.Regexp(r"^[0-9]{1,3}\.[0-9]{2}\Z", error="Not a share as 96.70.")
    return fields.String(required=True, validate=rule, metadata={"description": doc})


def digest(doc: str, *, required: bool = True) -> fields.String:
    """A SHA-256 in 64 hexadecimal digits."""
    rule = validate.Regexp(r"^[0-9a-f]{64}\Z", error="Not 64 hexadecimal digits.")
    return fields.String(required=required, validate=rule, metadata={"description": doc})


def choice(doc: str, *words: str) -> fields.String:
    """One of a few words. A word is never added within a version: a reader could not know what it means."""
    return fields.String(required=True, validate=validate.OneOf(words), metadata={"description": doc})


def listed(each: Any, doc: str, *, least: int = 0, required: bool = True) -> fields.List[Any]:
    """A list, of a field or of a nested schema."""
    item = fields.Nested(each) if isinstance(each, type) else each
    return fields.List(
        item, required=required, validate=validate.Length(min=least), metadata={"description": doc}
    )
