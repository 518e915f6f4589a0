"""Bodies."""

from marshmallow import Schema, fields, validate

from ballots.domain import LEVELS, MOST_DEPUTIES
from chassis.fields import identifier, line


class BodySchema(Schema):
    """A people's congress at one level."""

    name = line("Its name.", longest=200)
    level = fields.String(
        required=True, validate=validate.OneOf(LEVELS), metadata={"description": "Its level."}
    )
    deputies_total = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=1, max=MOST_DEPUTIES),
        metadata={
            "description": "All its deputies by law, if quorum and pass mark are to be of that number though "
            "seats are vacant. Left out, they are of the deputies on its roll."
        },
    )


class BodyAnswerSchema(BodySchema):
    """A body as registered."""

    body = identifier("Its id.", attribute="id")
    deputies = fields.Integer(metadata={"description": "Deputies on its roll."})
