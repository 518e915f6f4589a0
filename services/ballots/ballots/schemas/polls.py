"""Polls, slips, papers and counts."""

from marshmallow import Schema, fields, validate

from ballots.domain import NONCE
from ballots.schemas.fields import identifiers
from ballots.schemas.objections import ObjectionsSummarySchema
from ballots.schemas.profiles import PollProfileSchema, WarningSchema
from ballots.schemas.records import SignedSchema
from chassis.fields import identifier, line, typed


class PollSchema(Schema):
    """A poll to be held on the published candidate list of a year."""

    poll = identifier("Its id.")
    meeting = identifier("The meeting that votes.")
    title = line("Its title.")
    year = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1949, max=9999),
        metadata={"description": "The year whose candidate list is voted on."},
    )
    rules = fields.Dict(
        keys=fields.String(),
        load_default=None,
        metadata={
            "description": "`seats`, `marking`, `adoption`, `quorum`, `differential`: as on a count sheet. "
            "With "
            "a profile, those that differ from what it says first."
        },
    )
    profile = identifier("The rule profile that the poll is held by.", required=False, load_default=None)
    candidates = identifiers(
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

    code = typed("The code on the slip, however it is typed.", longest=64)
    marks = fields.Raw(
        required=True,
        metadata={
            "description": "*choose*: a list of projects; *for-against*: project → for, against or abstain."
        },
    )
    nonce = fields.String(
        load_default=None,
        validate=validate.Regexp(NONCE, error="Not 16 to 64 letters, digits, hyphens and underscores."),
        metadata={
            "description": "Chosen at random by the deputy's device. Sent again with the same code, the "
            "answer is the same; it is kept by nobody here."
        },
    )


class AcceptedSchema(Schema):
    """The paper is in the box."""

    accepted = fields.Boolean()
    receipt = fields.String(
        metadata={"description": "Shows that the paper is in the count, and to nobody what is on it."}
    )
    nonce = fields.String(metadata={"description": "Where none was sent: the one that was drawn here."})


class CandidateSchema(Schema):
    """A project on the paper."""

    project = fields.String()
    title = fields.String()


class RoundSchema(Schema):
    """Where a poll stands among those of one decision."""

    decision = fields.String(metadata={"description": "The first poll of the decision."})
    number = fields.Integer(metadata={"description": "1 for the first."})
    follows = fields.String(allow_none=True, metadata={"description": "The poll before it."})
    polls = fields.List(fields.String(), metadata={"description": "All polls of the decision, in order."})


class PollAnswerSchema(Schema):
    """A poll, as everybody may see it: no result before it is declared."""

    poll = fields.String(attribute="id")
    body = fields.String()
    meeting = fields.String()
    title = fields.String()
    year = fields.Integer()
    state = fields.String()
    round = fields.Nested(RoundSchema)
    rules = fields.Dict()
    rules_hash = fields.String(allow_none=True)
    profile = fields.Nested(
        PollProfileSchema, allow_none=True, metadata={"description": "The profile it is held by, if any."}
    )
    warnings = fields.List(
        fields.Nested(WarningSchema),
        allow_none=True,
        metadata={"description": "Where it was opened outside of its profile, which lets that be."},
    )
    candidates = fields.List(fields.Nested(CandidateSchema))
    deputies = fields.Integer(allow_none=True)
    present = fields.Integer(allow_none=True)
    issued = fields.Integer()
    returned = fields.Integer(
        metadata={"description": "Papers returned so far; by code, until the result is declared."}
    )
    result = fields.Dict(allow_none=True, metadata={"description": "As `piaojue count` prints it."})
    objections = fields.Nested(
        ObjectionsSummarySchema, allow_none=True, metadata={"description": "Null before the declaration."}
    )


class CountSchema(SignedSchema):
    """The count of a closed poll, for those who sign it."""

    result = fields.Dict(metadata={"description": "As `piaojue count` prints it."})
    receipts_root = fields.String(metadata={"description": "Of the receipts of all papers: RFC 6962."})


class NextRoundSchema(Schema):
    """The poll that follows a declared one; its candidates, seats and rules come from that."""

    poll = identifier("Its id.")
    title = line("Its title.")
