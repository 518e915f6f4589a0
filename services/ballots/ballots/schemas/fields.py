"""Fields that recur in the bodies of requests."""

from typing import Any

from marshmallow import fields, validate


def text(doc: str, *, longest: int = 300, **kwargs: Any) -> fields.String:
    rule = validate.Length(min=1, max=longest)
    return fields.String(validate=rule, metadata={"description": doc}, **{"required": True, **kwargs})


def identifier(doc: str, **kwargs: Any) -> fields.String:
    rule = validate.Regexp(
        r"^[a-z0-9][a-z0-9-]{0,62}\Z", error="At most 63 small letters, digits and hyphens."
    )
    return fields.String(validate=rule, metadata={"description": doc}, **{"required": True, **kwargs})


def identifiers(doc: str, *, most: int = 5000, **kwargs: Any) -> fields.List[Any]:
    item = fields.String(validate=validate.Length(min=1, max=63))
    return fields.List(
        item,
        validate=validate.Length(max=most),
        metadata={"description": doc},
        **{"required": True, **kwargs},
    )
