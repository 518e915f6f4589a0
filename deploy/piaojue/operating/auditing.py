"""``piaojue audit``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from piaojue.operating import showing
from piaojue.operating.options import EVERY_SERVICE, AsJson, Config, DataFolder, Services
from piaojue.terminal import MISUSED, fail, say, warn


def audit(
    services: Services = EVERY_SERVICE,
    last: Annotated[int, typer.Option(min=1, help="So many at most, the latest.")] = 100,
    against: Annotated[
        Path | None,
        typer.Option(metavar="BACKUP", help="A backup: what it has must still be there.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """List what operators did: who, when, what, and why.

    Each entry was written in the transaction of what it tells, in the
    database of the service concerned. Entries can only be added, and each
    is chained to the one before by its hash; all chains are verified. That
    the last ones were cut off a chain does not show, but a backup does that
    had them.

    Examples:
      piaojue audit
      piaojue audit --against /srv/backups/2022-04-16
      piaojue audit --service notifications --last 10 --json

    Exit codes:
      0  they were listed, and all of them are whole
      1  an entry was altered or removed, the backup's last ones too, or a store could not be reached
      2  the command or the configuration was not understood
    """
    from chassis.errors import Unavailable
    from chassis.store.audit import AuditBroken, noted
    from piaojue.operating.places import places

    entries: list[dict[str, Any]] = []
    faults: list[str] = []
    kept = _kept(against) if against is not None else {}
    for place in places(config, data_folder, services):
        own: list[dict[str, Any]] = []
        try:
            for entry in noted(place.bare):
                own.append({"service": place.service, **entry})
            faults += _cut_off(place.service, own, kept.get(place.service))
        except (AuditBroken, Unavailable) as fault:
            faults.append(f"{place.service}: {getattr(fault, 'detail', fault)}")
        entries += own
    if entries or as_json or not faults:  # of what could not be looked at it is not known
        _show(sorted(entries, key=lambda entry: entry["at"])[-last:], as_json)
    for told in faults:
        warn(told)
    raise typer.Exit(1 if faults else 0)


def _kept(backup: Path) -> dict[str, Any]:
    """Number and hash of each service's last entry in a backup. Ends the command with 2 when it is none."""
    from piaojue.operating.backups.manifest import Unusable, read

    try:
        return {service: entry.get("audit") for service, entry in read(backup)["services"].items()}
    except Unusable as fault:
        fail(str(fault), MISUSED)


def _cut_off(service: str, entries: list[dict[str, Any]], kept: dict[str, Any] | None) -> Iterator[str]:
    """What is wrong where entries do not go on from the last one of a backup."""
    if kept is None or kept["number"] == 0:
        return
    number = kept["number"]
    if number > len(entries) or entries[number - 1]["hash"] != kept["hash"]:
        yield f"{service}: entry {number}, as the backup has it, is not there"


def _show(entries: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        showing.as_json(entries)
    elif not entries:
        say("No operator has changed anything.")
    else:
        keys = ("service", "number", "at", "user", "by", "action", "target", "reason")
        heads = ("service", "#number", "when", "user", "by", "what", "of what", "why")
        showing.table(heads, [[entry[key] for key in keys] for entry in entries])
