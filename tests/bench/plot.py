"""The figures as a picture: four panels of one SVG, drawn by gnuplot."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PROGRAM = "gnuplot"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
"""Told apart by everybody, also by those who do not see all colours."""
COLOURS = (BLUE, ORANGE, GREEN, RED)
NAMES = {
    "consumer": "at the broker, consumer away",
    "broker": "in the outbox, broker away",
    "queue": "in no queue, asked for at the source",
}


class NothingToPlot(Exception):
    """No row with a panel is in the report, or gnuplot is not there."""


@dataclass
class Line:
    """``points``: (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass
class Panel:
    """``labels``: what to write at the numbers of the x axis, from 0, instead of these."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    style: str = "lines"
    labels: Sequence[str] = field(default_factory=list)


def panels(rows: Mapping[str, Any]) -> list[Panel]:
    """Those of which the report has the rows, by what ``rows`` of its JSON says."""
    made = {"casts": casts, "log": log, "pile": pile, "soak": soak}
    return [panel(rows) for name, panel in made.items() if name in rows]


def casts(rows: Mapping[str, Any]) -> Panel:
    names = {
        "one process": ("casts", "piaojue"),
        "two processes": ("pair", "two"),
        "10 million\\npast papers": ("past", "full"),
        "nameko,\\na constant": ("casts", "nameko"),
    }
    bars = {
        name: [run["rate"] for run in rows[row]["details"][which]]
        for name, (row, which) in names.items()
        if row in rows
    }
    points = [(float(at), sorted(rates)[len(rates) // 2]) for at, rates in enumerate(bars.values())]
    return Panel("Casts with a receipt", "", "a second", [Line("", points)], "boxes", list(bars))


def log(rows: Mapping[str, Any]) -> Panel:
    sizes = rows["log"]["details"]["log"]
    lines = [
        Line(title, [
            (float(at), sorted(run["rate"] for run in runs[name])[len(runs[name]) // 2])
            for at, runs in enumerate(sizes.values())
        ])
        for name, title in (("piaojue", "Piaojue"), ("nameko", "plain nameko, without any log"))
    ]  # fmt: skip
    labels = [f"{int(size):,}" for size in sizes]
    return Panel(
        "Events from commit to commit", "events in the log", "a second", lines, "linespoints", labels
    )


def pile(rows: Mapping[str, Any]) -> Panel:
    found = rows["pile"]["details"]["pile"]
    lines = [
        Line(title, [(0.0, 0.0), *((seconds, handled) for seconds, handled in found[name]["curve"])])
        for name, title in NAMES.items()
    ]
    return Panel("Events that had piled up", "seconds since all are back", "handled", lines)


def soak(rows: Mapping[str, Any]) -> Panel:
    samples = rows["soak"]["details"]["samples"]
    lines = [
        Line(name, [(sample["seconds"] / 60, sample[name]["rss"]) for sample in samples])
        for name in samples[0]
        if isinstance(samples[0][name], dict)
    ]
    return Panel("Memory under load", "minutes", "MB", lines)


def svg(rows: Mapping[str, Any]) -> str:
    """NothingToPlot."""
    found = panels(rows)
    program = shutil.which(PROGRAM)
    if not found or program is None:
        raise NothingToPlot("no row that has a picture" if program else f"{PROGRAM} is not installed")
    drawn = subprocess.run(
        [program], input=script(found), capture_output=True, text=True, timeout=60, check=True
    )
    return drawn.stdout


def script(found: Sequence[Panel]) -> str:
    """What gnuplot is told."""
    columns = min(len(found), 2)
    lines = -(-len(found) // 2)
    return "\n".join(
        [
            f'set terminal svg size {columns * 480},{lines * 330} font "sans-serif,12" background "white"',
            f"set multiplot layout {lines},{columns}",
            'set border 3 linecolor "#555555"',
            'set grid ytics linecolor "#dddddd"',
            "set tics nomirror",
            "set yrange [0:*]",
            "set key bottom right samplen 2 spacing 1.1",
            *(line for panel in found for line in panel_script(panel)),
            "unset multiplot\n",
        ]
    )


def panel_script(panel: Panel) -> Iterable[str]:
    for number, line in enumerate(panel.lines):
        yield f"$line{number} << END"
        yield from (f"{x:g} {y:g}" for x, y in line.points)
        yield "END"
    labels = ", ".join(f'"{label}" {at}' for at, label in enumerate(panel.labels))
    yield f'set title "{panel.title}" font ",14"'
    yield f'set xlabel "{panel.x}"; set ylabel "{panel.y}"'
    yield f"set xtics ({labels})" if labels else "set xtics autofreq"
    yield f"set xrange [-0.6:{len(panel.labels) - 0.4}]" if labels else "set xrange [0:*]"
    yield "set boxwidth 0.6; set style fill solid" if panel.style == "boxes" else "set style fill empty"
    yield "plot " + ", ".join(
        f'$line{number} with {panel.style} linewidth 2 pointtype 7 linecolor "{COLOURS[number]}" '
        + (f'title "{line.name}"' if line.name else "notitle")
        for number, line in enumerate(panel.lines)
    )
