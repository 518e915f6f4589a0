"""``piaojue count`` and ``piaojue rate``."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, BinaryIO, NoReturn

import typer

from piaojue.terminal import fail, fail_to_write

if TYPE_CHECKING:
    from piaojue.sheets import SheetFunction

_STDIN = "-"


def _once(paths: list[str]) -> list[str]:
    if paths.count(_STDIN) > 1:
        raise typer.BadParameter("- is standard input, which can be read only once.")
    return paths


Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        callback=_once,
        help="A JSON document, or JSON Lines: a sheet a line. - is standard input.",
        show_default=False,
    ),
]

FilesOrElections = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        callback=_once,
        help="A JSON document, or JSON Lines: a sheet a line. - is standard input. FILE.pb: an election.",
        show_default=False,
    ),
]


class Adoption(StrEnum):
    """What a published election can be counted by."""

    MAJORITY = "majority"
    PLURALITY = "plurality"


Seats = Annotated[
    int | None,
    typer.Option(metavar="K", min=1, help="How many projects are to be adopted, where FILE is a .pb."),
]
AdoptionOption = Annotated[
    Adoption | None,
    typer.Option(
        "--adoption",
        help="What adopts them: more than half of all votes, which is the default, or their order alone.",
        show_default=False,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="JSON on a terminal too, where a .pb gives a table.")]


def count(
    files: FilesOrElections, seats: Seats = None, adoption: AdoptionOption = None, as_json: AsJSON = False
) -> None:
    """Count the papers of polls: count sheets in, results out.

    A count sheet is a JSON object: who was there, the rules, and the papers
    or the tallies of a hand count.

      {"deputies": 79, "present": 76, "seats": 2, "candidates": ["a", "b", "c"],
       "marking": {"scheme": "choose", "at_most": 2},
       "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
       "issued": 76, "returned": 76, "tallies": {"a": 61, "b": 55, "c": 30},
       "valid": 75, "invalid": 1}

    Each result is one line of JSON, in the order of the sheets. For a refused
    sheet it is {"error": {"slug": …, "detail": …}}; the detail names the field
    to correct. The other sheets are counted all the same.

    A FILE.pb is a published election of participatory budgeting, in the open
    format Pabulib: approval and choose-1, and nothing with ranks or points.
    All who voted are the deputies, all were present; max_length, if given, is
    the limit of marks. min_length and limits of cost are no rules of a poll.

    Examples:
      piaojue count sheet.json
      piaojue count townships.jsonl > results.jsonl
      zcat county.jsonl.gz | piaojue count - | grep runoff
      piaojue count warszawa_2024.pb --seats 10 --adoption plurality --json

    Exit codes:
      0  all sheets were counted
      1  the results could not be written
      2  a sheet was refused, a file could not be read, or the command was
         not understood
    """
    if _are_elections(files):
        _count_elections(files, seats, adoption or Adoption.MAJORITY, as_json)
    if seats is not None or adoption is not None:
        raise typer.BadParameter("is said by a count sheet itself.", param_hint="--seats or --adoption")

    from ballots.domain import count_sheet

    _run(files, count_sheet)


def rate(files: Files) -> None:
    """Judge satisfaction ratings: rating sheets in, shares and verdicts out.

    A rating sheet is a JSON object: the members, the scale of grades, the
    rule of the verdict, and the forms or their counts.

      {"members": 35, "scale": ["satisfied", "basically", "dissatisfied"],
       "counts": {"satisfied": 17, "basically": 11, "dissatisfied": 1}, "invalid": 0,
       "verdict": {"of": "members", "exactly_half": "passes"}}

    Each result is one line of JSON, in the order of the sheets. For a refused
    sheet it is {"error": {"slug": …, "detail": …}}; the detail names the field
    to correct. The other sheets are judged all the same.

    Examples:
      piaojue rate water.json
      piaojue rate ratings.jsonl > verdicts.jsonl

    Exit codes:
      0  all sheets were judged
      1  the results could not be written
      2  a sheet was refused, a file could not be read, or the command was
         not understood
    """
    from ratings.domain import rate_sheet

    _run(files, rate_sheet)


def _are_elections(paths: Sequence[str]) -> bool:
    published = [path.lower().endswith(".pb") for path in paths]
    if any(published) and not all(published):
        raise typer.BadParameter(".pb files and count sheets are counted by a command each.")
    return all(published)


def _count_elections(paths: Sequence[str], seats: int | None, adoption: Adoption, as_json: bool) -> NoReturn:
    if seats is None:
        raise typer.BadParameter(
            "say how many projects are to be adopted: a .pb does not.", param_hint="--seats"
        )
    from piaojue import elections

    try:
        code = elections.run(paths, seats, adoption, as_json=as_json, out=sys.stdout, err=sys.stderr)
    except OSError as error:
        fail_to_write(error)
    raise typer.Exit(code)


def _run(paths: Sequence[str], function: "SheetFunction") -> None:
    from piaojue import sheets

    try:
        code = sheets.run(paths, function, stdin=_stdin(paths), out=sys.stdout, err=sys.stderr)
    except OSError as error:  # of the output: what cannot be read is told by sheets, file by file
        fail_to_write(error)
    raise typer.Exit(code)


def _stdin(paths: Sequence[str]) -> BinaryIO:
    if _STDIN not in paths:
        return BytesIO()
    if sys.stdin is None:
        fail("standard input is closed; name a file instead of -")
    return sys.stdin.buffer
