"""Event types: strict for their writers, forgiving for their readers, at any depth."""

import copy
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import fields

from piaojue_contracts import EventType, InvalidData, all_event_types, event_type, golden_messages
from piaojue_contracts.event_type import Data, declare
from piaojue_contracts.fields import boolean, choice, identifier, instant, listed, text, whole

GOLDEN = [pytest.param(each, golden, id=each.type) for each, golden in golden_messages()]


class Part(Data):
    name = identifier("A part.")
    done = boolean("Whether it is done.")


class Made(Data):
    title = text("A title.", longest=5)
    number = whole("How many.")
    kind = choice("Which.", "new", "old")
    parts = listed(Part, "The parts.")
    settings = fields.Dict(keys=fields.String(), required=True)
    at = instant("When.")
    note = text("A note.", required=False)


MADE_V1 = EventType("works", "made", 1, Made, "`works/<work>`", "Something was made.")


def data(**changes: Any) -> dict[str, Any]:
    whole_data = {
        "title": "路灯",
        "number": 3,
        "kind": "new",
        "parts": [{"name": "a", "done": True}],
        "settings": {"share": "1/2", "deep": {"list": [1, True, None]}},
        "at": "2022-04-16T02:31:07.204518Z",
    }
    return whole_data | changes


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object within data whose fields a schema declares; rules of polls are their plugins' own."""
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            if name != "rules":
                yield from objects(inner, f"{path}.{name}")
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from objects(inner, f"{path}.{place}")


def test_an_event_type_has_its_names():
    assert MADE_V1.type == "piaojue.works.made.v1"
    assert MADE_V1.routing_key == "made.v1"
    assert MADE_V1.exchange == "works.events"


def test_a_version_cannot_be_declared_twice():
    with pytest.raises(ValueError, match=r"poll_closed\.v1 is declared already"):
        declare(event_type("piaojue.ballots.poll_closed.v1"))


def test_an_event_of_a_later_release_has_no_declaration_here():
    assert event_type("piaojue.ballots.poll_closed.v2") is None


def test_every_event_that_was_asked_for_is_declared():
    assert {each.type.removeprefix("piaojue.").removesuffix(".v1") for each in all_event_types()} >= {
        *("proposals.suggestion_received", "proposals.candidates_published"),
        *("ballots.meeting_opened", "ballots.poll_opened", "ballots.turnout_changed"),
        *("ballots.poll_closed", "ballots.result_declared"),
        *("ratings.rating_opened", "ratings.rating_concluded", "notifications.notice_published"),
    }


def test_data_that_fits_is_read_and_may_be_written():
    assert MADE_V1.read(data()) == data()
    MADE_V1.check(data())
    MADE_V1.check(data(note="later"))


@pytest.mark.parametrize(
    "changes",
    [
        *({"title": ""}, {"title": "六个字的标题"}, {"title": None}, {"title": 7}),
        *({"number": -1}, {"number": True}, {"number": "3"}, {"number": 3.0}, {"number": None}),
        *({"kind": "other"}, {"parts": None}, {"parts": {}}, {"parts": [None]}, {"parts": ["a"]}),
        *({"parts": [{"name": "a"}]}, {"parts": [{"name": "A", "done": True}]}),
        *({"parts": [{"name": "a", "done": done}]} for done in (1, 0, "yes", "true", None)),
        *({"settings": None}, {"settings": []}, {"note": None}),
        *({"at": "2022-04-16"}, {"at": "2022-04-16T02:31:07+08:00"}, {"at": "2022-04-16T::::::::Z"}),
    ],
    ids=repr,
)
def test_data_that_breaks_a_rule_is_neither_read_nor_written(changes):
    for refuse in (MADE_V1.read, MADE_V1.check):
        with pytest.raises(InvalidData, match=next(iter(changes))):
            refuse(data(**changes))


@pytest.mark.parametrize("value", [1.5, 2.0, float("nan"), float("inf"), [{"share": 0.5}]], ids=repr)
def test_a_number_that_is_not_whole_is_not_written_even_where_anything_may_stand(value):
    with pytest.raises(InvalidData, match=r"not whole|not plain JSON"):
        MADE_V1.check(data(settings={"of": value}))


@pytest.mark.parametrize("value", [Decimal("0.5"), date(2022, 4, 16), {"a"}, b"bytes", "\ud800"], ids=repr)
def test_what_is_not_plain_json_is_not_written(value):
    with pytest.raises(InvalidData, match="not plain JSON"):
        MADE_V1.check(data(settings={"of": value}))


def test_a_refusal_names_fields_and_quotes_no_value():
    with pytest.raises(InvalidData) as refused:
        MADE_V1.read(data(title="张三的手机号码", number="13800138000", kind="secret"))
    assert not re.search("张三|138|secret", str(refused.value))


@pytest.mark.parametrize(("declared", "golden"), GOLDEN)
def test_a_reader_passes_over_unknown_fields_at_any_depth(declared, golden):
    known = declared.read(golden.data)
    grown = copy.deepcopy(dict(golden.data))
    for _, each in list(objects(grown)):
        each["added_later"] = {"anything": [1]}
    assert declared.read(grown) == known


@pytest.mark.parametrize(("declared", "golden"), GOLDEN)
def test_a_writer_may_not_invent_a_field_at_any_depth(declared, golden):
    for path, _ in objects(dict(golden.data)):
        grown = copy.deepcopy(dict(golden.data))
        dict(objects(grown))[path]["invented"] = 1
        with pytest.raises(InvalidData, match="not in its schema"):
            declared.check(grown)
