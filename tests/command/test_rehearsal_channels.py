"""Papers that are not cast by code, and objections, in the file of a rehearsal."""

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from piaojue.rehearsal import channel_forecast
from piaojue.rehearsal.beforehand import acting
from piaojue.rehearsal.papers import issued_of, slips_of
from piaojue.rehearsal.plan import Plan
from tests.command.suites import PIAOJUE
from tests.command.test_rehearsal_file import SMALL, faults, polls, write

SECONDS = 90
ROOMY = SMALL.replace("roll: 3", "roll: 5").replace("present: 3", "present: 5")
OFFICERS = """\
    officers: {scrutineers: ['1', '2'], chief: '1', tellers: [{id: t1, name: 甲}, {id: t2, name: 乙}]}
"""
HALL = """\
    channels:
      - id: hall
        kind: hand-papers
        issued: 2
        returned: 2
        batches:
          - entries:
              - {by: t1, papers: [{times: 1, marks: null}, [lamp]]}
              - {by: t2, papers: [[], [lamp]]}
            settled: [{place: 0, marks: null}]
"""
TEXT = ROOMY.replace("      - []\n", f"      - []\n{OFFICERS}{HALL}")
LINES = {line: number for number, line in enumerate(TEXT.splitlines(), 1)}
CHANNEL, ENTRIES = LINES["      - id: hall"], LINES["          - entries:"]


def read(folder, *changes):
    return Plan.read(write(folder, *changes, text=TEXT))


def test_channel_is_counted_with_the_codes(tmp_path):
    plan = read(tmp_path)
    (poll,) = plan.polls
    assert (slips_of(poll), issued_of(poll)) == (3, 5)
    result = plan.forecasts["p"].result
    assert (result["issued"], result["votes"]["lamp"], result["invalid"]) == (5, 3, 1)
    assert [(each["channel"], each["returned"]) for each in result["channels"]] == [("codes", 3), ("hall", 2)]
    by, content = plan.polls[0]["channels"][0]["batches"][0]["entries"][0].values()
    assert (by, content) == ("t1", [None, ["lamp"]])


def test_batches_are_numbered_by_their_places_and_papers_too_many_are_absent(tmp_path):
    absent = (
        "[{by: t1, papers: [[well]]}, {by: t2, papers: [[well], []]}], settled: [{place: 1, absent: true}]"
    )
    more = (f"settled: [{{place: 0, marks: null}}]\n          - {{entries: {absent}}}").strip()
    plan = read(tmp_path, ("settled: [{place: 0, marks: null}]", more), ("returned: 2", "returned: 3"))
    result = plan.forecasts["p"].result
    assert (result["outcome"], result["returned"]) == ("void", 6)


def test_example_in_the_guide_is_without_fault(tmp_path):
    guide = Path(__file__).parents[2] / "docs" / "rehearsing.md"
    example = guide.read_text(encoding="utf-8").partition("```yaml\nchannels:\n")[2].partition("```")[0]
    (tmp_path / "keypad.csv").write_text("water,clinic\n" + "1,\n" * 39, encoding="utf-8")
    text = SMALL.replace("roll: 3", "roll: 70").replace("present: 3", "present: 70")
    for old, new in (("id: lamp", "id: water"), ("id: well", "id: clinic"), ("[lamp]", "[water]")):
        text = text.replace(old, new)
    lines = "".join(f"    {line}\n" for line in ["channels:", *example.splitlines()])
    plan = Plan.read(write(tmp_path, ("      - []\n", f"      - []\n{lines}"), text=text))
    assert plan.forecasts["p"].result["votes"] == {"water": 2 + 12 + 30, "clinic": 1 + 9}


KEYPAD = """\
      - {id: keys, kind: keypad, issued: 0, returned: 0, batches: [{entries: [{by: t1, %s}]}], struck: 故障}
      - {id: again, kind: hand-tallies, replaces: keys, returned: 0, batches: [{entries: [
          {by: t1, tally: {valid: 0, invalid: 0, tallies: {lamp: 0, well: 0}}},
          {by: t2, tally: {valid: 0, invalid: 0, tallies: {lamp: 0, well: 0}}}]}]}
"""


