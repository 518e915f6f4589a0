"""Lists have a greatest length, and one that is longer is refused before its items are looked at.

marshmallow looks at the length last: half a million items, a megabyte of zeros, would keep a process for a
minute from answering anybody.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate


def check_lengths(schema: Schema, document: Any) -> None:
    """Raises a ValidationError as the schema would in the end."""
    if not isinstance(document, Mapping):
        return
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        if key in document:
            _check(field, document[key], key)


def _check(field: Any, value: Any, key: object) -> None:
    try:
        if isinstance(field, fields.Nested):
            check_lengths(field.schema, value)
        elif isinstance(field, fields.List) and isinstance(value, list):
            for rule in _lengths(field):
                if len(value) > rule.max:
                    rule(value)
            for place, item in enumerate(value):
                _check(field.inner, item, place)
    except ValidationError as fault:
        raise ValidationError({key: fault.messages}) from None


def _lengths(field: fields.List[Any]) -> Iterator[Any]:
    for rule in field.validators:
        if isinstance(rule, validate.Length) and rule.max is not None:
            yield rule


def boundless(schema: Schema) -> list[str]:
    """The lists of a schema, by their path, that may have any length."""
    return [path for name, field in schema.load_fields.items() for path in _boundless(field, name)]


def _boundless(field: Any, path: str) -> Iterator[str]:
    if isinstance(field, fields.Nested):
        yield from (f"{path}.{each}" for each in boundless(field.schema))
    elif isinstance(field, fields.List):
        if not list(_lengths(field)):
            yield path
        yield from _boundless(field.inner, path)
