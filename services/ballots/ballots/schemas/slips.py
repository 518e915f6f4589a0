"""Slips by number."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from ballots.domain import MOST_SLIPS_AT_ONCE
from chassis.fields import typed

MOST_NUMBERS = 5000
_NUMBER = validate.Range(min=1, max=1_000_000)


class PrintSlipsSchema(Schema):
    """How many slips are printed."""

    slips = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=MOST_SLIPS_AT_ONCE),
        metadata={"description": "For the deputies present, and some spare ones."},
    )


class IssueSlipsSchema(Schema):
    """Which slips are handed out: `numbers`, or all `from` one `to` another. Loaded as a list."""

    numbers = fields.List(
        fields.Integer(strict=True, validate=_NUMBER),
        validate=validate.Length(min=1, max=MOST_NUMBERS),
        metadata={"description": "The numbers on the slips."},
    )
    first = fields.Integer(
        data_key="from", strict=True, validate=_NUMBER, metadata={"description": "The first number."}
    )
    last = fields.Integer(
        data_key="to", strict=True, validate=_NUMBER, metadata={"description": "The last number."}
    )

    @validates_schema
    def check_form(self, data: Mapping[str, Any], **_: Any) -> None:
        """One of the two forms, and whole."""
        if data.keys() not in ({"numbers"}, {"first", "last"}):
            raise ValidationError("Either `numbers`, or `from` and `to`.", "numbers")
        if "first" in data and not 0 <= data["last"] - data["first"] < MOST_NUMBERS:
            raise ValidationError(f"From `from` on, {MOST_NUMBERS} at most.", "to")

    @post_load
    def as_list(self, data: Mapping[str, Any], **_: Any) -> list[int]:
        """The numbers."""
        return list(data["numbers"] if "numbers" in data else range(data["first"], data["last"] + 1))


class SpoilSlipSchema(Schema):
    """A slip that comes back."""

    code = typed("The code on it, to show that it was not used.", longest=64)


class SlipsAnswerSchema(Schema):
    """Where the slips of a poll are."""

    printed = fields.Integer(metadata={"description": "With numbers, in all."})
    handed_out = fields.Integer(metadata={"description": "Of those printed."})
    spoiled = fields.Integer(metadata={"description": "Of those handed out; exchanged or not."})
    left = fields.Integer(metadata={"description": "Printed and not handed out."})
    issued = fields.Integer(
        metadata={"description": "What counts as issued: handed out, with numbers or without, less spoiled."}
    )
