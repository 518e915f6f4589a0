"""The form of a rehearsal file. What its parts say of each other is for :mod:`piaojue.rehearsal.checking`."""

from collections.abc import Mapping
from typing import Any
from unicodedata import category

from marshmallow import Schema, ValidationError, fields, validate

_ID = validate.Regexp(
    r"^[a-z0-9][a-z0-9-]{0,62}\Z", error="must be at most 63 small letters, digits and hyphens"
)
_PLAIN: dict[str, Any] = {
    "required": "is missing",
    "null": "is empty",
    "invalid": "must be a text: put a number into quotes",
    "unknown": "is not a field here",
}
MOST = 5000
_BREAKS = dict.fromkeys(map(ord, "\n\r\t\u2028\u2029"), " ")
LEVELS = ("township", "county", "city", "province", "nation")


class _Part(Schema):
    """Part of a file: nothing is passed over, and messages are for whoever wrote it."""

    error_messages = {"unknown": "is not a field here", "type": "must have fields"}  # noqa: RUF012


def _given(**kwargs: Any) -> dict[str, Any]:
    optional = "load_default" in kwargs
    return {"error_messages": _PLAIN, **({} if optional else {"required": True}), **kwargs}


def _text(longest: int = 300, **kwargs: Any) -> fields.String:
    """What may be long may have several lines."""
    length = validate.Length(1, longest, error=f"must be a text of 1 to {longest} characters")
    return fields.String(validate=[length, _several_lines if longest > 300 else _line], **_given(**kwargs))


def _line(text: str) -> None:
    """As the services take it: who rehearses is told of it before anything has begun."""
    if text != text.translate(_BREAKS):
        raise ValidationError("must be in one line")
    _several_lines(text)


def _several_lines(text: str) -> None:
    if any(category(each) in ("Cc", "Cs") for each in text.translate(_BREAKS)):
        raise ValidationError("must be a text without broken or unprintable characters")
    if not text.strip():
        raise ValidationError("must be a text that is not empty")


def _id(**kwargs: Any) -> fields.String:
    return fields.String(validate=_ID, **_given(**kwargs))


def _whole(least: int, most: int, **kwargs: Any) -> fields.Integer:
    rule = validate.Range(least, most, error=f"must be from {least} to {most}")
    messages = {**_PLAIN, "invalid": "must be a whole number", "too_large": "is too large"}
    return fields.Integer(strict=True, validate=rule, **_given(**kwargs, error_messages=messages))


def _list(item: fields.Field[Any], least: int = 1, most: int = MOST, **kwargs: Any) -> fields.List[Any]:
    rule = validate.Length(least, most, error=f"must have {least} to {most} entries")
    messages = {**_PLAIN, "invalid": "must be a list"}
    return fields.List(item, validate=rule, **_given(**kwargs, error_messages=messages))


def _part(schema: type[Schema], **kwargs: Any) -> fields.Nested:
    messages = {**_PLAIN, "type": "must have fields"}
    return fields.Nested(schema, **_given(**kwargs, error_messages=messages))


def _parts(schema: type[Schema], most: int = MOST, **kwargs: Any) -> fields.List[Any]:
    return _list(_part(schema), most=most, **kwargs)


class _Object(fields.Field[Any]):
    """An object whose fields are for the service to judge."""

    default_error_messages = _PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("must have fields")
        return value


class DeputySchema(_Part):
    """A deputy on the roll."""

    id = _id()
    name = _text(100)
    delegation = _text(200, load_default=None)
    district = _text(200, load_default=None)


class _Roll(fields.Field[Any]):
    """A number of deputies, who get names; or a list of names; or a list of deputies. Becomes the latter."""

    default_error_messages = _PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
            return [_numbered(number, f"代表{number}") for number in range(1, value + 1)]
        if not isinstance(value, list) or not 1 <= len(value) <= MOST:
            raise ValidationError(f"must be a number from 1 to {MOST}, or a list of names or deputies")
        deputies, faults = [], {}
        for place, each in enumerate(value):
            try:
                named = _numbered(place + 1, each) if isinstance(each, str) else each
                deputies.append(DeputySchema().load(named))
            except ValidationError as error:
                faults[place] = error.messages
        if faults:
            raise ValidationError(faults)
        return deputies


