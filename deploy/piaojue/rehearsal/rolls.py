"""Rolls that a rehearsal imports, as ballots does: from CSV or XLSX beside the file, or from rows in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from piaojue.rehearsal.reading import Fault

_CSV: Final = "text/csv; charset=utf-8"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FAULTS_SHOWN: Final = 20


class RollFile(NamedTuple):
    """What is sent to be imported. ``name``: of the file, or what it is."""

    name: str
    media_type: str
    octets: bytes


def imported(source: Mapping[str, str | None], folder: Path) -> tuple[RollFile, Sequence[Mapping[str, Any]]]:
    """The file and the deputies in it. Raises Fault's list as :class:`RollFaulty`."""
    if source["csv"] is not None:
        file, key = RollFile("rows in this file", _CSV, source["csv"].encode()), "csv"
    else:
        file, key = _beside(source["file"] or "", folder), "file"
    return file, _deputies(file, key)


class RollFaulty(Exception):
    """The roll cannot be used; ``faults`` says all of why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        super().__init__(str(faults))


def _beside(name: str, folder: Path) -> RollFile:
    path = folder / name
    kinds = {".csv": "text/csv", ".xlsx": _XLSX}
    if path.suffix.lower() not in kinds:
        raise RollFaulty([Fault(("roll", "file"), "must be a file that ends with .csv or .xlsx")])
    try:
        return RollFile(name, kinds[path.suffix.lower()], path.read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no name of a file"
        raise RollFaulty([Fault(("roll", "file"), f"{path}: cannot be read: {reason}")]) from error


def _deputies(file: RollFile, key: str) -> Sequence[Mapping[str, Any]]:
    """Read as the service reads it, so that its faults are told before anything has begun."""
    from ballots.domain import RollHasFaults, read_roll_table
    from ballots.schemas import read_roll_file
    from chassis.errors import Refused
    from chassis.http import Content

    media_type, _, charset = file.media_type.partition("; charset=")
    try:
        roll = read_roll_table(read_roll_file(Content(media_type, charset or None, file.octets)))
    except RollHasFaults as refusal:
        told = [f"{file.name}: {each['field']}: {each['detail']}" for each in refusal.errors]
        raise RollFaulty([Fault(("roll", key), each) for each in told[:_FAULTS_SHOWN]]) from refusal
    except Refused as refusal:
        raise RollFaulty([Fault(("roll", key), f"{file.name}: {refusal.detail}")]) from refusal
    names = ("id", "name", "delegation", "district")
    return [{name: getattr(each, name) for name in names} for each in roll]
