"""What it takes to have it: memory of the embedded suite and of each service, and the time to start."""

import sys
from pathlib import Path
from time import monotonic
from typing import Any

from piaojue.own_key import own_key
from tests.bench.processes import median_of, memory
from tests.bench.report import Figure, Measured, Target
from tests.bench.stage import Stage
from tests.end_to_end import year
from tests.support.processes import Process, http_status
from tests.support.region import RealRegion
from tests.support.running import Region
from tests.support.servers import free_ports
from tests.support.waiting import eventually

PIAOJUE = Path(sys.executable).parent / "piaojue"


def embedded(stage: Stage, folder: Path) -> Region:
    """The suite in one process, as an office starts it, once it is ready; its data in a folder."""
    port = free_ports(1)[0]
    command = [PIAOJUE, "up", "--data-folder", folder, "--port", str(port)]
    process = stage.start_program(command, "up")
    ready(process, f"http://127.0.0.1:{port}/health/ready")
    return Region(process, port, folder, own_key(folder).private)


def ready(process: Process, url: str) -> None:
    def answers() -> bool:
        assert process.running, process.said()[-2000:]
        return http_status(url) == 200

    eventually(answers, 60, f"{process.name} is ready", pause=0.005)


def memory_row(stage: Stage) -> Measured:
    """Resident memory, in MB, after the start and after a town's whole year: a vote of 79, a rating by 91."""
    suite = embedded(stage, stage.new_folder("suite"))
    found = {"piaojue up": {"start": memory(suite.process.pid)}}
    region = stage.region()
    region.start()
    for name, process in region.processes.items():
        found[name] = {"start": memory(process.pid)}
    stage.tell("memory: a year on both")
    for each in (suite, region):
        a_year(each)
    for name, process in {"piaojue up": suite.process, **region.processes}.items():
        found[name]["load"] = memory(process.pid)
    return Measured(memory_figures(found), {"mb": found})


def memory_figures(found: dict[str, Any]) -> list[Figure]:
    figures = []
    for name, each in found.items():
        target = Target(most=200) if name == "piaojue up" else None
        figures += [
            Figure(f"{name}, started", each["start"]["rss"], "MB", target=target),
            Figure(f"{name}, after a year", each["load"]["rss"], "MB", target=target),
        ]
    together = sum(each["load"]["pss"] for name, each in found.items() if name != "piaojue up")
    return [*figures, Figure("four processes, what they share counted once", together, "MB")]


def a_year(region: Region | RealRegion) -> None:
    """As the end-to-end tests have it."""
    year.put_on_record(region)
    year.publish_candidates(region)
    year.open_meeting(region)
    for number, code in enumerate(year.open_poll(region)):
        marks = ["water", "road"] if number < 61 else ["clinic"]
        assert year.cast(region, code, marks).status == 201
    year.declare(region)
    year.rate(region)
    eventually(lambda: "rating_concluded" in year.kinds(region), 60, "the notices are published")


def start_row(stage: Stage) -> Measured:
    """From the start of the process to ready; a start that is not counted has left the bytecode."""
    times = 1 if stage.quick else 5
    suite = [started_suite(stage) for _ in range(1 + times)][1:]
    region = stage.region()
    services = [{"again": started_service(region)} for _ in range(1 + times)][1:]
    bound = Target(most=3)
    return Measured(
        [
            Figure("piaojue up, in a new folder", median_of(suite, "first"), "s", target=bound),
            Figure("piaojue up, started again", median_of(suite, "again"), "s", target=bound),
            Figure("piaojue run ballots, on real servers", median_of(services, "again"), "s", target=bound),
        ],
        {"suite": suite, "ballots": services},
    )


def started_suite(stage: Stage) -> dict[str, float]:
    """Seconds: ``first`` with an empty folder, where keys and tables are made, ``again`` with the same."""
    folder, found = stage.new_folder("suite"), {}
    for name in ("first", "again"):
        begun = monotonic()
        suite = embedded(stage, folder)
        found[name] = round(monotonic() - begun, 3)
        suite.process.terminate()
    return found


def started_service(region: RealRegion) -> float:
    begun = monotonic()
    region.start("ballots")
    found = round(monotonic() - begun, 3)
    region.processes["ballots"].terminate()
    return found
