"""The short form of ``make chaos``: every kind of fault once or nearly, on a region under load; and that what
it finds is found."""

import json
import sys
from collections import Counter

import pytest

from tests.chaos import reckoning
from tests.chaos.__main__ import SHORT
from tests.chaos.casting import Paper
from tests.chaos.checks import difference
from tests.chaos.faults import FAULTS
from tests.chaos.load import Log, Sheet
from tests.chaos.reckoning import Reckoned
from tests.chaos.report import Passed, Report
from tests.chaos.schedule import KINDS, NAMES, ON_DISKS, Fault, schedule
from tests.support.processes import Process
from tests.support.running import TOP

SEED = 7


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """What a short run has written."""
    folder = tmp_path_factory.mktemp("chaos")
    command = [sys.executable, "-W", "ignore", "-m", "tests.chaos", "--seed", str(SEED)]
    out = folder / "chaos.json"
    process = Process([*command, "--out", out], output=folder / "output.log", cwd=TOP)
    process.wait_until(lambda: not process.running, 380, "the run ends")
    assert process.exit_status == 0, process.said()[-6000:]
    return json.loads(out.read_text())


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(400)
def test_ten_faults_lose_and_double_nothing(short):
    assert short["whole"]
    assert short["faults"] == SHORT
    assert (sum(short["reckoned"]["lost"].values()), sum(short["reckoned"]["doubled"].values())) == (0, 0)
    assert short["reckoned"]["wrong"] == []
    assert all(step["recovery"] is not None for step in short["steps"])


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(400)
def test_there_was_a_load_that_could_have_lost_something(short):
    told = short["totals"]
    for name in ("Casts accepted", "Forms of ratings accepted", "Suggestions accepted", "Notices"):
        assert told[name] > 20, name
    assert told["Requests answered with 503"] + told["Requests whose answer was lost"] > 0


def test_a_seed_is_one_schedule_and_another_is_another():
    assert schedule(7, 200) == schedule(7, 200)
    assert schedule(7, 200) != schedule(8, 200)


@pytest.mark.parametrize("seed", range(5))
def test_a_schedule_has_so_many_faults_and_every_kind(seed):
    faults = [fault for step in schedule(seed, 200) for fault in step]
    assert len(faults) == 200
    assert {fault.kind for fault in faults} == set(NAMES)
    assert all(fault.amount for fault in faults if fault.kind == "clock jump")


def test_two_faults_at_once_have_two_victims():
    pairs = [step for step in schedule(7, 400) if len(step) > 1]
    assert pairs
    assert all(one.victim != other.victim for one, other in pairs)


def test_without_disks_none_is_full():
    assert not {fault.kind for step in schedule(7, 200, without=ON_DISKS) for fault in step} & set(ON_DISKS)


def test_every_kind_can_be_done():
    assert set(FAULTS) == set(NAMES)
    assert len(NAMES) == len(KINDS)


def test_what_is_lost_and_what_is_doubled_is_told():
    found = difference(["a", "b", "b", "c"], ["b", "b", "c", "c", "d", "e"], possible=["e"])
    assert Counter(found.lost) == Counter(["a"])
    assert Counter(found.doubled) == Counter(["c", "d"])
    assert not difference(["a"], ["a"], possible=["b"])
    assert difference([], ["b", "b"], possible=["b"]).doubled == ("b",)


def sheet(*receipts, in_record):
    accepted = {f"code {each}": Paper(["water"], each) for each in receipts}
    result = {"issued": len(receipts), "returned": len(receipts), "votes": {}}
    codes = list(accepted)
    return Sheet("p1", codes, len(codes), accepted, result=result, record={"receipts": in_record})


@pytest.mark.parametrize(
    ("in_record", "lost", "doubled"),
    [(["r1", "r2"], 0, 0), (["r1"], 1, 0), (["r1", "r2", "r2"], 0, 1), (["r1", "r2", "r9"], 0, 1)],
)
def test_a_receipt_that_is_missing_or_there_twice_is_found(monkeypatch, in_record, lost, doubled):
    monkeypatch.setattr(reckoning, "check_result", lambda sheet: None)
    found = Reckoned()
    reckoning._reckon_poll(found, sheet("r1", "r2", in_record=in_record))
    assert (found.lost["casts"], found.doubled["casts"]) == (lost, doubled)
    assert found.clean is (lost + doubled == 0)


def test_a_result_that_is_not_what_was_cast_is_found():
    found = Reckoned()
    reckoning._reckon_poll(found, sheet("r1", "r2", in_record=["r1", "r2"]))
    assert found.wrong[0].startswith("poll p1: AssertionError")


def test_a_poll_that_was_not_declared_is_found():
    found = Reckoned()
    reckoning._reckon_poll(found, Sheet("p1", ["a code"], 1))
    assert found.wrong == ["poll p1 was not declared"]


FAULT = Fault("connections cut", "ballots to broker", 0.1)


@pytest.mark.parametrize(
    ("passed", "wrong", "whole"),
    [
        ([Passed((FAULT,), 0.0, recovery=12.0)], [], True),
        ([Passed((FAULT,), 0.0)], [], False),
        ([], [], False),
        ([Passed((FAULT,), 0.0, recovery=1.0)], ["something"], False),
    ],
    ids=["recovered", "not recovered", "not done", "wrong"],
)
def test_a_run_is_whole_when_all_was_done_and_survived(passed, wrong, whole):
    report = Report(seed=1, planned=1, passed=passed, reckoned=Reckoned(wrong=wrong))
    assert report.whole is whole


def test_a_run_that_is_not_whole_says_how_to_repeat_it(capsys):
    from rich.console import Console

    Report(seed=41, planned=3, no_disks="permission denied").show(Console())
    said = capsys.readouterr().out
    assert "make chaos FAULTS=3 SEED=41" in said
    assert "none can be mounted here (permission denied)" in said


def test_log_counts_what_was_accepted():
    log = Log(polls={"p1": sheet("r1", "r2", in_record=[])})
    assert (log.casts, log.forms) == (2, 0)
