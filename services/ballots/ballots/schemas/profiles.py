"""Rule profiles."""

from marshmallow import Schema, fields


class ProfileTitleSchema(Schema):
    """A title in both languages."""

    zh = fields.String()
    en = fields.String()


class ProfileAnswerSchema(Schema):
    """A rule profile, as its file says it, with nothing left out."""

    name = fields.String()
    version = fields.String()
    hash = fields.String(metadata={"description": "SHA-256 of all the rest."})
    title = fields.Nested(ProfileTitleSchema)
    source = fields.String(allow_none=True, metadata={"description": "Where the rules come from."})
    levels = fields.List(fields.String(), metadata={"description": "Levels of bodies that it is for."})
    marking = fields.List(
        fields.Dict(),
        metadata={"description": "Markings to choose from; `seats` stands for the poll's number of seats."},
    )
    adoption = fields.List(fields.Dict(), metadata={"description": "Adoption rules to choose from."})
    seats = fields.Dict(metadata={"description": "Level → `2`, `1-3` or `any`."})
    differential = fields.Raw(
        metadata={"description": "The fewest candidates more than seats: a number, a share of them, `none`."}
    )
    quorum = fields.String()
    after_tie = fields.String(metadata={"description": "`runoff` or `none`."})
    after_shortfall = fields.String(metadata={"description": "`next-round` or `none`."})
    scrutineers = fields.Integer(metadata={"description": "The fewest scrutineers."})
    notice_days = fields.Integer(
        metadata={"description": "Days for which the candidate list is public before the meeting."}
    )
    objection_days = fields.Integer(metadata={"description": "Days after the declaration for objections."})
    on_breach = fields.Dict(
        metadata={"description": "Rule → `strict` (refused) or `warn` (recorded with the poll)."}
    )


class ProfilesAnswerSchema(Schema):
    """The rule profiles that are loaded."""

    profiles = fields.List(fields.Nested(ProfileAnswerSchema))


class PollProfileSchema(Schema):
    """The profile that a poll was prepared by."""

    name = fields.String()
    version = fields.String()
    hash = fields.String()
    title = fields.Nested(ProfileTitleSchema)


class WarningSchema(Schema):
    """Where a poll was opened outside of its profile, which lets that be."""

    rule = fields.String()
    detail = fields.String()
