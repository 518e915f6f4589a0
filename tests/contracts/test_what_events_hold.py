"""What no event may hold: a person, a code, a mark, a total before its time, a number that is not whole."""

from collections.abc import Iterator

import pytest
from marshmallow import Schema, fields, validate

from chassis.sensitive import is_sensitive
from piaojue_contracts import EventType, all_event_types
from piaojue_contracts.event_type import Data
from piaojue_contracts.fields import whole
from tests.support.event_schemas import nested

NUMBERS_OF_ALL = {"deputies", "pass_mark"}
"""Named like something secret; as whole numbers they tell of the body as a whole."""

ROOTS = {"receipts_root"}
"""Hashes of so much that none of it can be found from them."""

OF_PEOPLE = {
    *("name", "surname", "proposer", "author", "contact", "phone", "mobile", "email", "address", "gender"),
    *("scrutineer", "scrutineers", "teller", "tellers", "rater", "raters", "voter", "voters", "signature"),
}
NAMES_OF_BODIES = {"body_name"}
BEFORE_THE_RESULT = {
    *("meeting_opened", "poll_opened", "turnout_changed", "poll_closed"),
    *(
        "candidates_published",
        "suggestion_received",
        "rating_opened",
        "count_signed",
        "channel_struck",
        "poll_counted",
    ),
}
TOLD_BEFORE_THE_RESULT = {
    *("year", "seats", "due", "deputies", "members", "present", "quorum_needed", "issued", "returned"),
    *("signed", "of", "round", "channels"),  # scrutineers, rounds of a decision, boxes
}
"""The numbers that may be told while a poll is open, or closed and not declared."""

EXPRESSED = (validate.Length, validate.Range, validate.OneOf, validate.Regexp)
"""The rules that the JSON Schemas express, which is where a breaking change is looked for."""

HOOKS = ("pre_load", "post_load", "validates", "validates_schema")
EVERY = [pytest.param(each, id=each.type) for each in all_event_types()]


def declared_fields(event_type: EventType) -> Iterator[tuple[str, fields.Field]]:
    for cls in nested(event_type.schema):
        for name, field in cls().fields.items():
            yield name, field
            while isinstance(field, fields.List):
                field = field.inner
                yield name, field


def unfit(event_type: EventType) -> list[str]:
    return [
        name
        for name, field in declared_fields(event_type)
        if (is_sensitive(name) and not _of_all(name, field))
        or (OF_PEOPLE & set(name.split("_")) and name not in NAMES_OF_BODIES)
    ]


def _of_all(name: str, field: fields.Field) -> bool:
    return name in ROOTS or (name in NUMBERS_OF_ALL and isinstance(field, fields.Integer))


def fractional(event_type: EventType) -> list[str]:
    plain = (fields.String, fields.Boolean, fields.List, fields.Nested, fields.Dict)
    return [
        name
        for name, field in declared_fields(event_type)
        if not (isinstance(field, plain) or (isinstance(field, fields.Integer) and field.strict))
    ]


def totals(event_type: EventType) -> set[str]:
    numbers = {name for name, field in declared_fields(event_type) if isinstance(field, fields.Integer)}
    return numbers - TOLD_BEFORE_THE_RESULT


@pytest.mark.parametrize("event_type", EVERY)
def test_no_field_is_of_a_person_or_a_paper(event_type):
    assert not unfit(event_type)


@pytest.mark.parametrize("event_type", EVERY)
def test_every_number_is_whole(event_type):
    assert not fractional(event_type)


@pytest.mark.parametrize("event_type", [each for each in all_event_types() if each.name in BEFORE_THE_RESULT])
def test_no_total_is_told_before_the_result(event_type):
    assert not totals(event_type)


def test_the_events_before_a_result_are_those_that_exist():
    assert {each.name for each in all_event_types()} - BEFORE_THE_RESULT == {
        *("result_declared", "rating_concluded", "implementation_started", "notice_published"),
        *("objection_filed", "objection_answered"),
    }


@pytest.mark.parametrize("event_type", EVERY)
def test_every_rule_is_one_that_a_json_schema_expresses(event_type):
    for name, field in declared_fields(event_type):
        assert all(isinstance(rule, EXPRESSED) for rule in field.validators), name
    for cls in nested(event_type.schema):
        assert not {hook for hook in cls._hooks if cls._hooks[hook]} & set(HOOKS)


def test_anything_may_stand_in_the_rules_of_a_poll_alone():
    opened = {
        f"{event_type.name}.{name}"
        for event_type in all_event_types()
        for name, field in declared_fields(event_type)
        if isinstance(field, fields.Dict)
    }
    assert opened == {"poll_opened.rules"}


@pytest.mark.parametrize(
    ("check", "name", "field"),
    [
        (unfit, "deputy", fields.String()),
        (unfit, "deputies", fields.List(fields.String())),
        (unfit, "slip_code", fields.String()),
        (unfit, "marks", fields.Integer(strict=True)),
        (unfit, "proposer_name", fields.String()),
        (fractional, "share", fields.Float()),
        (fractional, "budget", fields.Decimal()),
        (fractional, "anything", fields.Raw()),
        (fractional, "lenient", fields.Integer()),
        (totals, "votes", whole("Votes.")),
        (totals, "blank", whole("Blank papers.")),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_such_a_field_would_be_found(check, name, field, deep):
    schema: type[Schema] = Data.from_dict({name: field}, name="Inner")
    if deep:
        schema = Data.from_dict({"projects": fields.List(fields.Nested(schema))}, name="Outer")
    assert name in check(EventType("works", "made", 1, schema, "", ""))
