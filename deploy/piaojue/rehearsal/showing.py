"""A rehearsal as people like to read it."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text

from piaojue.rehearsal import tables
from piaojue.rehearsal.tables import SHOWN

WIDEST: Final = 100


class _Step:
    def __init__(self, title: Text, status: Status | None) -> None:
        self._title = title
        self._status = status
        self.detail = ""

    def count(self, done: int, total: int) -> None:
        if self._status is not None:
            self._status.update(Text.assemble(self._title, "  ", tables.bar(done, total), f" {done}/{total}"))

    def say(self, detail: str) -> None:
        self.detail = detail


class Silent:
    """Nobody looks on."""

    @contextmanager
    def step(self, chinese: str, english: str) -> Iterator[_Step]:
        yield _Step(Text(english), None)

    def show(self, part: str, story: dict[str, Any]) -> None:
        pass


class Shown:
    """Told step by step to a terminal, or to whatever standard output is."""

    def __init__(self) -> None:
        self.console = Console(  # what the file says is shown as it is, brackets and colons included
            markup=False, emoji=False, highlight=False, soft_wrap=False
        )
        self.console.width = min(self.console.width, WIDEST)

    def begin(self, title: str, notes: Sequence[str]) -> None:
        told: list[RenderableType] = [Text(title, style="bold")]
        for note in notes:
            told += ["", Text(note, style="dim")]
        self.console.print(Panel(Group(*told), box=box.HEAVY, border_style=SHOWN, padding=(0, 1)))
        self.console.print()

    @contextmanager
    def step(self, chinese: str, english: str) -> Iterator[_Step]:
        title = Text.assemble((_padded(chinese, 10), "bold"), " ", english)
        began = monotonic()
        status = self.console.status(title, spinner_style=SHOWN) if self.console.is_terminal else None
        step = _Step(title, status)
        try:
            if status is None:
                yield step
            else:
                with status:
                    yield step
        except Exception:
            self._line("✗", "red", chinese, english, "failed", monotonic() - began)
            raise
        self._line("✓", "green", chinese, english, step.detail, monotonic() - began)

    def _line(self, mark: str, style: str, chinese: str, english: str, detail: str, seconds: float) -> None:
        line = Table.grid(padding=(0, 1), expand=True)
        for options in ({"width": 1}, {"width": 10}, {"ratio": 5}, {"ratio": 7}, {"width": 7}):
            line.add_column(**options)  # type: ignore[arg-type]
        took = Text(f"{seconds:.2f} s", style="dim", justify="right")
        line.add_row(
            Text(mark, style=style), Text(chinese, style="bold"), english, Text(detail, style="dim"), took
        )
        self.console.print(line)

    def show(self, part: str, story: dict[str, Any]) -> None:
        shown = {
            "candidates": tables.candidates,
            "heading": tables.heading,
            "poll": tables.poll,
            "notice": tables.notice,
            "decisions": tables.decisions,
            "rating": tables.rating,
            "logs": tables.logs,
        }[part](story)
        self.console.print(Padding(shown, (1, 0)))

    def end(self, story: dict[str, Any], seconds: float) -> None:
        good = story["as_expected"]
        verified = sum(poll.get("record", {}).get("verified", False) for poll in story.get("polls", ()))
        records = f"{verified} record{'s' * (verified != 1)} verified offline"
        told = f"All as expected; {records}, in {seconds:.1f} s." if good else "Not as expected:"
        self.console.print(Text(told, style="bold green" if good else "bold red"))


def as_json(story: dict[str, Any]) -> str:
    """One document."""
    plain = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    return json.dumps(story, ensure_ascii=plain, indent=2)


def _padded(text: str, width: int) -> str:
    return text + " " * max(width - cell_len(text), 0)
