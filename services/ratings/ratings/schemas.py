"""Bodies of ratings' requests and answers. The rules of the matter are the domain's; here is only the
form."""

from typing import Any

from marshmallow import Schema, fields, validate

from chassis.fields import identifier, line, typed


def _whole(doc: str, *, least: int, most: int, **kwargs: Any) -> fields.Integer:
    rule = validate.Range(min=least, max=most)
    return fields.Integer(
        strict=True, validate=rule, metadata={"description": doc}, **{"required": True, **kwargs}
    )


class RateableSchema(Schema):
    """A project under implementation."""

    project = fields.String()
    title = fields.String()
    year = fields.Integer(metadata={"description": "The year whose project it is."})


class RateablesSchema(Schema):
    """The projects that a rating may name."""

    projects = fields.List(
        fields.Nested(RateableSchema), metadata={"description": "The latest year's first."}
    )


class RatingSchema(Schema):
    """A rating to be held."""

    rating = identifier("Its id.")
    body_name = line("Who rates: the body, or its standing committee.", longest=200)
    title = line("Its title.")
    projects = fields.List(
        fields.String(validate=validate.Length(min=1, max=63)),
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "The projects, in the order of the form; all are under implementation."},
    )
    year = _whole(
        "The year whose projects these are: needed where an id came again in another year.",
        least=1949,
        most=9999,
        required=False,
        load_default=None,
    )
    members = _whole("All members of those who rate.", least=1, most=1_000_000)
    scale = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(max=20),
        metadata={"description": "The grades, best first: three or more."},
    )
    verdict = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "`of` and `exactly_half` as on a rating sheet; `rule` for another verdict rule."
        },
    )


class SlipsSchema(Schema):
    """How many slips are handed out."""

    slips = _whole("So many, to members.", least=1, most=5000)


class CodesSchema(Schema):
    """The codes of slips just made: shown this once, and kept by nobody here."""

    codes = fields.List(
        fields.String(), metadata={"description": "One for each slip, in an order of no meaning."}
    )


class FormSchema(Schema):
    """A rater's form."""

    code = typed("The code on the slip, however it is typed.", longest=64)
    grades = fields.Raw(
        required=True,
        metadata={"description": "Project → a list of its one grade; left out, the form is invalid for it."},
    )


class AcceptedSchema(Schema):
    """The form is in."""

    accepted = fields.Boolean()


class RatedSchema(Schema):
    """A project on the form."""

    project = fields.String()
    title = fields.String()


class RatingAnswerSchema(Schema):
    """A rating, as everybody may see it: nothing of what the forms say before the conclusion."""

    rating = fields.String(attribute="id")
    body = fields.String()
    body_name = fields.String()
    title = fields.String()
    state = fields.String()
    projects = fields.List(fields.Nested(RatedSchema))
    members = fields.Integer()
    scale = fields.List(fields.String())
    verdict = fields.Dict()
    issued = fields.Integer()
    returned = fields.Integer(metadata={"description": "Forms handed in so far."})
    results = fields.Dict(
        allow_none=True, metadata={"description": "Of each project what `piaojue rate` prints."}
    )
    opened_at = fields.DateTime(allow_none=True)
    concluded_at = fields.DateTime(allow_none=True)
