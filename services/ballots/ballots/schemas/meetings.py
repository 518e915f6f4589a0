"""Meetings and roll calls."""

from typing import Any

from marshmallow import Schema, fields

from ballots.schemas.fields import identifiers
from chassis.fields import identifier, line


def _moment(doc: str, **kwargs: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime(format="iso", load_default=None, metadata={"description": doc}, **kwargs)


class MeetingSchema(Schema):
    """A meeting to be held. All deputies on the body's roll are due to attend."""

    meeting = identifier("Its id.")
    title = line("Its title.")
    quorum = line(
        "The least share of all deputies, as `2/3`.", longest=20, load_default="2/3", required=False
    )


class RollCallSchema(Schema):
    """A whole roll call; an earlier one stays on record."""

    present = identifiers("The ids of the deputies present.")
    at = _moment("When it was so; now if left out. An earlier time corrects what was recorded before.")


class ComingAndGoingSchema(Schema):
    """Deputies who arrived, or left."""

    deputies = identifiers("Their ids.")
    at = _moment("When it was so; now if left out.")


class MeetingQuerySchema(Schema):
    """At which time."""

    at = _moment("Who was present at this time; now if left out.")


class MeetingAnswerSchema(Schema):
    """A meeting."""

    meeting = fields.String(attribute="id")
    title = fields.String()
    due = fields.Integer(metadata={"description": "Deputies due to attend."})
    present = fields.Integer(metadata={"description": "Deputies present, by all roll calls."})
    deputies = fields.Integer(
        metadata={"description": "All deputies of the body, vacant seats too where it counts them."}
    )
    quorum_needed = fields.Integer(metadata={"description": "The fewest who must be present."})
    opened_at = fields.DateTime(allow_none=True)


class RollCallFactSchema(Schema):
    """One fact of the roll call. It is never changed."""

    number = fields.Integer(metadata={"description": "From 1, in the order of recording."})
    kind = fields.String(metadata={"description": "`called` (these and no others), `arrived` or `left`."})
    deputies = fields.List(fields.String())
    at = fields.DateTime(metadata={"description": "Since when it is so."})
    recorded_at = fields.DateTime()
    by = fields.String(allow_none=True, metadata={"description": "Whose token recorded it."})


class RollCallsSchema(Schema):
    """All facts of a meeting's roll call, in the order of recording."""

    roll_calls = fields.List(fields.Nested(RollCallFactSchema))
