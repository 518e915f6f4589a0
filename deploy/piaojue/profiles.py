"""``piaojue profiles check``."""

from pathlib import Path
from typing import Annotated

import typer

from piaojue.terminal import MISUSED, fail, say, warn

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def profiles() -> None:
    """Rule profiles of a region: the rules that its polls may name."""


@app.command("check")
def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="A rule profile, in YAML.", show_default=False),
    ],
) -> None:
    """Check rule profiles, with no service running, before a region is started with them.

    Adoption rules and marking schemes may be any that are installed here;
    whether a region enables them is checked when its service starts.

    Examples:
      piaojue profiles check profiles/*.yaml

    Exit codes:
      0  all of them can be used
      2  some cannot; standard error names every fault, by file and key
    """
    from ballots.plugins import ADOPTION_RULES, MARKING_SCHEMES, ProfileFaults, load_profiles
    from chassis.plugins import PluginFaults

    try:
        loaded = load_profiles(files, ADOPTION_RULES.load(), MARKING_SCHEMES.load())
    except ProfileFaults as faults:
        for fault in faults.faults:
            warn(fault)
        raise typer.Exit(MISUSED) from None
    except PluginFaults as faults:
        fail(str(faults))
    for profile in loaded.values():
        say(f"{profile.name} {profile.version}  {profile.title['zh']}  {profile.title['en']}")
