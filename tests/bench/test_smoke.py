"""The bench itself: everything can be measured, nothing that failed is hidden. No test looks at a speed."""

import json
import os
import signal
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from piaojue_contracts import Event, verify
from tests.bench import __main__ as bench
from tests.bench import long_log, publish
from tests.bench.past import QUICK_PAST
from tests.bench.pile import QUICK_EVENTS
from tests.bench.plot import NAMES as PILES
from tests.bench.plot import NothingToPlot, svg
from tests.bench.report import Figure, Measured, Target
from tests.support.processes import Process
from tests.support.region import SERVICES


def a_row(stage):
    """A row."""
    return Measured([Figure("speed", 2.0, "/s", 1.0, Target(least=3))], {"runs": [2.0]})


def a_broken_row(stage):
    """A row that cannot be measured."""
    (stage.new_folder("broken") / "output.log").write_text("what was said")
    raise RuntimeError("no such thing")


def measured(out, *arguments, rows):
    status = bench.main([*arguments, "--out", str(out)], rows)
    return status, json.loads(out.read_text())


def run_of(**details):
    """The JSON of a run of which each row has one figure, and these details."""
    figure = {
        "name": "speed",
        "value": 1200.0,
        "unit": "/s",
        "nameko": 400.0,
        "target": "≥ 3",
        "reached": True,
    }
    rows = {name: {"figures": [figure], "details": found} for name, found in details.items()}
    return {"started": "2026-11-29T12:00:00", "quick": False, "machine": {}, "failed": {}, "rows": rows}


PILE = {"pile": {name: {"curve": [[1.0, 10], [2.5, 20]]} for name in ("consumer", "broker", "queue")}}
SOAK = {"samples": [{"seconds": at * 60, "casts": at, "ballots": {"rss": 90.0}} for at in range(3)]}


def test_a_row_that_fails_does_not_keep_the_others_from_their_figures(tmp_path, capsys):
    status, found = measured(tmp_path / "b.json", rows={"broken": a_broken_row, "good": a_row})
    assert status == 1
    assert found["failed"] == {"broken": "RuntimeError: no such thing"}
    assert found["rows"]["good"]["figures"][0]["value"] == 2.0
    assert "broken has no figures" in capsys.readouterr().out
    logs = [file.read_text() for file in (tmp_path / "b-broken-logs").rglob("*.log")]
    assert logs == ["what was said"]


def test_a_target_that_is_not_reached_is_said_and_is_no_failure(tmp_path):
    status, found = measured(tmp_path / "b.json", rows={"good": a_row})
    assert status == 0
    figure = found["rows"]["good"]["figures"][0]
    assert (figure["target"], figure["reached"], figure["nameko"]) == ("≥ 3", False, 1.0)


@pytest.mark.parametrize(("others", "said"), [(0.05, False), (0.9, True)])
def test_a_machine_that_was_busy_with_other_things_is_told_of(tmp_path, capsys, others, said):
    def row(stage):
        return Measured([Figure("speed", 2.0, "/s")], {"runs": [{"processors": {"others": others}}]})

    measured(tmp_path / "b.json", rows={"busy": row})
    assert ("other programs took up to 0.9" in capsys.readouterr().out) is said


def test_only_the_chosen_rows_are_measured(tmp_path):
    _, found = measured(tmp_path / "b.json", "good", rows={"broken": a_broken_row, "good": a_row})
    assert (list(found["rows"]), found["failed"]) == (["good"], {})


def test_a_row_that_does_not_exist_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        bench.main(["speed"], {"good": a_row})
    assert ended.value.code == 2
    assert "rows: good" in capsys.readouterr().err


def test_a_row_that_hangs_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "LONGEST_ROW_SECONDS", 1)
    status, found = measured(tmp_path / "b.json", rows={"hanging": lambda stage: signal.pause()})
    assert status == 1
    assert found["failed"]["hanging"].startswith("RowTooLongError")


