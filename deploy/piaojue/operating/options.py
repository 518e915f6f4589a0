"""Options that the operator's commands have in common."""

from pathlib import Path
from typing import Annotated

import typer

from piaojue.running import a_service
from piaojue.versions import SERVICES

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings, in YAML; else what PIAOJUE_CONFIG names."),
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data-folder", metavar="FOLDER", help="Of an embedded suite; as configured if left out."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for machines.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
By = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="NAME", help="Who you are, for the audit; your user's name is kept in any case."
    ),
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, for the audit.", show_default=False)
]
Type = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="Only those of this type, such as result_declared.v1."),
]
Service = Annotated[
    str, typer.Argument(parser=a_service, metavar="SERVICE", help=f"One of {', '.join(SERVICES)}.")
]
Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service",
        parser=a_service,
        metavar="SERVICE",
        help="Of this service alone; may be repeated. All that are installed here, if left out.",
    ),
]
EVERY_SERVICE: list[str] | None = None