def test_struck_channel_is_replaced_and_does_not_count(tmp_path):
    (tmp_path / "keys.csv").write_text("\ufefflamp,well\n1,\n", encoding="utf-8")
    text = TEXT.replace(HALL, HALL + KEYPAD % "file: keys.csv")
    plan = Plan.read(write(tmp_path, text=text))
    result = plan.forecasts["p"].result
    assert [each["channel"] for each in result["channels"]] == ["codes", "hall", "again"]
    assert result["blank"] is None
    assert plan.polls[0]["channels"][1]["batches"][0]["entries"][0]["content"] == "lamp,well\n1,\n"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("file: none.csv", "entries.0.file: {folder}/none.csv: cannot be read: No such file or directory"),
        ("file: bytes.csv", "entries.0.file: {folder}/bytes.csv: is not text in UTF-8"),
        ("csv: 'lamp'", "entries.0: content: row 1 must have the columns lamp, well"),
        ("csv: 1", "entries.0.csv: must be a text: put a number into quotes"),
        ("tally: []", "entries.0.tally: must have fields"),
        ("file: a.csv, csv: a", "entries.0: must have one of papers, tally, csv, file"),
    ],
)
def test_what_cannot_be_entered_is_told_at_its_entry(tmp_path, given, told):
    (tmp_path / "bytes.csv").write_bytes(b"\xff")
    text = TEXT.replace(HALL, HALL + KEYPAD % given)
    (fault,) = faults(write(tmp_path, text=text))
    line = LINES["            settled: [{place: 0, marks: null}]"] + 1
    assert fault == f":{line}: polls.0.channels.1.batches.0.{told}".replace("{folder}", str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("kind: hand-papers", "kinds: hand-papers", ".0.kinds: is not a field here"),
        ("kind: hand-papers", "kind: fax", ".0.kind: is no kind of channel that is loaded, which are: hand-"),
        ("        kind: hand-papers\n", "", ".0.kind: is missing"),
        ("        issued: 2\n", "", ".0.issued: is missing"),
        ("        returned: 2\n", "", ".0.returned: is missing: the papers in the box are counted"),
        ("returned: 2", "returned: two", ".0.returned: must be a whole number"),
        ("returned: 2", "returned: 3", ".0: 3 papers returned, but 1 valid and 1 invalid are 2"),
        ("returned: 2", "returned: 2\n        box_by: '3'", ".0.box_by: is no scrutineer of this poll"),
        ("issued: 2", "issued: 3", ": 6 papers of all channels for 5 deputies present"),
        ("issued: 2", "replaces: codes", ".0.replaces: is no channel before this one that is struck"),
        (
            "issued: 2",
            "issued: 2\n        replaces: x",
            ".0.issued: it counts the papers of the channel that",
        ),
        (
            "issued: 2",
            "issued: 2\n        struck: 箱损",
            ".0: hall was struck, and no other count replaces it",
        ),
        ("id: hall", "id: codes", ".0.kind: is not for the codes, which are a channel by themselves"),
        ("{by: t2,", "{by: t3,", ".0.batches.0.entries.1.by: is no teller of this poll"),
        ("{by: t2,", "{by: t1,", ".0.batches.0.entries.1: the second entry is made by another teller"),
        ("{by: t2, papers: [[],", "{papers: [[],", ".0.batches.0.entries.1.by: is missing"),
        ("[[], [lamp]]", "[[], [moon]]", ".0.batches.0.entries.1: content.1: "),
        ("[[], [lamp]]", "lamp", ".0.batches.0.entries.1.papers: must be a list"),
        (
            "times: 1, marks: null",
            "times: 0, marks: null",
            ".0.batches.0.entries.0.papers.0.times: must be fr",
        ),
        (
            "times: 1, marks: null",
            "times: 1, mark: null",
            ".0.batches.0.entries.0.papers.0.mark: is not a fi",
        ),
        (
            "times: 1, marks: null",
            "times: 5000, marks: null",
            ".0.batches.0.entries.0.papers: must be at mos",
        ),
        (
            "{place: 0, marks: null}",
            "{place: 1, marks: []}",
            ".0.batches.0.settled.0: the entries do not diff",
        ),
        (
            "{place: 0, marks: null}",
            "{place: 0}",
            ".0.batches.0.settled.0: must have one of marks and absent",
        ),
        ("{place: 0, marks: null}", "{marks: null}", ".0.batches.0.settled.0.place: is missing"),
        (
            "{place: 0, marks: null}",
            "{place: 0, absent: 1}",
            ".0.batches.0.settled.0.absent: must be true or",
        ),
        (
            "{place: 0, marks: null}",
            "{place: 0, marks: [], by: '3'}",
            ".0.batches.0.settled.0.by: is no scrut",
        ),
        ("            settled: [{place: 0, marks: null}]\n", "", ".0: hall: batch 1 is not settled"),
    ],
)
def test_fault_in_a_channel_is_told_at_its_place(tmp_path, old, new, told):
    found = [
        each.partition(": polls.0.channels")[2] for each in faults(write(tmp_path, (old, new), text=TEXT))
    ]
    assert any(each.startswith(told) for each in found), found