def test_a_published_table_says_what_was_reached_and_what_was_missed():
    run = run_of(pile=PILE)
    run["rows"]["pile"]["figures"].append(
        {**run["rows"]["pile"]["figures"][0], "reached": False, "nameko": None}
    )
    assert list(publish.table(publish.merged([run])))[2:] == [
        "| pile | speed | 1,200 /s | 400 /s | ≥ 3 /s: reached |",
        "|  | speed | 1,200 /s |  | ≥ 3 /s: **missed** |",
    ]


def test_of_two_runs_the_later_one_has_the_last_word_on_a_row():
    later = run_of(pile=SOAK) | {"started": "2026-11-30T12:00:00"}
    rows = publish.merged([run_of(pile=PILE, soak=SOAK), later])["rows"]
    assert [(name, row["started"][8:10]) for name, row in rows.items()] == [("pile", "30"), ("soak", "29")]


@pytest.mark.parametrize("fault", [{"quick": True}, {"failed": {"casts": "no answer"}}])
def test_a_run_that_is_not_whole_is_not_published(fault):
    with pytest.raises(ValueError, match="only whole runs"):
        publish.merged([run_of() | fault])


@pytest.mark.slow
def test_the_picture_has_a_panel_for_each_row_and_a_line_for_each_thing_in_it():
    drawn = ElementTree.fromstring(svg(run_of(pile=PILE, soak=SOAK, events={})["rows"]))
    said = {text.strip() for text in drawn.itertext()}
    assert {"Events that had piled up", "Memory under load", *PILES.values(), "ballots"} <= said
    assert "Casts with a receipt" not in said


def test_there_is_no_picture_of_nothing():
    with pytest.raises(NothingToPlot):
        svg(run_of(events={})["rows"])


def test_what_is_added_to_a_log_continues_its_chain():
    tip = Event(
        id="1", source="/regions/430181/source", type="piaojue.source.thing_done.v1", subject="thing-1",
        time="2026-11-29T12:00:00.000000Z", sequence=3, previous_hash="0" * 64, data={"of": "100 %"},
    ).sealed()  # fmt: skip
    ((logged, handled),) = long_log.chunks(tip, 10)
    rows = [line.split("\t") for line in logged.getvalue().splitlines()]
    events = [Event.from_bytes(row[5].encode()) for row in rows]
    assert verify(events, after=3, previous_hash=tip.hash) == (10, rows[-1][4])
    assert [row[:5] for row in rows] == [
        [str(event.sequence), event.id, event.type, event.subject, event.hash] for event in events
    ]
    assert [line.split("\t")[1:3] for line in handled.getvalue().splitlines()] == [row[:2] for row in rows]


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """What a whole quick run has written. It leaves nothing running, and nothing in the temporary folder."""
    folder = tmp_path_factory.mktemp("bench")
    rows = list(bench.ROWS)
    process = started(folder, *rows)
    process.wait_until(lambda: not process.running, 280, "the bench ends")
    assert process.exit_status == 0, process.said()[-5000:]
    assert nothing_is_left(folder)
    return json.loads((folder / "bench.json").read_text())


def started(folder, *rows):
    """A quick run; what it starts can be told by its temporary folder, which they all inherit."""
    (folder / "tmp").mkdir()
    command = [sys.executable, "-m", "tests.bench", *rows, "--quick", "--out", folder / "bench.json"]
    env = {**os.environ, "TMPDIR": str(folder / "tmp")}
    return Process(command, output=folder / "output.log", env=env, cwd=bench.TOP)


def nothing_is_left(folder):
    mark = f"TMPDIR={folder / 'tmp'}".encode()
    running = [file.parent.name for file in Path("/proc").glob("[0-9]*/environ") if holds(file, mark)]
    return not running and not list((folder / "tmp").iterdir())


def holds(file, text):
    try:
        return text in file.read_bytes()
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.real
def test_a_run_that_is_asked_to_end_leaves_nothing_behind(tmp_path):
    process = started(tmp_path, "events")
    process.wait_for_line("^events: piaojue", 90)
    assert process.terminate(within=60) == 130
    assert nothing_is_left(tmp_path)
    assert not (tmp_path / "bench.json").exists()


