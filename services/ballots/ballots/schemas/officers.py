"""Scrutineers and tellers."""

from marshmallow import Schema, fields, validate

from ballots.domain import CONFLICT_REASONS
from chassis.fields import identifier, line

_MOST = validate.Length(max=200)


class ScrutineerSchema(Schema):
    """A deputy who watches the count and signs it."""

    id = identifier("The deputy's id on the roll; also the `sub` of the token that signs.")
    name = line("The name, if given that of the roll.", longest=100, required=False, load_default=None)


class TellerSchema(Schema):
    """A member of staff who counts."""

    id = identifier("The id of the person, which is no deputy's; also the `sub` of the token.")
    name = line("The name.", longest=100)


class DeclaredConflictSchema(Schema):
    """Somebody who is to be neither scrutineer nor teller."""

    person = identifier("The id of a deputy or of a member of staff.")
    reason = fields.String(
        required=True,
        validate=validate.OneOf(CONFLICT_REASONS),
        metadata={"description": "Close to one concerned, of a candidate's implementing unit, or other."},
    )


class OfficersSchema(Schema):
    """All who watch and count a poll: earlier appointments are replaced."""

    scrutineers = fields.List(
        fields.Nested(ScrutineerSchema),
        load_default=list,
        validate=_MOST,
        metadata={"description": "Deputies present. None: the result is declared without signatures."},
    )
    chief = identifier(
        "The id of the chief among the scrutineers.", required=False, load_default=None, allow_none=True
    )
    tellers = fields.List(fields.Nested(TellerSchema), load_default=list, validate=_MOST)
    conflicts = fields.List(fields.Nested(DeclaredConflictSchema), load_default=list, validate=_MOST)
