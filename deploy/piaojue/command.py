"""The command ``piaojue``: which commands there are. What one does is in the module of its family.

This module imports every family at each start, so a family imports at its top only what starts quickly (no
framework, no service) and the rest inside of its functions, when one of them is asked for.
"""

from typing import Annotated

import typer

from piaojue import (
    counting,
    migrating,
    profiles,
    rehearsing,
    running,
    terminal,
    tokens,
    up,
    verifying,
    versions,
)
from piaojue.operating import auditing, backup, dead_letters, doctor, events, status
from piaojue.region import command as region

_SUITE = "The suite"
_OPERATING = "Operating"
_SHEETS = "Count, with no service running"
_ACCESS = "Access"
_ABOUT = "About"

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they could show the values of variables, a key's among them
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up", rich_help_panel=_SUITE)(up.up)
app.command("run", rich_help_panel=_SUITE)(running.run)
app.command("migrate", rich_help_panel=_SUITE)(migrating.migrate)
app.add_typer(region.app, name="region", rich_help_panel=_SUITE)
app.command("rehearse", rich_help_panel=_SUITE)(rehearsing.rehearse)
app.command("demo", rich_help_panel=_SUITE)(rehearsing.demo)
app.command("status", rich_help_panel=_OPERATING)(status.status)
app.command("doctor", rich_help_panel=_OPERATING)(doctor.doctor)
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel=_OPERATING)
app.add_typer(events.app, name="events", rich_help_panel=_OPERATING)
app.command("backup", rich_help_panel=_OPERATING)(backup.backup)
app.command("restore", rich_help_panel=_OPERATING)(backup.restore)
app.command("audit", rich_help_panel=_OPERATING)(auditing.audit)
app.command("count", rich_help_panel=_SHEETS)(counting.count)
app.command("rate", rich_help_panel=_SHEETS)(counting.rate)
app.command("verify", rich_help_panel=_SHEETS)(verifying.verify)
app.add_typer(profiles.app, name="profiles", rich_help_panel=_SHEETS)
app.command("token", rich_help_panel=_ACCESS)(tokens.token)
app.command("version", rich_help_panel=_ABOUT)(versions.version)


@app.callback(invoke_without_command=True)
def piaojue(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=versions.print_and_exit, is_eager=True, help="Print the versions."
        ),
    ] = False,
) -> None:
    """Piaojue (票决): deputies vote on livelihood projects, and rate what was built.

    Examples:
      piaojue demo               a town through its year
      piaojue up                 the suite, for use
      piaojue region init …      a region of servers of its own
      piaojue count sheet.json   the result of a poll
      piaojue count --help       what a command takes, with examples

    Exit codes:
      0  done
      1  could not be done; standard error says why
      2  the command was not understood, or a sheet was refused
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line. Errors of use are told by typer, expected ones by ``terminal.fail``; no others
    are caught, since a fault of ours should be seen whole.
    """
    with terminal.prepared():
        app(prog_name="piaojue")
