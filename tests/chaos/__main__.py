"""``python -m tests.chaos``: faults by a seeded schedule, on a real region under load; then the reckoning."""

import argparse
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from rich.console import Console

from tests.bench.__main__ import bounded
from tests.chaos.asking import NotTold, pause
from tests.chaos.faults import FAULTS
from tests.chaos.load import Load, prepare
from tests.chaos.reckoning import reckon
from tests.chaos.recovery import NotRecovered, Recovery
from tests.chaos.report import Passed, Report
from tests.chaos.schedule import NAMES, ON_DISKS, schedule
from tests.chaos.stage import Stage
from tests.support.running import TOP

SHORT = 10
DEFAULT_FILE = TOP / ".chaos" / "chaos.json"
LONGEST_START = 300
LONGEST_FAULT = 60
"""Seconds for a fault and its recovery, on the average; a run that takes longer than all of them is ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 when something was lost or doubled, is wrong or did not recover; 130 when it was
    asked to end."""
    chosen = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = Report(chosen.seed, chosen.faults, tuple(chosen.only))
    tell(f"{chosen.faults} faults of seed {chosen.seed}")
    try:
        with TemporaryDirectory(prefix="piaojue-chaos-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o755)  # PostgreSQL's own user comes through it when root runs this
            with bounded(LONGEST_START + LONGEST_FAULT * chosen.faults):
                run(Path(folder), report, chosen.out, keep=chosen.logs)
    except KeyboardInterrupt:
        tell("ended before it was done")
        return 130
    report.show(Console())
    report.write(chosen.out)
    print(f"Also in {chosen.out}")
    return 0 if report.whole else 1


def run(folder: Path, report: Report, out: Path, *, keep: bool = False) -> None:
    """The logs are kept beside ``out``, if wanted, and of a run that is not whole."""
    began = monotonic()
    with Stage(folder) as stage:
        report.no_disks = stage.no_disks
        try:
            prepare(stage.region)
            load = Load(stage.region, report.seed).start()
            try:
                pass_through(stage, load, report, began)
            except (NotTold, NotRecovered) as why:
                load.log.wrong.append(str(why))
            report.reckoned = reckon(stage.region, load.finish())
            report.totals = totals(load, report, folder / "region")
        finally:
            report.seconds = monotonic() - began
            if keep or not report.whole:
                keep_logs(folder, out.with_name(f"{out.stem}-logs"))


def pass_through(stage: Stage, load: Load, report: Report, began: float) -> None:
    without = ON_DISKS if stage.no_disks else ()
    steps = schedule(report.seed, report.planned, only=report.only, without=without)
    recovery = Recovery(stage.region, load.log)
    recovery.seconds()  # all is well before the first
    for number, step in enumerate(steps, 1):
        if load.log.wrong:
            return
        passed = Passed(step, round(monotonic() - began, 1))
        report.passed.append(passed)
        with ExitStack() as faults:
            for fault in step:
                faults.enter_context(FAULTS[fault.kind](stage, fault))
                pause(fault.seconds)
            ending = monotonic()
        passed.restart = round(monotonic() - ending, 2)
        passed.recovery = round(recovery.seconds(), 2)
        what = " + ".join(map(str, step))
        tell(f"{number}/{len(steps)}  {what}: recovered in {passed.recovery:.1f} s")


def totals(load: Load, report: Report, folder: Path) -> dict[str, int]:
    log, found = load.log, report.reckoned
    return {
        "Casts accepted": log.casts,
        "Casts refused, since the poll was closed": sum(len(sheet.late) for sheet in log.polls.values()),
        "Polls declared": sum(sheet.result is not None for sheet in log.polls.values()),
        "Forms of ratings accepted": log.forms,
        "Suggestions accepted": len(log.suggestions),
        "Requests whose answer was lost": load.asking.lost,
        "Requests answered with 503": load.asking.unavailable,
        "Events whose handler failed": len(list(folder.glob("raise-*"))),
        "Events whose handler's process died": len(list(folder.glob("die-*"))),
        "Events": found.events,
        "Notices": found.notices,
    }


def keep_logs(folder: Path, kept: Path) -> None:
    for file in folder.rglob("*.log"):
        target = kept / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    tell(f"The logs are in {kept}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Lets a region under load suffer faults, and checks that nothing was lost or doubled.",
    )
    made.add_argument("--faults", type=int, default=SHORT, help=f"how many ({SHORT})")
    made.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of the schedule")
    made.add_argument(
        "--only", action="append", default=[], choices=NAMES, metavar="KIND", help=f"of {', '.join(NAMES)}"
    )
    made.add_argument("--logs", action="store_true", help="keep them beside the JSON file in any case")
    made.add_argument("--out", type=Path, default=DEFAULT_FILE, help="the JSON file (.chaos/chaos.json)")
    return made


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
