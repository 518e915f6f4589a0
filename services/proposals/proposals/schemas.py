"""Bodies of proposals' requests and answers. The rules of the matter are the domain's; here is only the
form."""

from marshmallow import Schema, fields, validate

from chassis.fields import Digits, line, paragraphs


def _year(doc: str) -> fields.Integer:
    rule = validate.Range(min=1949, max=9999)
    return fields.Integer(required=True, validate=rule, metadata={"description": doc})


class ProposerSchema(Schema):
    """Whom the reply is owed to. Only clerks see it, and it goes nowhere else."""

    name = line("The name.", longest=100)
    contact = line("How to reach the proposer.", longest=200, required=False, load_default=None)


class SuggestionSchema(Schema):
    """A suggestion."""

    year = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1949, max=9999),
        metadata={"description": "The year whose projects are solicited."},
    )
    title = paragraphs("What is suggested, in a line.", longest=300)
    content = paragraphs("What is suggested, and why.", longest=4000)
    source = line("How it came: `deputies`, `residents`, `hotline` or another that is enabled.", longest=63)
    proposer = fields.Nested(
        ProposerSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Whose it is; without it, the suggestion is nobody's."},
    )


class SuggestionAnswerSchema(Schema):
    """A suggestion, without its proposer."""

    suggestion = fields.String(attribute="id")
    body = fields.String()
    year = fields.Integer()
    title = fields.String()
    content = fields.String()
    source = fields.String()
    received_at = fields.DateTime()
    reply = fields.String(allow_none=True, metadata={"description": "What was replied; null while owed."})
    replied_at = fields.DateTime(allow_none=True)


class SuggestionForClerksSchema(SuggestionAnswerSchema):
    """A suggestion with its proposer."""

    proposer = fields.Nested(ProposerSchema, allow_none=True)


class SuggestionsQuery(Schema):
    """Which suggestions."""

    year = _year("The year whose projects were solicited.")
    after = line(
        "The last suggestion that you have; none for the first.",
        longest=63,
        required=False,
        load_default=None,
    )
    limit = Digits(
        load_default=100,
        validate=validate.Range(min=1, max=500),
        metadata={"description": "Suggestions at most."},
    )


class SuggestionsSchema(Schema):
    """Suggestions, in the order in which they were received."""

    suggestions = fields.List(fields.Nested(SuggestionForClerksSchema))
    more = fields.Boolean(metadata={"description": "Whether there are more: ask after the last one."})


class ReplySchema(Schema):
    """The reply to a suggestion; it is given once."""

    text = paragraphs("What is replied.", longest=4000)


class ProjectSchema(Schema):
    """A project."""

    id = line("Its id: small letters, digits and hyphens; unique among the body's projects.", longest=63)
    title = line("Its title.")
    content = paragraphs("What is to be done: where, and how much of it.", longest=4000)
    implementing_unit = line("The unit that carries it out.")
    budget = fields.Raw(
        required=True,
        metadata={"description": "What it costs, in yuan: a text as `1200000.00`, or a whole number."},
    )
    fund_source = line("Where the funds come from.")
    finish_by = line("The day by which it is finished, as `2022-10-31`.", longest=10)


class ProjectsSchema(Schema):
    """The projects of a body and year."""

    body_name = line("The body's name.")
    projects = fields.List(
        fields.Nested(ProjectSchema),
        required=True,
        validate=validate.Length(max=200),
        metadata={"description": "In the order of the paper; what was there before is replaced."},
    )


class RecordSchema(ProjectsSchema):
    """Projects that were adopted before."""

    projects = fields.List(
        fields.Nested(ProjectSchema),
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "All of the year's."},
    )


class CandidateSchema(ProjectSchema):
    """A project on the candidate list."""

    stage = fields.String(
        metadata={"description": "`candidate`, `under_implementation` or `not_adopted`."},
    )


class CandidateListSchema(Schema):
    """A candidate list."""

    body = fields.String()
    body_name = fields.String()
    year = fields.Integer()
    published_at = fields.DateTime(allow_none=True, metadata={"description": "Null while it is a draft."})
    projects = fields.List(fields.Nested(CandidateSchema))


class StartedProjectSchema(ProjectSchema):
    """A project under implementation."""

    origin = fields.String(
        metadata={"description": "`result`: a poll's declared result; `record`: adopted before."}
    )


class StartedProjectsSchema(Schema):
    """A body's projects of a year that are under implementation."""

    body = fields.String()
    year = fields.Integer()
    projects = fields.List(fields.Nested(StartedProjectSchema))
