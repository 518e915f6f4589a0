"""Rolls, their import and their history."""

from typing import Any

from marshmallow import Schema, fields, validate

from ballots.domain import MOST_DEPUTIES
from chassis.fields import Digits, identifier, line


class DeputySchema(Schema):
    """A deputy on the roll."""

    id = identifier("Its id: the number on the roll, say.")
    name = line("The deputy's name.", longest=100)
    delegation = line("The delegation.", longest=200, required=False, load_default=None)
    district = line("The electoral district.", longest=200, required=False, load_default=None)


class RollSchema(Schema):
    """All deputies of a body."""

    deputies = fields.List(
        fields.Nested(DeputySchema),
        required=True,
        validate=validate.Length(min=1, max=MOST_DEPUTIES),
        metadata={"description": "All of them: the roll is replaced."},
    )


class RollImportQuerySchema(Schema):
    """How to import."""

    dry_run = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        load_default=False,
        metadata={"description": "Tell what the file would change, or its faults, and import nothing."},
    )


class RollSummarySchema(Schema):
    """How many deputies a new roll added, removed, changed and left as they were."""

    added = fields.Integer()
    removed = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()


class RollImportedSchema(RollSummarySchema):
    """What a file changed, or would."""

    imported = fields.Boolean(metadata={"description": "Whether it was; false for a dry run."})
    ignored_columns = fields.List(
        fields.String(), metadata={"description": "Headers of columns that a roll does not have."}
    )


class RollHistoryQuerySchema(Schema):
    """Which part of the history, newest first."""

    before = Digits(
        load_default=None,
        validate=validate.Range(min=1, max=2**31 - 1),
        metadata={"description": "Only changes with smaller numbers."},
    )
    limit = Digits(load_default=20, validate=validate.Range(min=1, max=100))


class OnRollSchema(Schema):
    """A deputy as the roll had it."""

    name = fields.String()
    delegation = fields.String(allow_none=True)
    district = fields.String(allow_none=True)


class DeputyChangeSchema(Schema):
    """What became of one deputy."""

    deputy = fields.String()
    change = fields.String(validate=validate.OneOf(("added", "removed", "changed")))
    before = fields.Nested(OnRollSchema, allow_none=True)
    after = fields.Nested(OnRollSchema, allow_none=True)


class RollChangeSchema(Schema):
    """One change of the roll."""

    number = fields.Integer(metadata={"description": "From 1, in the order of the changes."})
    at = fields.DateTime()
    by = fields.String(metadata={"description": "Whose token it was."})
    kind = fields.String(validate=validate.OneOf(("replaced", "imported")))
    summary = fields.Nested(RollSummarySchema)
    changes: Any = fields.List(fields.Nested(DeputyChangeSchema))


class RollHistorySchema(Schema):
    """Changes of the roll, newest first."""

    changes = fields.List(fields.Nested(RollChangeSchema))
