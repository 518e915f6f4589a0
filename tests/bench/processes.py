"""What the kernel says of processes: the time they took of the processors, the memory they hold."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from tests.support.processes import descendants

TICKS = os.sysconf("SC_CLK_TCK")
OTHERS = "others"
"""What this machine did that was not for the bench. Much of it, and the figures are not those of the
machine."""


class Busy:
    """How busy the processes below this one are, in processors, from its making to ``done``.

    ``names``: what to call some of them, by pid; the others are called what their program is called, and
    those that have ended meanwhile are one, called ``ended``.
    """

    def __init__(self, names: Mapping[int, str], ended: str = "ended") -> None:
        self._names = names
        self._ended = ended
        self._before = self._ticks()
        self._started = monotonic()

    def done(self, count: int) -> dict[str, dict[str, float]]:
        """What ``count`` requests or events have cost. ``processors``: 1.0 is one, all the time.
        ``processor_ms``: milliseconds for each of them, which hardly depend on what else the machine does."""
        elapsed = monotonic() - self._started
        used = self._ticks()
        used.subtract(self._before)
        seconds = {name: ticks / TICKS for name, ticks in used.most_common() if ticks > 0}
        return {
            "processors": {name: round(spent / elapsed, 2) for name, spent in seconds.items()},
            "processor_ms": {
                name: round(spent * 1000 / count, 3) for name, spent in seconds.items() if name != OTHERS
            },
        }

    def _ticks(self) -> "Counter[str]":
        found: Counter[str] = Counter()
        for pid in descendants(os.getpid()):
            try:
                name, fields = split(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
            except OSError:
                continue
            # Its own, in the kernel and outside of it, and those of its children that have ended.
            found[self._names.get(pid, name)] += sum(map(int, fields[11:15]))
        spent = os.times()
        found[self._ended] = round((spent.children_user + spent.children_system) * TICKS)
        own = round((spent.user + spent.system) * TICKS)
        found[OTHERS] = machine_ticks() - found.total() - own
        return found


def machine_ticks() -> int:
    """All that the processors have done since the machine started, but for resting."""
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return user + nice + system + interrupts + soft + stolen


def split(stat: str) -> tuple[str, list[str]]:
    """The program's name, and the fields of /proc that follow it."""
    head, _, tail = stat.rpartition(")")
    return head.partition("(")[2], tail.split()


def memory(pid: int) -> dict[str, float]:
    """In MB: ``rss``, what it holds; ``pss``, the same with what it shares divided among those who share it;
    ``peak``, the most that it ever held."""
    found = fields_of(Path(f"/proc/{pid}/status"))
    rolled = fields_of(Path(f"/proc/{pid}/smaps_rollup"))
    return {"rss": found["VmRSS"], "pss": rolled["Pss"], "peak": found["VmHWM"]}


def open_files(pid: int) -> int:
    """How many, connections among them."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def fields_of(file: Path) -> dict[str, float]:
    """The sizes in a file of /proc, in MB."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) / 1024 for words in lines if words[-1] == "kB"}


def memory_of_machine() -> int:
    return round(fields_of(Path("/proc/meminfo"))["MemTotal"])


def median_of(runs: list[dict[str, Any]], key: str) -> float:
    """The middle one of a few measurements."""
    values = sorted(run[key] for run in runs)
    middle = len(values) // 2
    return float(values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2)
