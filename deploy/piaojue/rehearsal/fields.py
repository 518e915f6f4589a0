"""Fields of a rehearsal file. Messages are for whoever wrote it; nothing that it says is passed over."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

from chassis.reading import broken_in_line, broken_in_paragraphs

MOST: Final = 5000
PLAIN: Final[dict[str, Any]] = {
    "required": "is missing",
    "null": "is empty",
    "invalid": "must be a text: put a number into quotes",
    "unknown": "is not a field here",
}
_ID: Final = validate.Regexp(
    r"^[a-z0-9][a-z0-9-]{0,62}\Z", error="must be at most 63 small letters, digits and hyphens"
)


class PartSchema(Schema):
    """Part of a file."""

    error_messages = {"unknown": "is not a field here", "type": "must have fields"}  # noqa: RUF012


def given(**kwargs: Any) -> dict[str, Any]:
    """Options of a field: it must be there unless it has a ``load_default``."""
    optional = "load_default" in kwargs
    return {"error_messages": PLAIN, **({} if optional else {"required": True}), **kwargs}


def text(longest: int = 300, **kwargs: Any) -> fields.String:
    """What may be long may have several lines."""
    length = validate.Length(1, longest, error=f"must be a text of 1 to {longest} characters")
    return fields.String(validate=[length, _several_lines if longest > 300 else _line], **given(**kwargs))


def _line(content: str) -> None:
    """As the services take it: who rehearses is told of it before anything has begun."""
    if rule := broken_in_line(content):
        raise ValidationError(rule)


def _several_lines(content: str) -> None:
    if rule := broken_in_paragraphs(content):
        raise ValidationError(rule)


def identifier(**kwargs: Any) -> fields.String:
    return fields.String(validate=_ID, **given(**kwargs))


def chosen(options: tuple[str, ...], **kwargs: Any) -> fields.String:
    rule = validate.OneOf(options, error=f"must be one of {', '.join(options)}")
    return fields.String(validate=rule, **given(**kwargs))


def whole(least: int, most: int, **kwargs: Any) -> fields.Integer:
    rule = validate.Range(least, most, error=f"must be from {least} to {most}")
    messages = {**PLAIN, "invalid": "must be a whole number", "too_large": "is too large"}
    return fields.Integer(strict=True, validate=rule, **given(**kwargs, error_messages=messages))


def truth(**kwargs: Any) -> fields.Raw:
    return fields.Raw(validate=_truth, **given(**kwargs))


def _truth(content: Any) -> None:
    if not isinstance(content, bool):
        raise ValidationError("must be true or false")


def listed(item: fields.Field[Any], least: int = 1, most: int = MOST, **kwargs: Any) -> fields.List[Any]:
    rule = validate.Length(least, most, error=f"must have {least} to {most} entries")
    messages = {**PLAIN, "invalid": "must be a list"}
    return fields.List(item, validate=rule, **given(**kwargs, error_messages=messages))


def part(schema: type[Schema], **kwargs: Any) -> fields.Nested:
    messages = {**PLAIN, "type": "must have fields"}
    return fields.Nested(schema, **given(**kwargs, error_messages=messages))


def parts(schema: type[Schema], most: int = MOST, **kwargs: Any) -> fields.List[Any]:
    return listed(part(schema), most=most, **kwargs)


class Anything(fields.Field[Any]):
    """An object whose fields are for the service to judge."""

    default_error_messages = PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("must have fields")
        return value


class DeputySchema(PartSchema):
    """A deputy on the roll."""

    id = identifier()
    name = text(100)
    delegation = text(200, load_default=None)
    district = text(200, load_default=None)


class RollFileSchema(PartSchema):
    """A roll to import: a file beside this one, or its rows."""

    file = text(load_default=None)
    csv = text(1_000_000, load_default=None)


class Roll(fields.Field[Any]):
    """A number of deputies, who get names; a list of names or deputies; or what is imported.

    Becomes a list of deputies, or ``{"file": …, "csv": …}``, of which one is None.
    """

    default_error_messages = PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, Mapping):
            return self._imported(value)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
            return [_numbered(number, f"代表{number}") for number in range(1, value + 1)]
        if not isinstance(value, list) or not 1 <= len(value) <= MOST:
            raise ValidationError(
                f"must be a number from 1 to {MOST}, a list of names or deputies, or name a file"
            )
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

    def _imported(self, value: Mapping[str, Any]) -> Any:
        source = RollFileSchema().load(value)
        if (source["file"] is None) == (source["csv"] is None):
            raise ValidationError("must have one of file and csv")
        return source


def _numbered(number: int, name: str) -> dict[str, str]:
    return {"id": str(number), "name": name}


class Deputies(fields.Field[Any]):
    """How many, or their ids."""

    default_error_messages = PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | list):
            raise ValidationError("must be a number, or a list of ids")
        if isinstance(value, list) and not all(isinstance(each, str) for each in value):
            raise ValidationError("must be ids of the roll, in quotes")
        return value


class SeveralSchema(PartSchema):
    """So many papers with the same marks."""

    times = whole(1, MOST)
    marks = fields.Raw(**given())


class Paper(fields.Field[Any]):
    """Marks, or marks and how many papers have them. Becomes the latter."""

    default_error_messages = PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        several = isinstance(value, Mapping) and {"times", "marks"} & set(value)
        return SeveralSchema().load(value if several else {"times": 1, "marks": value})


class SeveralByHandSchema(SeveralSchema):
    """As :class:`SeveralSchema`; null marks are those of papers that nobody can read."""

    marks = fields.Raw(**given(allow_none=True))


class PapersByHand(fields.Field[Any]):
    """Papers as :class:`Paper` has them, and null for one that nobody can read. Becomes the marks of each."""

    default_error_messages = PLAIN

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("must be a list")
        papers: list[Any] = []
        faults = {}
        for place, each in enumerate(value):
            several = isinstance(each, Mapping) and {"times", "marks"} & set(each)
            try:
                heap = SeveralByHandSchema().load(each) if several else {"times": 1, "marks": each}
            except ValidationError as error:
                faults[place] = error.messages
                continue
            papers += [heap["marks"]] * heap["times"]
            if len(papers) > MOST:
                raise ValidationError(f"must be at most {MOST} papers")
        if faults:
            raise ValidationError(faults)
        return papers


class Grades(fields.Field[Any]):
    """Project → a grade, or a list of them. Becomes lists."""

    default_error_messages = PLAIN

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
