"""``piaojue audit``."""

from typing import Annotated, Any

import typer

from piaojue.operating import showing
from piaojue.operating.options import EVERY_SERVICE, AsJson, Config, DataFolder, Services
from piaojue.terminal import say, warn


def audit(
    services: Services = EVERY_SERVICE,
    last: Annotated[int, typer.Option(min=1, help="So many at most, the latest.")] = 100,
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """List what operators did: who, when, what, and why.

    Each entry was written in the transaction of what it tells, in the
    database of the service concerned. Entries can only be added, and each
    is chained to the one before by its hash; all chains are verified.

    Examples:
      piaojue audit
      piaojue audit --service notifications --last 10 --json

    Exit codes:
      0  they were listed, and all of them are whole
      1  an entry was altered or removed, or a store could not be reached
      2  the command or the configuration was not understood
    """
    from chassis.errors import Unavailable
    from chassis.store.audit import AuditBroken, noted
    from piaojue.operating.places import places

    entries: list[dict[str, Any]] = []
    faults = []
    for place in places(config, data_folder, services):
        try:
            for entry in noted(place.bare):
                entries.append({"service": place.service, **entry})
        except (AuditBroken, Unavailable) as fault:
            faults.append(f"{place.service}: {getattr(fault, 'detail', fault)}")
    if entries or as_json or not faults:  # of what could not be looked at it is not known
        _show(sorted(entries, key=lambda entry: entry["at"])[-last:], as_json)
    for told in faults:
        warn(told)
    raise typer.Exit(1 if faults else 0)


def _show(entries: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        showing.as_json(entries)
    elif not entries:
        say("No operator has changed anything.")
    else:
        keys = ("service", "number", "at", "user", "by", "action", "target", "reason")
        heads = ("service", "#number", "when", "user", "by", "what", "of what", "why")
        showing.table(heads, [[entry[key] for key in keys] for entry in entries])
