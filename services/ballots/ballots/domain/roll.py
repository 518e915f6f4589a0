"""The roll of a body: read from the rows of a file, and what a new one changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ballots.domain.errors import Fault, RollHasFaults, RollUnreadable
from ballots.domain.meeting import MOST_DEPUTIES, Deputy, check_id
from ballots.domain.reading import read_text

COLUMNS = ("id", "name", "delegation", "district")
_LONGEST = {"name": 100, "delegation": 200, "district": 200}


@dataclass(frozen=True, slots=True)
class RollRow:
    """One row of a file. ``number`` as a spreadsheet shows it; ``values`` by column, None or absent if empty.

    ``faults``: what was found while it was read, each with the column in ``field``.
    """

    number: int
    values: Mapping[str, str | None]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class RollTable:
    """What a file says. ``ignored``: headers of columns that a roll does not have."""

    rows: tuple[RollRow, ...]
    ignored: tuple[str, ...] = ()


def read_roll_table(table: RollTable) -> tuple[Deputy, ...]:
    """The deputies of a table. Raises RollHasFaults with every fault of every row, or RollUnreadable."""
    if not table.rows:
        raise RollUnreadable("no row below the header has a deputy")
    if len(table.rows) > MOST_DEPUTIES:
        raise RollUnreadable(f"a roll has at most {MOST_DEPUTIES} deputies")
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for row in table.rows:
        faults += [fault.within(f"rows.{row.number}") for fault in _faults_of(row, seen)]
    if faults:
        raise RollHasFaults(faults)
    return tuple(Deputy(**{column: row.values.get(column) for column in COLUMNS}) for row in table.rows)  # type: ignore[arg-type]


def _faults_of(row: RollRow, seen: dict[str, int]) -> list[Fault]:
    faults = list(row.faults)
    bad = {fault.field for fault in faults}
    for column in COLUMNS:
        value = row.values.get(column)
        if column in bad or (value is None and column in ("delegation", "district")):
            continue
        try:
            _check(column, value)
        except Fault as fault:
            faults.append(fault)
            continue
        if column == "id" and value is not None and seen.setdefault(value, row.number) != row.number:
            faults.append(Fault("id", f"is there twice: it is in row {seen[value]} too"))
    return faults


def _check(column: str, value: str | None) -> None:
    if value is None:
        raise Fault(column, "is missing")
    if column == "id":
        check_id(value, column)
    else:
        read_text(value, column, longest=_LONGEST[column])


@dataclass(frozen=True, slots=True)
class RollDifference:
    """What a new roll changes. ``summary``: how many are ``added``, ``removed``, ``changed``, ``unchanged``.

    ``changes``, by the ids: ``{"deputy", "change", "before", "after"}``, of which one side may be None.
    """

    summary: Mapping[str, int]
    changes: tuple[Mapping[str, Any], ...]


def compare_rolls(before: Sequence[Deputy], after: Sequence[Deputy]) -> RollDifference:
    old, new = {each.id: each for each in before}, {each.id: each for each in after}
    summary = {"added": 0, "removed": 0, "changed": 0, "unchanged": 0}
    changes = []
    for id in sorted(old.keys() | new.keys()):
        was, now = old.get(id), new.get(id)
        kind = _kind(was, now)
        summary[kind] += 1
        if kind != "unchanged":
            changes.append({"deputy": id, "change": kind, "before": _shown(was), "after": _shown(now)})
    return RollDifference(summary, tuple(changes))


def _kind(was: Deputy | None, now: Deputy | None) -> str:
    if was is None:
        return "added"
    if now is None:
        return "removed"
    return "unchanged" if was == now else "changed"


def _shown(deputy: Deputy | None) -> dict[str, str | None] | None:
    if deputy is None:
        return None
    return {"name": deputy.name, "delegation": deputy.delegation, "district": deputy.district}