@pytest.mark.slow
@pytest.mark.real
def test_a_quick_run_has_every_row(quick_run):
    assert quick_run["failed"] == {}
    assert set(quick_run["rows"]) == set(bench.ROWS)
    for row in quick_run["rows"].values():
        assert row["figures"]
        assert all(
            figure["value"] > 0 for figure in row["figures"] if "more in an hour" not in figure["name"]
        )
        assert all(figure["nameko"] is None or figure["nameko"] > 0 for figure in row["figures"])


@pytest.mark.slow
@pytest.mark.real
def test_a_quick_run_agrees_with_itself(quick_run):
    events = quick_run["rows"]["events"]["details"]
    for name in ("piaojue, 1", "piaojue, 10", "nameko, 1", "nameko, 10", "lag"):
        run = events[name]
        assert run["rate"] == pytest.approx(run["events"] / run["seconds"], rel=0.05)
        assert 0 < run["lag_p50"] <= run["lag_p99"] <= run["lag_most"]
        assert run["rate"] <= run["committing"]
    for found in quick_run["rows"]["memory"]["details"]["mb"].values():
        for moment in ("start", "load"):
            assert 0 < found[moment]["pss"] <= found[moment]["rss"] <= found[moment]["peak"]


@pytest.mark.slow
@pytest.mark.real
def test_every_cast_of_a_quick_run_is_counted(quick_run):
    casts = quick_run["rows"]["casts"]["details"]
    runs = [*casts["piaojue"], *casts["nameko"]]
    assert casts["papers"] == sum(run["requests"] for run in casts["piaojue"]) + casts["warm_up"]
    for run in runs:
        assert run["rate"] == pytest.approx(run["requests"] / run["seconds"], rel=0.01)
        assert 0 < run["p50"] <= run["p99"] <= run["most"]


@pytest.mark.slow
@pytest.mark.real
def test_the_steps_of_a_quick_run_to_a_declared_result_are_all_of_it(quick_run):
    (run,) = quick_run["rows"]["declared"]["details"]["declared"]
    steps = [run[name] for name in ("closing", "counting", "signing", "declaring")]
    assert min(steps) > 0
    assert run["all"] == pytest.approx(sum(steps), abs=1)


@pytest.mark.slow
@pytest.mark.real
def test_the_past_of_a_quick_run_is_in_the_store(quick_run):
    past = quick_run["rows"]["past"]["details"]
    assert past["filled"]["papers"] == QUICK_PAST
    assert all(run["requests"] == 1000 for run in [*past["empty"], *past["full"]])


@pytest.mark.slow
@pytest.mark.real
def test_both_processes_of_a_quick_run_have_worked(quick_run):
    (one,), (two,) = (quick_run["rows"]["pair"]["details"][name] for name in ("one", "two"))
    assert one["requests"] == two["requests"] == 1000
    assert min(two["processor_ms"][name] for name in ("service 1", "service 2")) > 0
    assert one["processor_ms"]["service"] > 0


@pytest.mark.slow
@pytest.mark.real
def test_what_had_piled_up_in_a_quick_run_is_all_handled(quick_run):
    for found in quick_run["rows"]["pile"]["details"]["pile"].values():
        assert found["curve"][-1] == [found["seconds"], QUICK_EVENTS]
        assert 0 < found["first_after"] <= found["seconds"]


@pytest.mark.slow
@pytest.mark.real
def test_a_quick_run_has_events_with_each_length_of_the_log(quick_run):
    sizes = quick_run["rows"]["log"]["details"]["log"]
    assert [int(size) for size in sizes] == [0, *long_log.QUICK_SIZES]
    for runs in sizes.values():
        assert all(run["rate"] > 0 for name in ("piaojue", "nameko") for run in runs[name])


@pytest.mark.slow
@pytest.mark.real
def test_a_quick_run_has_seen_every_process_while_people_voted_and_rated(quick_run):
    details = quick_run["rows"]["soak"]["details"]
    assert set(details["samples"][-1]) == {"seconds", "casts", *SERVICES}
    assert all(sample[name]["rss"] > 20 for sample in details["samples"] for name in SERVICES)
    assert min(details["made"].values()) > 0
