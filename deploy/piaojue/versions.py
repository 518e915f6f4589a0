"""``piaojue version``."""

import json
import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from piaojue.terminal import say

SERVICES = ("proposals", "ballots", "ratings", "notifications")
LIBRARIES = ("contracts", "chassis", "verify")


def version(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object, for machines.")] = False,
) -> None:
    """Print the versions of the command and its services.

    Examples:
      piaojue version
      piaojue version --json

    Exit codes:
      0  the versions were printed
      2  the command was not understood
    """
    found = versions()
    say(json.dumps(found) if as_json else _table(found))


def versions() -> dict[str, object]:
    """``piaojue``, ``services`` and ``libraries`` by name, and ``python``; None is not installed."""
    return {
        "piaojue": _installed("piaojue"),
        "services": {name: _installed(f"piaojue-{name}") for name in SERVICES},
        "libraries": {name: _installed(f"piaojue-{name}") for name in LIBRARIES},
        "python": platform.python_version(),
    }


def print_and_exit(asked: bool) -> None:
    if asked:
        say(_table(versions()))
        raise typer.Exit


def _installed(distribution: str) -> str | None:
    try:
        return version_of(distribution)
    except PackageNotFoundError:
        return None


def _table(found: dict[str, object]) -> str:
    lines: dict[str, object] = {}
    for name, value in found.items():
        lines |= value if isinstance(value, dict) else {name: value}
    return "\n".join(f"{name:15}{value or 'not installed'}" for name, value in lines.items())
