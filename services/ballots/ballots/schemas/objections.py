"""Objections to declared results."""

from marshmallow import Schema, fields, validate

from ballots.domain import LONGEST_OBJECTION, OUTCOMES
from chassis.fields import Digits, identifier, paragraphs


class FileObjectionSchema(Schema):
    """An objection to a declared result."""

    objection = identifier(
        "An id, best drawn at random by the sender and shown to nobody. Sent again with the same one, the "
        "objection is filed once."
    )
    text = paragraphs("What is objected to, and why.", longest=LONGEST_OBJECTION)
    deputy = identifier(
        "For a clerk, who files for others: the deputy whose objection it is.",
        required=False,
        load_default=None,
    )


class AnswerObjectionSchema(Schema):
    """The presidium's answer. Everybody reads it: it should not tell whose objection it was."""

    outcome = fields.String(
        required=True,
        validate=validate.OneOf(OUTCOMES),
        metadata={"description": "Whether the objection is upheld or rejected."},
    )
    answer = paragraphs("The answer, with its reasons.", longest=LONGEST_OBJECTION)


class LogPositionSchema(Schema):
    """Where an event stands in the log of ballots."""

    sequence = fields.Integer()
    hash = fields.String()


class ObjectionSchema(Schema):
    """One objection. Whose it is, is told to nobody."""

    number = fields.Integer(metadata={"description": "From 1, in the order of filing."})
    state = fields.String(metadata={"description": "`filed` or `answered`."})
    text = fields.String(
        allow_none=True,
        metadata={"description": "For clerks, scrutineers and the deputy whose it is; null for all others."},
    )
    filed_at = fields.DateTime()
    answer_by = fields.Date(metadata={"description": "The last day for its answer, in China."})
    outcome = fields.String(allow_none=True, metadata={"description": "`upheld` or `rejected`."})
    answer = fields.String(allow_none=True)
    answered_at = fields.DateTime(allow_none=True)
    late = fields.Boolean(metadata={"description": "The answer came after its last day, or is overdue."})
    filed_event = fields.Nested(
        LogPositionSchema, allow_none=True, metadata={"description": "Null until it is numbered, in moments."}
    )
    answered_event = fields.Nested(LogPositionSchema, allow_none=True)


class ObjectionsSummarySchema(Schema):
    """How many objections there are to a poll."""

    filed = fields.Integer(metadata={"description": "All that were filed, answered or not."})
    answered = fields.Integer()
    open_until = fields.Date(
        allow_none=True,
        metadata={
            "description": "The last day for filing one, in China; null before the declaration, and where "
            "the profile gives no days."
        },
    )


class ObjectionsSchema(ObjectionsSummarySchema):
    """The objections to a poll, in the order of their filing."""

    objections = fields.List(fields.Nested(ObjectionSchema))


class ObjectionsQuerySchema(Schema):
    """Which part of them."""

    after = Digits(
        load_default=0,
        validate=validate.Range(min=0, max=2**31 - 1),
        metadata={"description": "Only objections with greater numbers."},
    )
    limit = Digits(load_default=100, validate=validate.Range(min=1, max=100))
