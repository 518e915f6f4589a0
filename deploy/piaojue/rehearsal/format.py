"""The form of a rehearsal file. What its parts say of each other is for :mod:`piaojue.rehearsal.checking`.

Described for those who write one in ``docs/rehearsing.md``.
"""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from piaojue.rehearsal.channel_fields import (
    CHANNEL_STEPS,
    CODES,
    MOST_CHANNELS,
    TRIED,
    ChannelSchema,
    ObjectionSchema,
)
from piaojue.rehearsal.fields import (
    MOST,
    Anything,
    Deputies,
    Grades,
    Paper,
    PartSchema,
    Roll,
    chosen,
    given,
    identifier,
    listed,
    part,
    parts,
    text,
    whole,
)

LEVELS: Final = ("township", "county", "city", "province", "nation")
MEETING_STEPS: Final = ("open",)
POLL_STEPS: Final = (
    *("prepare", "appoint", "open", "issue", "cast"),
    *("close", *CHANNEL_STEPS),
    *("count", "sign", "declare", "object", "next-round"),
)
"""The steps of a meeting and of a poll, in their order: each may be tried before its time."""
CONFLICTS: Final = ("close-relation", "implementing-unit", "other")


class BodySchema(PartSchema):
    id = identifier()
    name = text(200)
    level = chosen(LEVELS)
    deputies_total = whole(1, MOST, load_default=None)


