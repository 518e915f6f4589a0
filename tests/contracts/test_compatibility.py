"""Within a version nothing changes but added optional fields; what would break a reader is found."""

import copy
import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from marshmallow import fields

from piaojue_contracts import EventType, all_event_types, event_type, golden_messages
from piaojue_contracts.event_type import Data
from piaojue_contracts.fields import choice, date, identifier, listed, text, whole
from tests.contracts.compatibility import breaking_changes, inlined, still_readable
from tests.contracts.release import GOLDEN, RELEASED, file_of, release, seal_new_golden_messages
from tests.support.event_schemas import message_schema

FILES = sorted(RELEASED.rglob("*.json"))
CURRENT = {each.type: message_schema(each, golden) for each, golden in golden_messages()}
LAST_OF_BALLOTS, LAST_GOLDEN = max(
    (pair for pair in golden_messages() if pair[0].producer == "ballots"), key=lambda pair: pair[1].sequence
)
POLL_OPENED = event_type("piaojue.ballots.poll_opened.v1")


def read(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_a_released_version_is_kept(file):
    released = read(file)
    current = CURRENT.get(released["title"])
    assert current, "a version that was released is declared no more"
    assert not breaking_changes(released, current)
    assert still_readable(released, current)
    assert released["examples"] == current["examples"], "a golden message is never changed"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_the_golden_message_fits_what_was_released(file):
    released = read(file)
    Draft202012Validator(released).validate(CURRENT[released["title"]]["examples"][0])


@pytest.mark.parametrize("declared", all_event_types(), ids=lambda declared: declared.type)
def test_all_that_is_declared_is_in_the_released_baseline(declared):
    file = file_of(declared)
    hint = "run `python -m tests.contracts.release`, and commit what it writes"
    assert file.exists(), hint
    assert inlined(read(file)) == inlined(CURRENT[declared.type]), hint


def message(**changes) -> dict:
    """The schema of a message with these fields changed, added, or, where None, removed."""
    part = {"name": identifier("The part."), "weight": whole("Its weight.", least=1)}
    part = {name: field for name, field in (part | changes.pop("part", {})).items() if field}
    declared = {
        "title": text("A title.", longest=100),
        "kind": choice("Which.", "new", "old"),
        "number": whole("How many.", nullable=True),
        "note": text("A note.", required=False),
        "parts": listed(Data.from_dict(part, name="Part"), "The parts."),
        "settings": fields.Dict(keys=fields.String(), required=True),
    }
    kept = {name: field for name, field in (declared | changes).items() if field}
    schema = Data.from_dict(kept, name="Made")
    golden = next(golden for _, golden in golden_messages())
    return message_schema(EventType("works", "made", 1, schema, "`works`", "Made."), golden)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"added": text("New.", required=False)},
        {"added": fields.List(fields.Nested(Data.from_dict({"a": whole("A.")}, name="Added")))},
        {"part": {"added": whole("New.", required=False)}},
        {"title": text("Better explained.", longest=100)},
        {"kind": choice("Which.", "old", "new")},
    ],
    ids=["none", "optional", "optional-list", "optional-within", "description", "order"],
)
def test_an_added_optional_field_or_another_wording_breaks_nothing(changes):
    assert breaking_changes(message(), message(**changes)) == []
    assert still_readable(message(), message(**changes))


BREAKS_READING = {
    "new required field": ({"added": text("New.")}, "data.added"),
    "optional field now required": ({"note": text("A note.")}, "data.note"),
    "narrower length": ({"title": text("A title.", longest=99)}, "data.title"),
    "other type": ({"title": whole("A title.")}, "data.title"),
    "removed choice": ({"kind": choice("Which.", "new")}, "data.kind"),
    "narrower number": ({"number": whole("How many.", least=1, nullable=True)}, "data.number"),
    "null no longer allowed": ({"number": whole("How many.")}, "data.number"),
    "list no longer empty": ({"parts": listed(identifier("A part."), "The parts.")}, "data.parts"),
    "new required field within": ({"part": {"added": whole("New.")}}, "data.parts[].added"),
    "narrower number within": ({"part": {"weight": whole("Its weight.", least=2)}}, "data.parts[].weight"),
    "values of other types": (
        {"settings": fields.Dict(keys=fields.String(), values=fields.String(), required=True)},
        "data.settings",
    ),
}
BREAKS_OTHERWISE = {
    "removed field": ({"title": None}, "data.title"),
    "removed optional field": ({"note": None}, "data.note"),
    "removed field within": ({"part": {"weight": None}}, "data.parts[].weight"),
    "required field now optional": ({"title": text("A title.", longest=100, required=False)}, "data.title"),
    "wider length": ({"title": text("A title.", longest=101)}, "data.title"),
    "other pattern": ({"part": {"name": date("The part.")}}, "data.parts[].name"),
    "no length any more": ({"title": fields.String(required=True)}, "data.title"),
    "added choice": ({"kind": choice("Which.", "new", "old", "other")}, "data.kind"),
    "null newly allowed": (
        {"part": {"weight": whole("Its weight.", least=1, nullable=True)}},
        "data.parts[].weight",
    ),
}


