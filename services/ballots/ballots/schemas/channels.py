"""Channels of papers that are not cast by code."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from chassis.fields import identifier, line


def _batch() -> fields.Integer:
    return fields.Integer(
        load_default=1,
        strict=True,
        validate=validate.Range(min=1, max=1_000_000),
        metadata={"description": "The batch of papers that are entered together, by its number."},
    )


class ChannelSchema(Schema):
    """A channel to open."""

    channel = identifier("Its id.")
    kind = line("`hand-papers`, `hand-tallies`, `keypad`, or that of a plugin.", longest=100)
    issued = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(min=0, max=5000),
        metadata={"description": "Papers that are handed out by it now; more can be later."},
    )
    replaces = identifier(
        "The struck channel whose whole count it replaces.",
        required=False,
        load_default=None,
        allow_none=True,
    )


class IssuePapersSchema(Schema):
    """Papers without a code that are handed out."""

    papers = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=5000),
        metadata={"description": "So many more, to deputies present."},
    )


class BoxSchema(Schema):
    """The box is opened."""

    returned = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=1_000_000),
        metadata={"description": "Papers in it, counted before any is read."},
    )


class EntrySchema(Schema):
    """What a teller enters."""

    batch = _batch()
    content = fields.Raw(
        required=True,
        metadata={
            "description": "*hand-papers*: a list of the papers' marks, null for one that nobody can read; "
            "*hand-tallies*: `valid`, `invalid`, `blank` if known, `tallies` by project; *keypad*: CSV in a "
            "text, a column for each project, a row for each response."
        },
    )


class SettlementSchema(Schema):
    """What a scrutineer found on a paper: `marks`, or that it is `absent`."""

    batch = _batch()
    place = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=1_000_000),
        metadata={"description": "Which one of the batch, from 0 on, as the differences name it."},
    )
    marks = fields.Raw(
        allow_none=True,
        metadata={"description": "As an entry has it; null where nobody can read it."},
    )
    absent = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "There is no such paper: an entry has one too many."},
    )

    @validates_schema
    def check_form(self, data: Mapping[str, Any], **_: Any) -> None:
        """One of the two."""
        if ("marks" in data) == data["absent"]:
            raise ValidationError("Either `marks`, or `absent`.", "marks")


class StrikeSchema(Schema):
    """Why the count of a channel does not stand."""

    reason = line("For the record, which everybody can read. No names.", longest=1000)


class BatchAnswerSchema(Schema):
    """How far a batch is."""

    batch = fields.Integer()
    entered_by = fields.List(fields.String(), metadata={"description": "The tellers' ids."})


class ChannelAnswerSchema(Schema):
    """How far a channel is."""

    channel = fields.String()
    kind = fields.String()
    issued = fields.Integer()
    returned = fields.Integer(
        allow_none=True, metadata={"description": "Papers in the box; null until they are counted."}
    )
    struck = fields.String(allow_none=True, metadata={"description": "Why its count does not stand."})
    replaces = fields.String(allow_none=True)
    batches = fields.List(fields.Nested(BatchAnswerSchema))


class ChannelsSchema(Schema):
    """All channels of a poll; none where its papers are cast by code alone."""

    channels = fields.List(fields.Nested(ChannelAnswerSchema))


class DifferenceSchema(Schema):
    """A paper, or a line of a tally, that a scrutineer decides on."""

    batch = fields.Integer()
    place = fields.Integer()
    read = fields.List(
        fields.Raw(allow_none=True),
        metadata={"description": "What each entry says; `absent` where one has no such paper."},
    )
    settled = fields.Boolean()
    found = fields.Raw(allow_none=True, metadata={"description": "What the scrutineer found."})


class ShownChannelSchema(ChannelAnswerSchema):
    """A channel, for those who count."""

    differences = fields.List(
        fields.Nested(DifferenceSchema),
        metadata={"description": "Between the close and the count, of batches entered by all who must."},
    )
    detail = fields.Dict(
        allow_none=True,
        metadata={
            "description": "After the count: both readings and what was settled, in no order of the papers; "
            "the record has its hash."
        },
    )
