"""Bodies and their rolls."""

from marshmallow import Schema, fields, validate

from ballots.domain import LEVELS
from ballots.schemas.fields import identifier, text


class BodySchema(Schema):
    """A people's congress at one level."""

    name = text("Its name.", longest=200)
    level = fields.String(
        required=True, validate=validate.OneOf(LEVELS), metadata={"description": "Its level."}
    )


class BodyAnswerSchema(BodySchema):
    """A body as registered."""

    body = identifier("Its id.", attribute="id")
    deputies = fields.Integer(metadata={"description": "Deputies on its roll."})


class DeputySchema(Schema):
    """A deputy on the roll."""

    id = identifier("Its id: the number on the roll, say.")
    name = text("The deputy's name.", longest=100)
    delegation = text("The delegation.", longest=200, required=False, load_default=None)
    district = text("The electoral district.", longest=200, required=False, load_default=None)


class RollSchema(Schema):
    """All deputies of a body."""

    deputies = fields.List(
        fields.Nested(DeputySchema),
        required=True,
        validate=validate.Length(min=1, max=5000),
        metadata={"description": "All of them: the roll is replaced."},
    )
