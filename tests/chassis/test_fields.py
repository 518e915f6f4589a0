"""Fields of requests: what a text may hold is told with the field, whatever a service does with it."""

import pytest
from marshmallow import Schema, ValidationError

from chassis.fields import identifier, line, paragraphs, typed
from chassis.service.base import FeedQuery


class ThingSchema(Schema):
    name = line("Its name.", longest=10, required=False)
    text = paragraphs("What it is.", longest=10, required=False)
    code = typed("Its code.", longest=10, required=False)
    id = identifier("Its id.", required=False)


def refused(**given):
    with pytest.raises(ValidationError) as fault:
        ThingSchema().load(given)
    return fault.value.messages


@pytest.mark.parametrize("field", ["name", "text"])
def test_text_is_refused_by_one_rule_which_is_named(field):
    assert refused(**{field: ""}) == {field: ["Length must be between 1 and 10."]}
    assert refused(**{field: "\u3000\u200b"}) == {field: ["Must be a text that is not empty."]}
    assert refused(**{field: "字" * 11}) == {field: ["Length must be between 1 and 10."]}
    hidden = "Must not have invisible or direction-changing characters (U+202E)."
    assert refused(**{field: "永\u202e安"}) == {field: [hidden]}


def test_lines_are_for_paragraphs_alone():
    assert refused(name="永\n安") == {"name": ["Must be in one line, without broken or control characters."]}
    assert ThingSchema().load({"text": "永\n安"}) == {"text": "永\n安"}


def test_what_is_only_compared_may_be_typed_anyhow():
    assert ThingSchema().load({"code": "ab\u200b c"}) == {"code": "ab\u200b c"}
    assert refused(code="") == {"code": ["Length must be between 1 and 10."]}


def test_id_is_of_few_letters():
    assert ThingSchema().load({"id": "p-1"}) == {"id": "p-1"}
    for wrong in ("", "P1", "p 1", "p\u200b", "-p"):
        assert "id" in refused(id=wrong)


@pytest.mark.parametrize("given", ["0", "7", "007", "1000000", str(2**62)])
def test_number_of_a_query_is_in_digits(given):
    assert FeedQuery().load({"after": given})["after"] == int(given)


@pytest.mark.parametrize(
    "given", ["", " ", "1_0", "+3", " 3", "3\n", "１", "٣", "1.0", "1e3", "0x1", "NaN", "-1", "9" * 5000]
)
def test_what_only_looks_like_a_number_is_refused_in_a_query(given):
    with pytest.raises(ValidationError) as fault:
        FeedQuery().load({"after": given})
    assert set(fault.value.messages_dict) == {"after"}