@pytest.mark.parametrize(
    ("changes", "field"),
    [pytest.param(*case, id=name) for name, case in (BREAKS_READING | BREAKS_OTHERWISE).items()],
)
def test_a_breaking_change_is_found_by_its_field(changes, field):
    found = breaking_changes(message(), message(**changes))
    assert found
    assert all(change.startswith(f"{field}") for change in found), found


@pytest.mark.parametrize(
    "changes", [pytest.param(changes, id=name) for name, (changes, _) in BREAKS_READING.items()]
)
def test_what_a_log_holds_that_would_be_unreadable_is_found_in_another_way_too(changes):
    assert not still_readable(message(), message(**changes))


def test_a_change_of_the_envelope_is_found():
    changed = copy.deepcopy(message())
    changed["properties"]["id"]["pattern"] = "^[a-z]{1,9}$"
    changed["required"].remove("subject")
    assert [change.partition(":")[0] for change in breaking_changes(message(), changed)] == ["id", "subject"]


def test_releasing_writes_everything_once(tmp_path):
    assert release(tmp_path) == []
    written = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.json")}
    assert len(written) == len(all_event_types())
    assert release(tmp_path) == []
    assert written == {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.json")}


def rewrite(file: Path, change) -> None:
    content = read(file)
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_releasing_takes_an_added_optional_field_in(tmp_path):
    release(tmp_path)
    file = file_of(POLL_OPENED, tmp_path)
    whole_schema = file.read_bytes()

    def without_the_title(schema):
        del schema["$defs"]["Candidate"]["properties"]["title"]
        schema["$defs"]["Candidate"]["required"].remove("title")

    rewrite(file, without_the_title)
    assert release(tmp_path) == [f"{POLL_OPENED.type}: data.candidates[].title: is new and required"]
    rewrite(file, lambda schema: schema["properties"].pop("traceparent"))
    rewrite(file, lambda schema: schema["$defs"].update(json.loads(whole_schema)["$defs"]))
    assert release(tmp_path) == []
    assert file.read_bytes() == whole_schema


def test_releasing_refuses_what_breaks_and_leaves_the_baseline_as_it_was(tmp_path):
    release(tmp_path)
    file = file_of(POLL_OPENED, tmp_path)
    rewrite(file, lambda schema: schema["properties"]["data"]["properties"].update(gone={"type": "string"}))
    before = file.read_bytes()
    assert release(tmp_path) == [f"{POLL_OPENED.type}: data.gone: was removed"]
    assert file.read_bytes() == before


def test_releasing_refuses_a_changed_golden_message(tmp_path):
    release(tmp_path)
    rewrite(file_of(POLL_OPENED, tmp_path), lambda schema: schema["examples"][0].update(subject="other"))
    assert release(tmp_path) == [f"{POLL_OPENED.type}: the golden message was changed"]


@pytest.fixture
def golden(tmp_path):
    """A copy of the golden messages, of which the last one of ballots is as somebody wrote it."""
    folder = tmp_path / "golden"
    shutil.copytree(GOLDEN, folder)
    parts = ("sequence", "previoushash", "hash")
    rewrite(file_of(LAST_OF_BALLOTS, folder), lambda members: [members.pop(part) for part in parts])
    return folder


@pytest.mark.parametrize(
    "unreleased", [f"ballots/{LAST_OF_BALLOTS.routing_key}.json", "ballots/*.json", "*/*.json"]
)
def test_a_new_golden_message_becomes_the_next_of_its_log(golden, tmp_path, unreleased):
    released = tmp_path / "released"
    release(released)
    for file in released.glob(unreleased):
        file.unlink()
    seal_new_golden_messages(golden, released)
    for declared in all_event_types():
        assert file_of(declared, golden).read_bytes() == file_of(declared, GOLDEN).read_bytes()


def test_a_released_golden_message_is_not_sealed_again(golden, tmp_path):
    rewrite(file_of(POLL_OPENED, golden), lambda members: members.update(subject="other"))
    before = file_of(POLL_OPENED, golden).read_bytes()
    release(tmp_path / "released")
    file_of(LAST_OF_BALLOTS, tmp_path / "released").unlink()
    seal_new_golden_messages(golden, tmp_path / "released")
    assert file_of(POLL_OPENED, golden).read_bytes() == before
    assert read(file_of(LAST_OF_BALLOTS, golden))["sequence"] == f"{LAST_GOLDEN.sequence:015}"
