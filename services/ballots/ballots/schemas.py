"""Bodies of ballots' requests and answers. The rules of the matter are the domain's; here is only the
form."""

from typing import Any

from marshmallow import Schema, fields, validate

from ballots.domain import LEVELS


def _text(doc: str, *, longest: int = 300, **kwargs: Any) -> fields.String:
    rule = validate.Length(min=1, max=longest)
    return fields.String(validate=rule, metadata={"description": doc}, **{"required": True, **kwargs})


def _id(doc: str, **kwargs: Any) -> fields.String:
    rule = validate.Regexp(
        r"^[a-z0-9][a-z0-9-]{0,62}\Z", error="At most 63 small letters, digits and hyphens."
    )
    return fields.String(validate=rule, metadata={"description": doc}, **{"required": True, **kwargs})


def _ids(doc: str, *, most: int = 5000, **kwargs: Any) -> fields.List[Any]:
    item = fields.String(validate=validate.Length(min=1, max=63))
    return fields.List(
        item,
        validate=validate.Length(max=most),
        metadata={"description": doc},
        **{"required": True, **kwargs},
    )


class BodySchema(Schema):
    """A people's congress at one level."""

    name = _text("Its name.", longest=200)
    level = fields.String(
        required=True, validate=validate.OneOf(LEVELS), metadata={"description": "Its level."}
    )


class BodyAnswerSchema(BodySchema):
    """A body as registered."""

    body = _id("Its id.", attribute="id")
    deputies = fields.Integer(metadata={"description": "Deputies on its roll."})


class DeputySchema(Schema):
    """A deputy on the roll."""

    id = _id("Its id: the number on the roll, say.")
    name = _text("The deputy's name.", longest=100)
    delegation = _text("The delegation.", longest=200, required=False, load_default=None)
    district = _text("The electoral district.", longest=200, required=False, load_default=None)


class RollSchema(Schema):
    """All deputies of a body."""

    deputies = fields.List(
        fields.Nested(DeputySchema),
        required=True,
        validate=validate.Length(min=1, max=5000),
        metadata={"description": "All of them: the roll is replaced."},
    )


class MeetingSchema(Schema):
    """A meeting to be held. All deputies on the body's roll are due to attend."""

    meeting = _id("Its id.")
    title = _text("Its title.")
    quorum = _text(
        "The least share of all deputies, as `2/3`.", longest=20, load_default="2/3", required=False
    )


class RollCallSchema(Schema):
    """A whole roll call; an earlier one stays on record."""

    present = _ids("The ids of the deputies present.")


class MeetingAnswerSchema(Schema):
    """A meeting."""

    meeting = fields.String(attribute="id")
    title = fields.String()
    due = fields.Integer(metadata={"description": "Deputies due to attend."})
    present = fields.Integer(metadata={"description": "Deputies present, by the last roll call."})
    quorum_needed = fields.Integer(metadata={"description": "The fewest who must be present."})
    opened_at = fields.DateTime(allow_none=True)


class PollSchema(Schema):
    """A poll to be held on the published candidate list of a year."""

    poll = _id("Its id.")
    meeting = _id("The meeting that votes.")
    title = _text("Its title.")
    year = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1949, max=9999),
        metadata={"description": "The year whose candidate list is voted on."},
    )
    rules = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "`seats`, `marking`, `adoption`, `quorum`, `differential`: as on a count sheet."
        },
    )
    candidates = _ids(
        "The projects on the paper, in its order; all of the list if left out.",
        most=200,
        required=False,
        load_default=None,
    )


class SlipsSchema(Schema):
    """How many slips are handed out."""

    slips = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=5000),
        metadata={"description": "So many, to deputies present."},
    )


class CodesSchema(Schema):
    """The codes of slips just made: shown this once, and kept by nobody here."""

    codes = fields.List(
        fields.String(), metadata={"description": "One for each slip, in an order of no meaning."}
    )


class PaperSchema(Schema):
    """A deputy's ballot."""

    code = _text("The code on the slip, however it is typed.", longest=64)
    marks = fields.Raw(
        required=True,
        metadata={
            "description": "*choose*: a list of projects; *for-against*: project → for, against or abstain."
        },
    )


class AcceptedSchema(Schema):
    """The paper is in the box."""

    accepted = fields.Boolean()


class CandidateSchema(Schema):
    """A project on the paper."""

    project = fields.String()
    title = fields.String()


class PollAnswerSchema(Schema):
    """A poll, as everybody may see it: no result before it is declared."""

    poll = fields.String(attribute="id")
    body = fields.String()
    meeting = fields.String()
    title = fields.String()
    year = fields.Integer()
    state = fields.String()
    rules = fields.Dict()
    rules_hash = fields.String(allow_none=True)
    candidates = fields.List(fields.Nested(CandidateSchema))
    deputies = fields.Integer(allow_none=True)
    present = fields.Integer(allow_none=True)
    issued = fields.Integer()
    returned = fields.Integer(metadata={"description": "Papers returned so far."})
    result = fields.Dict(allow_none=True, metadata={"description": "As `piaojue count` prints it."})


class CountSchema(Schema):
    """The count of a closed poll, for those who sign it."""

    result = fields.Dict(metadata={"description": "As `piaojue count` prints it."})
