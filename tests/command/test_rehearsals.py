"""Every file in deploy/rehearsals holds: what is in it comes out as it says, through a suite of its own."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from piaojue.rehearsal import tables
from piaojue.rehearsal.papers import papers_of
from piaojue.rehearsal.plan import Plan
from piaojue.rehearsing import REHEARSALS
from tests.command.suites import PIAOJUE

FILES = sorted(REHEARSALS.glob("*.yaml"))
SECONDS = 200

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    """Each file is rehearsed once, for all the tests here; by its name."""
    found = {}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIAOJUE_")}
    environ["TMPDIR"] = str(tmp_path_factory.mktemp("rehearsals"))

    def story(name):
        if name not in found:
            command = [PIAOJUE, "rehearse", REHEARSALS / f"{name}.yaml", "--json"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environ)
            assert (done.returncode, done.stderr) == (0, ""), done.stderr + done.stdout[-2000:]
            found[name] = json.loads(done.stdout)
        return found[name]

    return story


def test_folder_is_the_one_that_people_see():
    assert (Path(__file__).parents[2] / "deploy" / "rehearsals").samefile(REHEARSALS)
    assert len(FILES) >= 7


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rehearsal_comes_out_as_its_file_says(file, stories):
    story, plan = stories(file.stem), Plan.read(file)
    by_code = {poll["id"]: len(papers_of(poll)) for poll in plan.polls}
    assert (story["failures"], story["as_expected"]) == ([], True)
    held = [poll for poll in plan.polls if poll["papers"] is not None]
    assert all(poll["expect"] for poll in held), "a poll of an example says what is expected of it"
    assert set(plan.forecasts) == {poll["id"] for poll in plan.polls}
    for poll in story["polls"]:
        if "result" in poll:
            assert poll["record"]["verified"]
            assert poll["record"]["receipts"] == by_code[poll["poll"]]
            assert poll["result"] == plan.forecasts[poll["poll"]].result
    assert sum("result" in poll for poll in story["polls"]) == len(held)
    tried = [each for poll in plan.polls for each in poll["incidents"] if each["tried"]]
    for incident in tried:
        refused = [each for poll in story["polls"] for each in poll.get("refused", ())]
        assert {"tried": incident["tried"], "refused": incident["refused"]} in refused


def test_tie_and_its_runoff_are_rounds_of_one_decision(stories):
    story = stories("tie-and-runoff")
    first, second = story["polls"]
    assert (first["result"]["outcome"], first["result"]["tied"]) == ("runoff", ["clinic", "road"])
    assert second["round"] == {
        **{"decision": "projects-2023", "number": 2, "follows": "projects-2023"},
        "polls": ["projects-2023", "runoff-2023"],
    }
    assert [each["project"] for each in second["candidates"]] == ["clinic", "road"]
    (decision,) = story["decisions"]
    assert [each["outcome"] for each in decision["rounds"]] == ["runoff", "complete"]
    assert decision["adopted"] == ["water", "clinic"]
    assert story["under_implementation"] == ["clinic", "water"]
    assert first["signed"]["signed"] == second["signed"]["signed"] == 3


def test_shortfall_is_followed_by_a_round_for_the_seat_that_is_left(stories):
    story = stories("shortfall-and-next-round")
    first, second = story["polls"]
    assert first["profile"]["name"] == second["profile"]["name"] == "hengyang"
    assert (first["result"]["outcome"], first["result"]["open_seats"]) == ("shortfall", 1)
    assert first["result"]["votes"]["parking"] == 97
    assert second["rules"]["seats"] == second["rules"]["marking"]["at_most"] == 1
    assert story["decisions"][0]["adopted"] == ["school", "water", "care", "roads", "parking"]
    assert story["roll"]["imported"]
    assert (story["roll"]["added"], story["roll"]["ignored_columns"]) == (195, ["备注"])


def test_meeting_without_its_quorum_opens_nothing_until_deputies_come(stories):
    story = stories("quorum-and-several-polls")
    assert story["meeting"]["present"] == 37
    assert [each["result"]["present"] for each in story["polls"][:2]] == [42, 40]
    assert [each["refused"] for each in story["polls"][1]["refused"]] == ["quorum-not-met", "poll-not-open"]
    assert "result" not in story["polls"][2]
    assert len(story["decisions"]) == 3
    assert story["under_implementation"] == ["bridge", "waste"]


def test_papers_of_three_channels_are_one_count_and_the_struck_one_stays_on_record(stories):
    (poll,) = stories("mixed-paper-and-electronic")["polls"]
    figures = [(each["channel"], each["issued"], each["returned"]) for each in poll["result"]["channels"]]
    assert figures == [("codes", 36, 36), ("hall", 22, 21), ("annex", 30, 30)]
    assert [each["channel"] for each in poll["channels"]] == ["codes", "hall", "keypad", "annex"]
    keypad, annex = poll["channels"][2:]
    assert keypad["struck"].startswith("表决器主机漏记")
    assert (keypad["returned"], keypad["valid"], annex["replaces"]) == (30, None, "keypad")
    assert [each["refused"] for each in poll["refused"]] == [
        *("more-issued-than-present", "poll-not-closed", "same-teller", "channel-not-settled"),
        *("chief-looks-again", "papers-do-not-balance", "channel-struck", "poll-not-declared"),
    ]
    shown = drawn(tables.poll(poll))
    for told in ("表决器 keypad", "作废 struck", "代替 in place of keypad", "合计 together"):
        assert told in shown


def test_objection_is_answered_and_what_it_says_is_told_to_nobody(stories):
    story = stories("mixed-paper-and-electronic")
    (objection,) = story["polls"][0]["objections"]
    assert (objection["state"], objection["outcome"], objection["text"]) == ("answered", "rejected", None)
    assert "分会场表决器计票为何作废" not in json.dumps(story, ensure_ascii=False)


def test_void_poll_and_its_repetition_are_rounds_of_one_decision(stories):
    story = stories("void-and-repeated")
    void, repeated = story["polls"]
    assert (void["result"]["returned"], void["result"]["issued"], void["result"]["votes"]) == (54, 55, None)
    assert [(each["issued"], each["returned"]) for each in void["channels"]] == [(33, 31), (22, 23)]
    assert "其中一个投票渠道发出22张，收回23张" in void["notice"]["zh-CN"]["text"]
    assert "多于发出 more than issued" in drawn(tables.poll(void))
    assert "未通过" not in drawn(tables.poll(void))
    assert void["rules_hash"] == repeated["rules_hash"]
    (decision,) = story["decisions"]
    assert [each["outcome"] for each in decision["rounds"]] == ["void", "complete"]
    assert decision["adopted"] == ["ferry", "canteen"]
    assert sorted(story["under_implementation"]) == ["canteen", "ferry"]


def drawn(part):
    """As a narrow terminal shows it."""
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(part)
    assert max(cell_len(line) for line in capture.get().splitlines()) <= 80
    return capture.get()


def test_printed_slips_are_issued_exchanged_and_cast(stories):
    (poll,) = stories("printed-slips")["polls"]
    assert poll["slips"] == {"printed": 50, "handed_out": 47, "spoiled": 2, "left": 3, "issued": 45}
    refused = [(each["tried"], each["refused"]) for each in poll["refused"]]
    assert refused == [
        ("cast with a spare slip", "code-unknown"),
        ("cast with a spoiled slip", "code-unknown"),
    ]


def test_names_on_the_imported_roll_are_made_up_and_none_is_there_twice():
    with (REHEARSALS / "hengyun-roll.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["编号"] for row in rows}) == len({row["姓名"] for row in rows}) == 195
