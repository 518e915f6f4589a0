"""``python -m tests.bench.publish FILE…``: what the bench found becomes what docs/performance.md shows.

Of a row that is in several runs the last one counts. The table in the page is made by ``make docs``.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.plot import svg
from tests.bench.report import spoken
from tests.bench.stage import TOP

FIGURES = TOP / "docs" / "performance.json"
PICTURE = FIGURES.with_suffix(".svg")
PAGE = FIGURES.with_suffix(".md")
BEGIN, END = "<!-- figures: made by `make docs` from performance.json -->\n", "<!-- end of figures -->\n"


def merged(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One report; each row says when its run was ``started``, and on what ``machine``.

    ValueError: a run was a quick one, or a row of it has no figures.
    """
    rows: dict[str, Any] = {}
    for report in reports:
        if report["quick"] or report["failed"]:
            raise ValueError("only whole runs are published, and only those in which nothing failed")
        run = {"started": report["started"], "machine": report["machine"]}
        rows |= {name: {**row, **run} for name, row in report["rows"].items()}
    return {"rows": rows}


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """Lines of Markdown."""
    yield "| Row | Figure | Piaojue | Plain nameko | Target |"
    yield "| --- | --- | ---: | ---: | --- |"
    for name, row in found["rows"].items():
        for number, figure in enumerate(row["figures"]):
            yield f"| {'' if number else name} | {' | '.join(cells(figure))} |"


def cells(figure: Mapping[str, Any]) -> tuple[str, str, str, str]:
    unit = figure["unit"]
    nameko = "" if figure["nameko"] is None else f"{spoken(figure['nameko'])} {unit}"
    verdict = "reached" if figure["reached"] else "**missed**"
    target = "" if figure["target"] is None else f"{figure['target']} {unit}: {verdict}"
    return figure["name"], f"{spoken(figure['value'])} {unit}", nameko, target


def page() -> str:
    """docs/performance.md with the table of the figures that are kept."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    made = table(json.loads(FIGURES.read_text(encoding="utf-8")))
    return "".join([head, BEGIN, *(f"{line}\n" for line in made), END, rest.split(END)[1]])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.publish", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON of a run of the bench")
    chosen = parser.parse_args(arguments)
    found = merged([json.loads(file.read_text(encoding="utf-8")) for file in chosen.files])
    FIGURES.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
    PICTURE.write_text(svg(found["rows"]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