INCIDENT = "    incidents: [%s]\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            INCIDENT % "{try: box, with: {returned: 1}, channel: x, refused: y}",
            ".0.channel: is no channel of",
        ),
        (INCIDENT % "{try: box, with: {}, refused: y}", ".0.with.returned: is missing"),
        (INCIDENT % "{try: box, with: 3, refused: y}", ".0.with: must have fields"),
        (INCIDENT % "{try: box, refused: y}", ".0.with.returned: is missing"),
        (
            INCIDENT % "{try: enter, with: {by: t1, csv: a, rows: 3}, refused: y}",
            ".0.with.rows: is not a field",
        ),
        (
            INCIDENT % "{try: enter, with: {by: t1, file: a}, refused: y}",
            ".0.with.file: is not for what is tri",
        ),
        (INCIDENT % "{try: enter, with: {papers: []}, refused: y}", ".0.with.by: is missing"),
        (
            INCIDENT % "{try: settle, with: {place: 0}, refused: y}",
            ".0.with: must have one of marks and absent",
        ),
        (INCIDENT % "{try: strike, with: {}, refused: y}", ".0.with.reason: is missing"),
        (INCIDENT % "{try: object, with: {text: 不}, refused: y}", ".0.with.by: is missing"),
        (
            INCIDENT % "{try: count, channel: hall, refused: y}",
            ".0.channel: is for the steps of a channel: box",
        ),
        (INCIDENT % "{before: box, channel: codes, try: count, refused: y}", ".0.channel: is no channel of"),
        (
            INCIDENT % "{before: box, left: 1}",
            ".0.before: must be a step of the poll for those who come and go",
        ),
    ],
)
def test_fault_in_what_is_tried_of_a_channel_is_told(tmp_path, line, told):
    found = faults(write(tmp_path, text=TEXT.replace(OFFICERS, OFFICERS + line)))
    assert len(found) == 1, found
    assert found[0].startswith(f":{LINES[OFFICERS.rstrip()] + 1}: polls.0.incidents{told}")


def test_step_of_a_channel_that_is_not_there_is_told(tmp_path):
    line = (INCIDENT % "{before: settle, try: count, refused: y}").strip()
    assert faults(write(tmp_path, polls([line]))) == [
        ":20: polls.0.incidents.0: is about a channel, and this poll has none"
    ]


def test_incident_is_about_the_first_channel_unless_another_is_named(tmp_path):
    line = (
        INCIDENT
        % "{try: enter, with: {by: t1, papers: []}, refused: y}, {before: box, try: count, refused: y}"
    )
    plan = Plan.read(write(tmp_path, text=TEXT.replace(OFFICERS, OFFICERS + line)))
    assert [each["channel"] for each in plan.polls[0]["incidents"]] == ["hall", "hall"]
    assert plan.polls[0]["incidents"][0]["content"] == {"by": "t1", "batch": 1, "content": []}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{by: '9', text: 不}", ".0.by: is not on the roll"),
        ("{by: '3'}", ".0.text: is missing"),
        ("{by: '3', text: 不, outcome: upheld}", ".0: must have both of outcome and answer, or neither"),
        ("{by: '3', text: 不, outcome: maybe, answer: 好}", ".0.outcome: must be one of upheld, rejected"),
    ],
)
def test_fault_in_an_objection_is_told_at_its_place(tmp_path, line, told):
    assert faults(write(tmp_path, polls([f"objections: [{line}]"]))) == [f":20: polls.0.objections{told}"]


