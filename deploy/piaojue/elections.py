"""Published elections counted by the rules of a poll: ``piaojue count FILE.pb``."""

from collections.abc import Mapping, Sequence
from typing import TextIO, cast

from ballots.domain import count_sheet
from chassis.errors import Refused
from piaojue import pabulib
from piaojue.sheets import ALL_COUNTED, SOME_REFUSED, UnreadableError, written

ADOPTION: Mapping[str, Mapping[str, str]] = {
    "majority": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
    "plurality": {"rule": "plurality"},
}
"""By law more than half of all deputies: here, of all who voted, since nobody else is known."""

Result = dict[str, object]


def run(paths: Sequence[str], seats: int, adoption: str, *, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Counts every file, results to ``out``: JSON, or on a terminal a table unless ``as_json``.

    As with sheets, a refused file's result is its error, and one that cannot be read is told on ``err``;
    either makes it return 2.
    """
    tabular = out.isatty() and not as_json
    refused = unreadable = 0
    for path in paths:
        try:
            election = _read(path)
            result = count_sheet(sheet(election, seats, adoption))
        except UnreadableError as error:
            unreadable += 1
            err.write(f"{error}\n")
        except Refused as refusal:
            refused += 1
            _tell(path, refusal, err if tabular else out, tabular=tabular)
        else:
            err.writelines(f"{path}: {note}\n" for note in election.notes)
            if tabular:
                _write_table(path, election, result, out)
            else:
                out.write(written(result, out, pretty=len(paths) == 1 and out.isatty()) + "\n")
    if refused and not tabular:
        err.write(f"{refused} of {len(paths)} refused: see the error in the result\n")
    return SOME_REFUSED if refused or unreadable else ALL_COUNTED


def sheet(election: pabulib.Election, seats: int, adoption: str) -> dict[str, object]:
    """The count sheet of an election: everyone who voted is a deputy, was present, and returned a paper."""
    return {
        "deputies": len(election.papers),
        "present": len(election.papers),
        "seats": seats,
        "candidates": list(election.projects),
        "marking": {"scheme": "choose", "at_most": election.at_most},
        "adoption": ADOPTION[adoption],
        "papers": election.papers,
    }


def _read(path: str) -> pabulib.Election:
    try:
        with open(path, "rb") as source:
            return pabulib.read(source)
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror or error}") from error


def _tell(path: str, refusal: Refused, to: TextIO, *, tabular: bool) -> None:
    if tabular:
        to.write(f"{path}: {refusal.detail}\n")
    else:
        error: Result = {"error": {"slug": refusal.slug, "detail": refusal.detail}}
        to.write(written(error, to, pretty=False) + "\n")


def _write_table(path: str, election: pabulib.Election, result: Result, out: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    votes = cast("Mapping[str, int]", result["votes"])
    table = Table(box=box.SIMPLE)
    table.add_column("project", overflow="fold")
    table.add_column("name")
    table.add_column("votes", justify="right")
    table.add_column("")
    for project in sorted(votes, key=votes.__getitem__, reverse=True):
        name = _printable(election.projects[project])
        table.add_row(project, name, f"{votes[project]:,}", _standing(project, result))
    out.write(f"{_printable(path)}\n")
    Console(file=out, markup=False, highlight=False, emoji=False).print(table)
    out.write(_summary(result))


def _summary(result: Result) -> str:
    mark = result["pass_mark"]
    lines = [
        f"{result['outcome']}; seats still open: {result['open_seats']}",
        f"papers: {result['returned']:,}; valid: {result['valid']:,}, of them blank: {result['blank']:,}; "
        f"invalid: {result['invalid']:,}",
        "adopted by the order of votes" if mark is None else f"needed to pass: {mark:,} votes",
    ]
    return "".join(f"{line}\n" for line in lines)


def _standing(project: str, result: Result) -> str:
    if project in cast("Sequence[str]", result["adopted"]):
        return "adopted"
    return "tied" if project in cast("Sequence[str]", result["tied"]) else ""


def _printable(text: str) -> str:
    """A name from a file must not steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