class ProjectSchema(PartSchema):
    id = identifier()
    title = text()
    content = text(4000)
    implementing_unit = text()
    budget = whole(0, 10**15)
    fund_source = text()
    finish_by = fields.String(
        validate=validate.Regexp(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", error="must be a day such as 2022-12-31"),
        **given(),
    )


class RecordSchema(PartSchema):
    """Projects that were adopted before, without Piaojue."""

    year = whole(1949, 9999)
    projects = parts(ProjectSchema, most=200)


class ProposerSchema(PartSchema):
    name = text(100)
    contact = text(200, load_default=None)


class SuggestionSchema(PartSchema):
    title = text()
    content = text(4000)
    source = text(63)
    proposer = part(ProposerSchema, load_default=None)


class IncidentSchema(PartSchema):
    """What happens before a step: deputies arrive or leave, or a step is tried that must be refused."""

    steps: tuple[str, ...] = POLL_STEPS
    before = text(load_default=None)
    arrived = Deputies(**given(load_default=None))
    left = Deputies(**given(load_default=None))
    tried = text(data_key="try", load_default=None)
    content = fields.Raw(data_key="with", **given(load_default=None))
    refused = text(63, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _check(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if sum(data[name] is not None for name in ("arrived", "left", "tried")) != 1:
            raise ValidationError("must have one of arrived, left and try")
        for name, key in (("before", "before"), ("tried", "try")):
            if data[name] is not None and data[name] not in self.steps:
                raise ValidationError(f"must be one of {', '.join(self.steps)}", key)
        if (data["tried"] is None) != (data["refused"] is None):
            raise ValidationError("what is tried must be refused: say as what, in refused")
        if data["content"] is not None and data["tried"] is None:
            raise ValidationError("is for what is tried", "with")

    @post_load
    def _fill(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return data | {"before": data["before"] or data["tried"] or "open"}


class MeetingIncidentSchema(IncidentSchema):
    steps = MEETING_STEPS


class PollIncidentSchema(IncidentSchema):
    """``channel``: whose step is tried, or before whose step it happens."""

    channel = identifier(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _check_channel(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data["channel"] is not None and not {data["before"], data["tried"]} & {*CHANNEL_STEPS}:
            raise ValidationError(f"is for the steps of a channel: {', '.join(CHANNEL_STEPS)}", "channel")
        if data["tried"] is None and data["before"] in CHANNEL_STEPS:
            raise ValidationError("must be a step of the poll for those who come and go", "before")

    @post_load
    def _fill(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        filled: dict[str, Any] = super()._fill(data)
        if filled["tried"] in TRIED:
            try:
                filled["content"] = TRIED[filled["tried"]]().load(filled["content"] or {})
            except ValidationError as error:
                raise ValidationError({"with": error.messages}) from error
        return filled


class MeetingSchema(PartSchema):
    id = identifier()
    title = text()
    present = Deputies(**given())
    quorum = text(20, load_default="2/3")
    incidents = parts(MeetingIncidentSchema, most=100, load_default=())
    expect = Anything(**given(load_default=None))


class TellerSchema(PartSchema):
    id = identifier()
    name = text(100)


class ConflictSchema(PartSchema):
    person = identifier()
    reason = chosen(CONFLICTS)


class OfficersSchema(PartSchema):
    """As ballots takes them; scrutineers by their ids on the roll."""

    scrutineers = listed(identifier(), most=200)
    chief = identifier()
    tellers = parts(TellerSchema, most=200, load_default=())
    conflicts = parts(ConflictSchema, most=200, load_default=())


class SlipsSchema(PartSchema):
    issued = whole(1, MOST, load_default=None)
    printed = whole(1, 500, load_default=None)
    spoiled = whole(0, 500, load_default=0)


class PollSchema(PartSchema):
    """A poll, or a further round of one."""

    id = identifier()
    title = text()
    follows = identifier(load_default=None)
    profile = identifier(load_default=None)
    rules = Anything(**given(load_default=None))
    candidates = listed(identifier(), most=200, load_default=None)
    officers = part(OfficersSchema, load_default=None)
    slips = part(SlipsSchema, load_default=lambda: SlipsSchema().load({}))
    papers = listed(Paper(**given()), load_default=None)
    channels = parts(ChannelSchema, most=MOST_CHANNELS - 1, load_default=())
    objections = parts(ObjectionSchema, most=100, load_default=())
    note = text(2000, load_default=None)
    incidents = parts(PollIncidentSchema, most=100, load_default=())
    expect = Anything(**given(load_default=None))

    @validates_schema(skip_on_field_errors=True)
    def _check(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data["follows"] is None:
            if data["rules"] is None and data["profile"] is None:
                raise ValidationError("is missing, and no profile is named", "rules")
        else:
            for name in ("rules", "profile", "candidates"):
                if data[name] is not None:
                    raise ValidationError("comes from the poll that this one follows", name)
        if data["papers"] is not None or any(each["id"] != CODES for each in data["channels"]):
            return
        if all(each["tried"] != "open" for each in data["incidents"]):
            raise ValidationError(
                "is missing; without papers the opening must be tried and refused", "papers"
            )

    @post_load
    def _fill(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        first = data["channels"][0]["id"] if data["channels"] else None
        for each in data["incidents"]:
            if {each["before"], each["tried"]} & {*CHANNEL_STEPS}:
                each["channel"] = each["channel"] or first
        return data


class FormSchema(PartSchema):
    times = whole(1, MOST, load_default=1)
    grades = Grades(**given())


class RatingSchema(PartSchema):
    id = identifier()
    title = text()
    members = whole(1, 1_000_000)
    scale = listed(text(63), least=3, most=20)
    verdict = Anything(**given())
    issued = whole(1, MOST, load_default=None)
    forms = parts(FormSchema)
    note = text(2000, load_default=None)
    expect = fields.Dict(keys=fields.String(), values=Anything(**given()), **given(load_default=None))


class RehearsalSchema(PartSchema):
    title = text()
    notes = listed(text(2000), least=0, most=20, load_default=())
    year = whole(1949, 9999)
    body = part(BodySchema)
    roll = Roll(**given())
    record = part(RecordSchema, load_default=None)
    suggestions = parts(SuggestionSchema, load_default=())
    candidates = parts(ProjectSchema, most=200)
    meeting = part(MeetingSchema)
    polls = parts(PollSchema, most=50)
    rating = part(RatingSchema, load_default=None)
