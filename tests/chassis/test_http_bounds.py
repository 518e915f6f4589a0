"""Lists that are too long are refused before their items are looked at."""

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from chassis.http.bounds import boundless, check_lengths

FIVE = validate.Length(max=5)


class Looked(fields.Integer):
    """Counts how often anybody looked at one."""

    times = 0

    def _deserialize(self, *args, **kwargs):
        Looked.times += 1
        return super()._deserialize(*args, **kwargs)


class PartSchema(Schema):
    numbers = fields.List(Looked(), validate=FIVE)


class WholeSchema(Schema):
    parts = fields.List(fields.Nested(PartSchema), validate=FIVE, data_key="of")
    one = fields.Nested(PartSchema)
    rows = fields.List(fields.List(Looked(), validate=FIVE), validate=FIVE)
    anything = fields.Raw()


TOO_LONG = ["Longer than maximum length 5."]


@pytest.mark.parametrize(
    ("document", "messages"),
    [
        ({"of": [{}] * 6}, {"of": TOO_LONG}),
        ({"of": [{}, {"numbers": [0] * 6}]}, {"of": {1: {"numbers": TOO_LONG}}}),
        ({"one": {"numbers": [0] * 6}}, {"one": {"numbers": TOO_LONG}}),
        ({"rows": [[], [], [0] * 6]}, {"rows": {2: TOO_LONG}}),
    ],
)
def test_a_list_that_is_too_long_is_refused_and_nothing_in_it_looked_at(document, messages):
    Looked.times = 0
    with pytest.raises(ValidationError) as refused:
        check_lengths(WholeSchema(), document)
    assert refused.value.messages == messages
    assert Looked.times == 0


@pytest.mark.parametrize(
    "document",
    [
        *([], None, 7, {}, {"of": [{"numbers": [0] * 5}] * 5}, {"of": {}, "one": [], "rows": "long enough"}),
        {"rows": [7, None]},
        {"anything": [0] * 100, "unknown": [0] * 100},
    ],
)
def test_what_is_wrong_otherwise_is_left_to_the_schema(document):
    check_lengths(WholeSchema(), document)


def test_lists_without_a_greatest_length_are_found_wherever_they_are():
    class Boundless(Schema):
        flat = fields.List(Looked())
        at_least = fields.List(Looked(), validate=validate.Length(min=1))
        nested = fields.Nested(lambda: Boundless(only=("flat",)))
        rows = fields.List(fields.List(Looked()), validate=FIVE)
        parts = fields.List(fields.Nested(PartSchema), validate=FIVE)

    assert boundless(Boundless()) == ["flat", "at_least", "nested.flat", "rows"]
    assert boundless(WholeSchema()) == []