def test_channel_of_a_plugin_is_left_to_the_suite(tmp_path, monkeypatch):
    monkeypatch.setattr(channel_forecast, "entry_points", lambda group: SimpleNamespace(names={"fax"}))
    assert read(tmp_path, ("kind: hand-papers", "kind: fax")).forecasts == {}


def test_everybody_who_acts_in_person_is_seen_to_have_a_token_first(tmp_path):
    found = ("{place: 0, marks: null}", "{place: 0, marks: null, by: '2'}")
    box = ("returned: 2", "returned: 2\n        box_by: '4'")
    objection = "    objections: [{by: '5', text: 不}]\n"
    (poll,) = Plan.read(write(tmp_path, found, box, text=TEXT.replace(OFFICERS, objection))).polls
    by_role = {"deputy": ["5"], "scrutineer": ["2", "4"], "teller": ["t1", "t2"]}
    assert sorted(acting(poll)) == [(role, each) for role, people in by_role.items() for each in people]
    (poll,) = Plan.read(write(tmp_path, text=TEXT)).polls
    assert {("scrutineer", "1"), ("scrutineer", "2")} < set(acting(poll))


def test_poll_on_paper_alone_has_no_slips(tmp_path):
    start, end = TEXT.index("    papers:\n"), TEXT.index("    officers:")
    on_paper = TEXT[:start] + TEXT[end:]
    plan = Plan.read(write(tmp_path, text=on_paper))
    assert (slips_of(plan.polls[0]), plan.forecasts["p"].result["issued"]) == (0, 2)
    printed = write(tmp_path, text=on_paper.replace(OFFICERS, OFFICERS + "    slips: {printed: 3}\n"))
    assert "are to be cast by code, and there are no papers" in faults(printed)[0]
    cast = write(
        tmp_path, text=on_paper.replace(OFFICERS, OFFICERS + INCIDENT % "{try: cast, with: [], refused: y}")
    )
    assert faults(cast)[0].endswith("polls.0.incidents.0: there is no slip to cast with")


AGAIN = """\
      - {id: codes, struck: 网络中断}
      - {id: again, kind: hand-papers, replaces: codes, returned: 3, batches: [{entries: [
          {by: t1, papers: [[lamp], [lamp], [well]]}, {by: t2, papers: [[lamp], [lamp], [well]]}]}]}
    incidents: [{before: close, try: strike, channel: codes, with: {reason: 早}, refused: poll-not-closed}]
    objections: [{by: '5', text: 不同意作废}]
"""
ON_PAPER = """\
  - {id: q, title: 纸质票决, rules: %s, channels: [{id: hall, kind: hand-papers, issued: 4, returned: 4,
      batches: [{entries: [
        {by: t1, papers: [{times: 4, marks: [well]}]}, {by: t2, papers: [{times: 4, marks: [well]}]}]}]}]}
"""


@pytest.mark.slow
def test_codes_that_are_struck_and_papers_alone_are_held_through_a_suite(tmp_path):
    """What was cast by code does not count, and has its receipts in the record; nobody need cast by code."""
    rules = TEXT.partition("    rules: ")[2].partition("\n")[0]
    text = TEXT.replace(HALL, HALL + AGAIN).replace("rating:\n", ON_PAPER % rules + "rating:\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIAOJUE_")}
    done = subprocess.run(
        [PIAOJUE, "rehearse", write(tmp_path, text=text), "--json"],
        **{"capture_output": True, "text": True, "timeout": SECONDS},
        env=environ | {"TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr + done.stdout[-2000:]
    struck, on_paper = json.loads(done.stdout)["polls"]
    assert [each["channel"] for each in struck["result"]["channels"]] == ["hall", "again"]
    assert (struck["record"]["verified"], struck["record"]["receipts"]) == (True, 3)
    assert (struck["channels"][0]["returned"], struck["channels"][0]["struck"]) == (3, "网络中断")
    assert struck["objections"][0]["state"] == "filed"
    assert (on_paper["record"]["verified"], on_paper["record"]["receipts"]) == (True, 0)
    assert (on_paper["result"]["adopted"], "turnout" in on_paper) == (["well"], False)
