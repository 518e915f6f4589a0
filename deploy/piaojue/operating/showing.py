"""How the operator's commands show what they found: tables for people, JSON for machines."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from piaojue.terminal import fail_to_write, say

WHOLE: Final = {"service", "version", "consumer", "log"}
"""Columns whose words are not folded where there is little room; nor are numbers."""


def as_json(value: Any) -> None:
    """Prints one JSON value on one line."""
    say(json.dumps(value, ensure_ascii=False, default=_plain))


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """Prints a table that is as wide as it needs to be when nobody looks at it on a terminal. On one that is
    too narrow for a table with ids each row is told by itself: an id that is folded cannot be copied."""
    made = made_table(heads, rows, title)
    if "id" not in heads or _fits(made):
        say_rendered(made)
        return
    for row in rows:
        lines = [f"{head.removeprefix('#'):15}{shown(cell)}" for head, cell in zip(heads, row, strict=True)]
        say("\n".join([*lines, ""]))


def _fits(made: Any) -> bool:
    console = console_for_output()
    unbound = console.options.update(max_width=10_000)
    return bool(console.measure(made, options=unbound).maximum <= console.width)


def made_table(heads: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for place, head in enumerate(heads):
        number = head.startswith("#")
        widest = max((len(shown(row[place])) for row in rows), default=0)
        made.add_column(
            head,
            overflow="fold",
            justify="right" if number else "left",
            min_width=widest if number or head in WHOLE else None,
        )
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(shown(cell)) for cell in row))
    return made


def say_rendered(renderable: Any) -> None:
    """Prints what rich makes of it; its lines are not broken where standard output is no terminal."""
    console = console_for_output()
    try:
        with console.capture() as captured:
            console.print(renderable)
    except OSError as error:  # it writes even so, if only nothing
        fail_to_write(error)
    say(captured.get().rstrip("\n"))


def console_for_output() -> Any:
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 240
    return console


def shown(value: object) -> str:
    """In few words, and on one line whatever it holds."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S%z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if text.isprintable() else repr(text)[1:-1]


def age(seconds: float | None) -> str:
    """``4 s``, ``3 min``, ``2 h``, ``5 d``."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        from chassis.clock import rfc3339

        return rfc3339(value)
    raise TypeError(f"{type(value).__name__} cannot be shown as JSON")
