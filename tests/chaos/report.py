"""What a run has found: a table for people, a JSON document for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.report import described, machine
from tests.chaos.reckoning import Reckoned
from tests.chaos.schedule import KINDS, Fault, Step

TARGET_SECONDS = 10.0


@dataclass
class Passed:
    """One step of the schedule. ``recovery``: seconds from its end, at which servers of others that were away
    work again; ``restart``: what that took them before; ``recovery`` is None when it did not come."""

    step: Step
    began: float
    restart: float = 0.0
    recovery: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "step": [asdict(fault) for fault in self.step]}


@dataclass
class Report:
    """Of one run. ``totals``: of what the clients were told, by name."""

    seed: int
    planned: int
    only: tuple[str, ...] = ()
    no_disks: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    passed: list[Passed] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    reckoned: Reckoned = field(default_factory=Reckoned)

    @property
    def faults(self) -> list[Fault]:
        return [fault for passed in self.passed for fault in passed.step]

    @property
    def recoveries(self) -> list[float]:
        return [passed.recovery for passed in self.passed if passed.recovery is not None]

    @property
    def whole(self) -> bool:
        """All that was planned was done and survived, and nothing is missing or there twice."""
        recovered = len(self.recoveries) == len(self.passed)
        return self.reckoned.clean and recovered and len(self.faults) == self.planned

    def as_json(self) -> dict[str, Any]:
        return {
            "started": self.started.isoformat(timespec="seconds"),
            "seed": self.seed,
            "only": self.only,
            "faults": len(self.faults),
            "seconds": round(self.seconds),
            "machine": machine(),
            "no_disks": self.no_disks,
            "whole": self.whole,
            "totals": self.totals,
            "reckoned": asdict(self.reckoned),
            "longest_recovery": max(self.recoveries, default=None),
            "steps": [passed.as_json() for passed in self.passed],
        }

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        console.print(self._faults())
        console.print(self._findings())
        if self.no_disks:
            console.print(f"No disk was full: none can be mounted here ({self.no_disks}).", markup=False)
        for wrong in self.reckoned.wrong:
            console.print(wrong, markup=False, highlight=False, style="red")
        if not self.whole:
            console.print(f"The same schedule again: make chaos FAULTS={self.planned} SEED={self.seed}")

    def _faults(self) -> Table:
        table = Table(title=f"Faults, of seed {self.seed}", title_justify="left")
        table.add_column("Kind")
        for heading in ("Faults", "Recovery, median", "Longest"):
            table.add_column(heading, justify="right")
        for kind in KINDS:
            mine = [each for each in self.passed if any(fault.kind == kind.name for fault in each.step)]
            times = sum(fault.kind == kind.name for fault in self.faults)
            seconds = [each.recovery for each in mine if each.recovery is not None]
            table.add_row(kind.name, str(times), *_seconds(seconds))
        table.add_section()
        table.add_row("All", str(len(self.faults)), *_seconds(self.recoveries))
        return table

    def _findings(self) -> Table:
        table = Table(caption=described(machine()), show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, count in self.totals.items():
            table.add_row(name, f"{count:,}")
        found = self.reckoned
        table.add_section()
        for name, counts in (("lost", found.lost), ("doubled", found.doubled)):
            total = sum(counts.values())
            table.add_row(name.capitalize(), _judged(f"{total:,}", total == 0))
        longest = max(self.recoveries, default=0.0)
        table.add_row(
            f"Longest recovery (target: under {TARGET_SECONDS:g} s)",
            _judged(f"{longest:.1f} s", longest < TARGET_SECONDS),
        )
        restarts = max((each.restart for each in self.passed), default=0.0)
        table.add_row("Longest return of a server before it", f"{restarts:.1f} s")
        table.add_row("All of it took", f"{self.seconds:,.0f} s")
        return table


def _seconds(found: Sequence[float]) -> tuple[str, str]:
    if not found:
        return "", ""
    return f"{median(found):.1f} s", _judged(f"{max(found):.1f} s", max(found) < TARGET_SECONDS)


def _judged(text: str, good: bool) -> str:
    return f"[green]{text}[/green]" if good else f"[red]{text}[/red]"
