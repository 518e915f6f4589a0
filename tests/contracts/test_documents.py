"""The generated documents: valid by their own standards, and of one mind with those who read the events."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from piaojue_contracts import (
    ATTRIBUTES,
    Event,
    InvalidData,
    UnreadableEvent,
    all_event_types,
    golden_messages,
)
from piaojue_contracts.events import PRODUCERS
from tests.support.generate import TOP
from tests.support.generate_events import pages

PAGES = pages()
ASYNCAPI = yaml.safe_load(PAGES["docs/events/asyncapi.yaml"])
ASYNCAPI_RULES = Path(__file__).with_name("asyncapi-3.0.0.json")
GOLDEN = [pytest.param(each, golden, id=each.type) for each, golden in golden_messages()]


def schema_of(event_type):
    return json.loads(PAGES[f"docs/events/schemas/{event_type.producer}/{event_type.routing_key}.json"])


def asyncapi_validator():
    return Draft7Validator(json.loads(ASYNCAPI_RULES.read_text(encoding="utf-8")))


def resolved(pointer):
    value = ASYNCAPI
    for part in pointer.removeprefix("#/").split("/"):
        value = value[part]
    return value


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_asyncapi_document_is_valid_by_the_official_schema():
    faults = [
        f"{fault.json_path}: {fault.message[:300]}" for fault in asyncapi_validator().iter_errors(ASYNCAPI)
    ]
    assert not faults


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.update(asyncapi="2.6.0"),
        lambda document: document["channels"]["ballots"].update(adress="x"),
        lambda document: document["channels"]["ballots"]["bindings"]["amqp"].update(
            exchange={"type": "topics"}
        ),
        lambda document: next(iter(document["operations"].values())).update(action="publish"),
        lambda document: document["components"]["schemas"]["ballots.Candidate"].update(type="texts"),
    ],
)
def test_an_asyncapi_document_that_is_not_valid_is_found(spoil):
    document = copy.deepcopy(ASYNCAPI)
    spoil(document)
    assert not asyncapi_validator().is_valid(document)


def test_every_reference_within_the_asyncapi_document_leads_somewhere():
    found = set(references(ASYNCAPI))
    assert len(found) > len(all_event_types())
    assert all(resolved(pointer) for pointer in found)


def test_every_producer_has_a_channel_that_is_its_exchange():
    exchanges = {name: each["bindings"]["amqp"]["exchange"] for name, each in ASYNCAPI["channels"].items()}
    assert {name: exchange["name"] for name, exchange in exchanges.items()} == {
        name: f"{name}.events" for name in PRODUCERS
    }
    assert all(exchange["type"] == "topic" and exchange["durable"] for exchange in exchanges.values())


def test_every_event_is_sent_by_its_producer():
    sent = set()
    for operation in ASYNCAPI["operations"].values():
        (message,) = operation["messages"]
        assert operation["action"] == "send"
        assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
        sent.add(resolved(resolved(message["$ref"])["$ref"])["name"])
    assert sent == {each.type for each in all_event_types()}


@pytest.mark.parametrize(("event_type", "golden"), GOLDEN)
def test_a_golden_message_fits_the_payload_of_the_asyncapi_document(event_type, golden):
    message = ASYNCAPI["components"]["messages"][f"{event_type.producer}.{event_type.routing_key}"]
    validator = Draft7Validator({**message["payload"], "components": ASYNCAPI["components"]})
    validator.validate(golden.as_json())
    assert not validator.is_valid({**golden.as_json(), "data": {}})


@pytest.mark.parametrize(("event_type", "golden"), GOLDEN)
def test_a_golden_message_fits_its_json_schema(event_type, golden):
    Draft202012Validator.check_schema(schema_of(event_type))
    Draft202012Validator(schema_of(event_type)).validate(golden.as_json())
    assert set(references(schema_of(event_type))) == {
        f"#/$defs/{name}" for name in schema_of(event_type).get("$defs", ())
    }


@pytest.mark.parametrize("value", [None, 1, "", "张三", [], {}], ids=repr)
@pytest.mark.parametrize("name", [*ATTRIBUTES, "data"])
def test_the_json_schema_and_the_reader_refuse_the_same_envelopes(name, value):
    event_type, golden = next(golden_messages())
    validator = Draft202012Validator(schema_of(event_type))
    for members in ({**golden.as_json(), name: value}, without(golden.as_json(), name)):
        try:
            readable = bool(event_type.read(Event.from_json(members).data))
        except (UnreadableEvent, InvalidData):
            readable = False
        nulled = members.get(name, 1) is None and name in ATTRIBUTES and not ATTRIBUTES[name].required
        assert validator.is_valid(members) == (readable and not nulled)


def without(members, name):
    return {key: value for key, value in members.items() if key != name}


@pytest.mark.parametrize(("event_type", "golden"), GOLDEN)
def test_the_json_schema_and_the_reader_refuse_the_same_data(event_type, golden):
    validator = Draft202012Validator(schema_of(event_type))
    refused = 0
    for name in golden.data:
        spoilt = [{**golden.data, name: value} for value in (None, True, -1, "", "x", [], [None], {}, [{}])]
        for data in (without(golden.data, name), *spoilt):
            try:
                readable = bool(event_type.read(data))
            except InvalidData:
                readable, refused = False, refused + 1
            assert validator.is_valid({**golden.as_json(), "data": data}) == readable, (name, data.get(name))
    assert refused > len(golden.data)


def test_patterns_are_such_that_every_language_reads_them():
    for path, page in PAGES.items():
        if path.endswith(".json"):
            for pattern in re.findall(r'"pattern": (".*")', page):
                assert re.fullmatch(r"\^.*\$", json.loads(pattern))
                assert not re.search(r"\\[AZz]|\(\?[P<#]", json.loads(pattern))


def test_the_page_shows_every_golden_message():
    shown = re.findall(r"```json\n(.*?)```", PAGES["docs/events.md"], re.DOTALL)
    assert [json.loads(each) for each in shown] == [golden.as_json() for _, golden in golden_messages()]


def test_the_links_of_the_page_lead_somewhere():
    page = PAGES["docs/events.md"]
    targets = set(re.findall(r"\]\(([^)]+)\)", page))
    anchors = {
        "#" + re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))
        for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    files = {path.removeprefix("docs/") for path in PAGES}
    files |= {page.name for page in (TOP / "docs").glob("*.md")}
    assert len(targets) > 2 * len(all_event_types())
    assert targets <= anchors | files


def test_the_page_names_every_field():
    page = PAGES["docs/events.md"]
    for event_type in all_event_types():
        section = page.partition(f"### {event_type.producer}: {event_type.routing_key}\n")[2].partition(
            "\n### "
        )[0]
        schema = schema_of(event_type)
        for name in schema["properties"]["data"]["properties"]:
            assert f"| `{name}` |" in section
        for part in schema.get("$defs", {}).values():
            for name in part["properties"]:
                assert f"[].{name}` |" in section


def test_the_reading_that_the_page_shows_works():
    nameko, ours = re.findall(r"```python\n(.*?)```", PAGES["docs/events.md"], re.DOTALL)
    compile(nameko, "page", "exec")
    golden = next(golden for each, golden in golden_messages() if each.name == "result_declared")
    names = {"body": golden.as_bytes()}
    exec(ours, names)
    assert names["data"] == golden.data
