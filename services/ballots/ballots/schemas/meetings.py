"""Meetings and roll calls."""

from marshmallow import Schema, fields

from ballots.schemas.fields import identifier, identifiers, text


class MeetingSchema(Schema):
    """A meeting to be held. All deputies on the body's roll are due to attend."""

    meeting = identifier("Its id.")
    title = text("Its title.")
    quorum = text(
        "The least share of all deputies, as `2/3`.", longest=20, load_default="2/3", required=False
    )


class RollCallSchema(Schema):
    """A whole roll call; an earlier one stays on record."""

    present = identifiers("The ids of the deputies present.")


class MeetingAnswerSchema(Schema):
    """A meeting."""

    meeting = fields.String(attribute="id")
    title = fields.String()
    due = fields.Integer(metadata={"description": "Deputies due to attend."})
    present = fields.Integer(metadata={"description": "Deputies present, by the last roll call."})
    quorum_needed = fields.Integer(metadata={"description": "The fewest who must be present."})
    opened_at = fields.DateTime(allow_none=True)
