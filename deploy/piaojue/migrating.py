"""``piaojue migrate``: the tables of services brought to this release, as a step of its own."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from piaojue.running import a_service, settings_of
from piaojue.terminal import FAILED, MISUSED, fail, say, warn
from piaojue.versions import SERVICES

if TYPE_CHECKING:
    from chassis.config import Settings
    from chassis.store import Fit


def migrate(
    services: Annotated[
        list[str] | None,
        typer.Argument(parser=a_service, metavar="SERVICE", help="Whose tables.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those of all services that are installed.")] = False,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings, in YAML; else what PIAOJUE_CONFIG names.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
) -> None:
    """Bring the tables of services to this release, before it is started.

    Each service's database is changed in one transaction, or not at all.
    It may be run again, and by several at once: one works, the others wait
    and find nothing left to do. Services of the release before may go on
    meanwhile, and work with the new tables, unless it says otherwise: look
    with --dry-run first.

    Examples:
      piaojue migrate --all
      piaojue migrate ballots --dry-run
      piaojue migrate --all --config /etc/piaojue/piaojue.yaml

    Exit codes:
      0  the tables are those of this release, or of a later one that it fits
      1  some are not; standard error says whose and why
      2  the configuration cannot be used, or the command was not understood
    """
    if bool(services) == every:
        fail("name services, or give --all", MISUSED)
    here = [name for name in SERVICES if find_spec(name) is not None]
    chosen = settings_of(list(dict.fromkeys(services or here)), os.environ, config)
    failed = [settings.service for _, settings in chosen if not _migrated(settings, dry_run)]
    if failed:
        raise SystemExit(FAILED)


def _migrated(settings: "Settings", dry_run: bool) -> bool:
    from sqlalchemy.exc import DBAPIError

    from chassis.errors import Unavailable
    from chassis.sensitive import masked
    from chassis.store import SchemaMismatch, check_owner, look, migrate, open_engine

    engine = open_engine(settings.store_url, 1, settings.store_ca)
    try:
        check_owner(engine, settings.source)
        fit = look(engine, settings.service) if dry_run else migrate(engine, settings.service)
    except SchemaMismatch as mismatch:
        warn(str(mismatch))
        return False
    except Unavailable as away:
        warn(f"{settings.service}: {away.detail}")
        return False
    except DBAPIError as refused:
        said = masked(str(refused.orig).strip().partition("\n")[0])
        warn(f"{settings.service}: the database did not do it, and nothing was changed: {said}")
        return False
    finally:
        engine.dispose()
    say(f"{settings.service:15}{_told(fit, dry_run)}")
    return True


def _told(fit: "Fit", dry_run: bool) -> str:
    if not fit.known:
        return f"{fit.current}, of a later release, which this one ({fit.head}) fits"
    if fit.current == fit.head:
        return f"{fit.head}, nothing to do"
    done = ", not done: --dry-run" if dry_run else ""
    alone = "" if fit.beside else "; the release before must not run beside this one"
    return f"{fit.current or 'no tables'} → {fit.head}{done}{alone}"
