"""What a run has found: a table for people, a JSON document for machines."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.processes import OTHERS, memory_of_machine
from tests.support import postgresql

QUIET = 0.15


@dataclass(frozen=True)
class Target:
    """``least`` or ``most`` of a figure, in its own unit."""

    least: float | None = None
    most: float | None = None

    def reached(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value < self.most)

    def __str__(self) -> str:
        return f"≥ {spoken(self.least)}" if self.least is not None else f"< {spoken(self.most)}"


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``nameko``: the same of plain nameko, where there is such a thing."""

    name: str
    value: float
    unit: str
    nameko: float | None = None
    target: Target | None = None

    def as_json(self) -> dict[str, Any]:
        reached = self.target.reached(self.value) if self.target else None
        target = str(self.target) if self.target else None
        return {**asdict(self), "target": target, "reached": reached}


@dataclass(frozen=True)
class Measured:
    """What a row returns: its figures, and all that somebody may want to know of how they came about."""

    figures: list[Figure]
    details: dict[str, Any]


@dataclass
class Report:
    """Of one run. ``failed``: row → why it has no figures."""

    quick: bool
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    rows: dict[str, Measured] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "started": self.started.isoformat(timespec="seconds"),
            "quick": self.quick,
            "machine": machine(),
            "rows": {
                name: {"figures": [each.as_json() for each in row.figures], "details": row.details}
                for name, row in self.rows.items()
            },
            "failed": self.failed,
        }

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        console.print(self._table())
        for name, why in self.failed.items():
            lines = why.splitlines()
            console.print(f"[red]{name} has no figures:[/red]", lines[0], highlight=False)
            console.print(*lines[1:][-1:], markup=False, highlight=False)
        busiest = max((most_of_others(row.details) for row in self.rows.values()), default=0.0)
        if busiest > QUIET:
            console.print(
                f"Meanwhile other programs took up to {busiest:.1f} processors, and the figures suffered; "
                "times of processors hardly do."
            )
        if self.quick:
            console.print("A quick run: it shows that everything can be measured, its figures mean little.")

    def _table(self) -> Table:
        table = Table(title="Piaojue, measured", title_justify="left", caption=described(machine()))
        table.add_column("Row")
        table.add_column("Figure")
        for heading in ("Piaojue", "Plain nameko", "Target"):
            table.add_column(heading, justify="right")
        for name, row in self.rows.items():
            for number, figure in enumerate(row.figures):
                table.add_row("" if number else name, figure.name, *cells(figure))
            table.add_section()
        return table


def most_of_others(details: Any) -> float:
    """The most that anything else took of the processors while something in these details was measured."""
    if isinstance(details, Mapping):
        return max([details.get(OTHERS, 0.0), *map(most_of_others, details.values())])
    if isinstance(details, list):
        return max(map(most_of_others, details), default=0.0)
    return 0.0


def cells(figure: Figure) -> tuple[str, str, str]:
    colour = "" if figure.target is None else "green" if figure.target.reached(figure.value) else "red"
    value = f"{spoken(figure.value)} {figure.unit}"
    nameko = "" if figure.nameko is None else f"{spoken(figure.nameko)} {figure.unit}"
    target = f"{figure.target} {figure.unit}" if figure.target else ""
    return (f"[{colour}]{value}[/{colour}]" if colour else value), nameko, target


def spoken(value: float | None) -> str:
    """Three digits that mean something."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{round(value, digits):,.{digits}f}".removesuffix(".00").removesuffix(".0")


def machine() -> Mapping[str, Any]:
    """What the figures depend on."""
    programs = postgresql.programs()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": memory_of_machine(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": programs.parent.name if programs else None,
        "rabbitmq": debian_version("rabbitmq-server"),
        "load": os.getloadavg()[0],
    }


def described(found: Mapping[str, Any]) -> str:
    servers = f"PostgreSQL {found['postgresql']}, RabbitMQ {found['rabbitmq']}"
    shared = f"{found['cores']} cores, shared by generator, services, broker and database"
    return f"{shared}; {servers}, Python {found['python']}"


def debian_version(package: str) -> str | None:
    try:
        asked = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.partition("-")[0]
