"""``piaojue verify``."""

import sys
from io import BytesIO
from typing import Annotated

import typer

from piaojue.terminal import MISUSED, fail, fail_to_write


def verify(
    record: Annotated[
        str, typer.Argument(metavar="RECORD", help="The record, a JSON file. - is standard input.")
    ],
    receipt: Annotated[
        str | None,
        typer.Option(metavar="R", help="A deputy's receipt: is its paper in the count?", show_default=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KID",
            help="The id of the key that the body signs its records with, or a file with its JWK.",
            show_default=False,
        ),
    ] = None,
    without_recount: Annotated[
        bool,
        typer.Option("--without-recount", help="Let rules pass that are not known here, such as a plugin's."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Verify the record of a declared poll: offline, and with no service.

    The papers are counted again by the rules in the record, in a program
    of its own that shares nothing with the service. Every hash, signature
    and figure is checked, and the report says in words what was checked,
    what does not fit, and what no program can tell from a record.

    Without --key it is checked that the record fits together, but not who
    made it: give the id that the body has published.

    With --receipt a deputy learns whether the paper is in the count. What
    is on it is told to nobody.

    Examples:
      piaojue verify record.json
      piaojue verify record.json --key record-key.json
      piaojue verify record.json --receipt 3f2a…
      curl -s http://127.0.0.1:8000/ballots/… | piaojue verify - --json

    Exit codes:
      0  everything that can be checked fits together
      1  something does not fit, and the report names it; or the report
         could not be written
      2  the file or the key could not be read, or the command was not
         understood
    """
    from piaojue_verify.command import STDIN, Unusable, run

    if record == STDIN and sys.stdin is None:
        fail("standard input is closed; name a file instead of -")
    stdin = sys.stdin.buffer if record == STDIN else BytesIO()
    try:
        code = run(
            record,
            key=key,
            receipt=receipt,
            without_recount=without_recount,
            as_json=as_json,
            stdin=stdin,
            out=sys.stdout,
        )
    except Unusable as error:
        fail(str(error), MISUSED)
    except OSError as error:
        fail_to_write(error)
    raise typer.Exit(code)
