"""Fields that recur in the bodies of requests."""

from typing import Any

from marshmallow import fields, validate


def identifiers(doc: str, *, most: int = 5000, **kwargs: Any) -> fields.List[Any]:
    item = fields.String(validate=validate.Length(min=1, max=63))
    return fields.List(
        item,
        validate=validate.Length(max=most),
        metadata={"description": doc},
        **{"required": True, **kwargs},
    )