def _numbered(number: int, name: str) -> dict[str, str]:
    return {"id": str(number), "name": name}


class _Present(fields.Field[Any]):
    """How many are present, the first on the roll; or their ids."""

    default_error_messages = _PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | list):
            raise ValidationError("must be a number, or a list of ids")
        if isinstance(value, list) and not all(isinstance(each, str) for each in value):
            raise ValidationError("must be ids of the roll, in quotes")
        return value


class _Paper(fields.Field[Any]):
    """Marks, or marks and how many papers have them. Becomes the latter."""

    default_error_messages = _PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        several = isinstance(value, Mapping) and {"times", "marks"} & set(value)
        given = value if several else {"times": 1, "marks": value}
        return _SeveralSchema().load(given)


class _SeveralSchema(_Part):
    times = _whole(1, MOST)
    marks = fields.Raw(**_given())


class _Grades(fields.Field[Any]):
    """Project → a grade, or a list of them. Becomes lists."""

    default_error_messages = _PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("must give projects their grades")
        grades = {project: [each] if isinstance(each, str) else each for project, each in value.items()}
        faults = {
            project: ["must be a grade, or a list of grades"]
            for project, each in grades.items()
            if not isinstance(each, list) or not all(isinstance(grade, str) for grade in each)
        }
        if faults:
            raise ValidationError(faults)
        return grades


class BodySchema(_Part):
    id = _id()
    name = _text(200)
    level = fields.String(
        validate=validate.OneOf(LEVELS, error=f"must be one of {', '.join(LEVELS)}"), **_given()
    )


class ProjectSchema(_Part):
    id = _id()
    title = _text()
    content = _text(4000)
    implementing_unit = _text()
    budget = _whole(0, 10**15)
    fund_source = _text()
    finish_by = fields.String(
        validate=validate.Regexp(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", error="must be a day such as 2022-12-31"),
        **_given(),
    )


class RecordSchema(_Part):
    """Projects that were adopted before, without Piaojue."""

    year = _whole(1949, 9999)
    projects = _parts(ProjectSchema, most=200)


class ProposerSchema(_Part):
    name = _text(100)
    contact = _text(200, load_default=None)


class SuggestionSchema(_Part):
    title = _text()
    content = _text(4000)
    source = _text(63)
    proposer = _part(ProposerSchema, load_default=None)


class MeetingSchema(_Part):
    id = _id()
    title = _text()
    present = _Present(**_given())
    quorum = _text(20, load_default="2/3")


class PollSchema(_Part):
    id = _id()
    title = _text()
    rules = _Object(**_given())
    issued = _whole(1, MOST, load_default=None)
    papers = _list(_Paper(**_given()))
    note = _text(2000, load_default=None)


class FormSchema(_Part):
    times = _whole(1, MOST, load_default=1)
    grades = _Grades(**_given())


class RatingSchema(_Part):
    id = _id()
    title = _text()
    members = _whole(1, 1_000_000)
    scale = _list(_text(63), least=3, most=20)
    verdict = _Object(**_given())
    issued = _whole(1, MOST, load_default=None)
    forms = _parts(FormSchema)
    note = _text(2000, load_default=None)


class ExpectSchema(_Part):
    """What must have come out: fields of results as ``piaojue count`` and ``piaojue rate`` print them."""

    poll = _Object(**_given(load_default=None))
    rating = fields.Dict(keys=fields.String(), values=_Object(**_given()), **_given(load_default=None))


class RehearsalSchema(_Part):
    title = _text()
    notes = _list(_text(2000), least=0, most=20, load_default=())
    year = _whole(1949, 9999)
    body = _part(BodySchema)
    roll = _Roll(**_given())
    record = _part(RecordSchema, load_default=None)
    suggestions = _parts(SuggestionSchema, load_default=())
    candidates = _parts(ProjectSchema, most=200)
    meeting = _part(MeetingSchema)
    poll = _part(PollSchema)
    rating = _part(RatingSchema, load_default=None)
    expect = _part(ExpectSchema, load_default=None)
