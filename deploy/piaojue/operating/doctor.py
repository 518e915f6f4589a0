"""``piaojue doctor``."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from piaojue.operating import showing
from piaojue.operating.options import EVERY_SERVICE, AsJson, Config, DataFolder, Services
from piaojue.terminal import MISUSED, fail, say

if TYPE_CHECKING:
    from piaojue.operating.checks.finding import Check, Finding
    from piaojue.operating.places import Place

CHECKS: Final = (
    *("configuration", "disk", "database", "broker", "process", "version", "queues", "outbox", "inbox"),
    *("sequence", "chain", "clock", "secrets", "keys", "certificates"),
)
"""Causes before what they bring about, so that cures can be taken one after the other."""
PAUSE: Final = 1.0
STYLES: Final = {"error": "bold red", "warning": "yellow", "skipped": "dim", "ok": "green"}


def _check(name: str) -> str:
    if name in CHECKS:
        return name
    raise typer.BadParameter(f"There is no check {name!r}. Checks: {', '.join(CHECKS)}.")


def doctor(
    services: Services = EVERY_SERVICE,
    only: Annotated[
        list[str] | None,
        typer.Option(parser=_check, metavar="CHECK", help=f"Of {', '.join(CHECKS)}; may be repeated."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is wrong.")] = False,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For all checks, at most.")] = 20.0,
    wait: Annotated[
        float,
        typer.Option(
            min=0,
            max=3600,
            help="Look again for so many seconds while something is wrong.",
            show_default=False,
        ),
    ] = 0.0,
    management_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="RABBITMQ_MANAGEMENT_URL",
            help="The broker's management, else http://HOST:15672; a password in it by the environment only.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Check the whole region, and say of each fault how to cure it.

    Configuration, processes and their versions, databases and their tables,
    clocks, the broker, its queues and bindings, what waits to be published
    or handled, what is parked, how far each has taken the others' events,
    the chains of the logs, modes of files with secrets, keys, certificates,
    disk. Each check is on its own and within a time: it works with whatever
    is down. Nothing is changed. With --wait it looks until all is well, such
    as after a start, and says at the end what still is not.

    Examples:
      piaojue doctor
      piaojue doctor --quiet --only broker --only queues
      piaojue doctor --quiet --wait 60
      piaojue doctor --json | jq '.findings[] | select(.level == "error")'

    Exit codes:
      0  all is well
      1  there are warnings
      2  something is broken
    """
    from piaojue.operating.checks.finding import ERROR, LEVELS, WARNING
    from piaojue.operating.places import folder_of

    _refuse_password(management_url)
    places, settings = _configured(config, data_folder, services)

    def look() -> list["Finding"]:
        found = settings + _findings(_checks(places, management_url, folder_of(config)), seconds)
        return [each for each in _causes_first(found) if not only or each.check in only]

    found = _until_well(look, wait)
    found.sort(key=lambda each: (LEVELS.index(each.level), CHECKS.index(each.check)))
    counts = Counter(each.level for each in found)
    if as_json:
        showing.as_json({"findings": [each.told() for each in found], "counts": counts})
    else:
        _show([each for each in found if not quiet or each.level in {ERROR, WARNING}], counts)
    raise typer.Exit(2 if counts[ERROR] else 1 if counts[WARNING] else 0)


def _until_well(look: Callable[[], list["Finding"]], wait: float) -> list["Finding"]:
    """What was found at last."""
    from piaojue.operating.checks.finding import ERROR, WARNING

    end = monotonic() + wait
    while True:
        found = look()
        if not any(each.level in {ERROR, WARNING} for each in found) or monotonic() + PAUSE > end:
            return found
        sleep(PAUSE)


def _refuse_password(url: str | None) -> None:
    from urllib.parse import urlsplit

    if url and url != os.environ.get("RABBITMQ_MANAGEMENT_URL") and urlsplit(url).password:
        fail("a password on the command line can be seen by others: use RABBITMQ_MANAGEMENT_URL", MISUSED)


def _configured(
    config: Path | None, data_folder: Path | None, services: Sequence[str] | None
) -> tuple[list["Place"], list["Finding"]]:
    """The services whose settings can be used, and what is wrong with those of the others."""
    from chassis.config import ConfigurationFaults
    from piaojue.operating.checks.finding import ERROR, OK, Finding
    from piaojue.operating.places import installed, place_of, quiet

    quiet()
    places, found = [], []
    for name in services or installed():
        try:
            places.append(place_of(name, config, data_folder))
        except ConfigurationFaults as faults:
            found += [
                Finding(ERROR, "configuration", name, str(fault), _corrected(fault.key))
                for fault in faults.faults
            ]
        except ImportError:
            cure = f"install piaojue-{name}"
            found.append(Finding(ERROR, "configuration", name, "is not installed on this machine", cure))
        else:
            found.append(Finding(OK, "configuration", name, "can be used"))
    return places, found


def _corrected(key: str) -> str:
    """A key of codes is nothing that could be made once more."""
    if key.rpartition(".")[2].startswith("code_key"):
        return (
            "bring it back from the copy of the region's folder, or a backup made --with-keys; never make a "
            "new one: no code that was handed out would be known"
        )
    return "correct it: docs/configuration.md has every key"


def _checks(places: Sequence["Place"], management_url: str | None, folder: Path | None) -> dict[str, "Check"]:
    """All of them, by a name that says which and of what."""
    from piaojue.operating.checks import broker, files, management, processes, stores

    own = {
        "process": processes.process,
        "database": stores.database,
        "broker": broker.broker,
        "outbox": stores.outbox,
        "inbox": stores.inbox,
        "chain": stores.chain,
    }
    checks: dict[str, Check] = {
        f"{name} {place.service}": partial(check, place) for place in places for name, check in own.items()
    }
    for place in places:
        checks[f"sequence {place.service}"] = partial(stores.positions, place, places)
    for data_folder in sorted({place.settings.data_folder for place in places}):
        checks[f"disk {data_folder}"] = partial(stores.disk, data_folder)
    for source, place in {place.settings.jwks: place for place in places}.items():
        checks[f"keys {source}"] = partial(files.keys, place)
    checks["secrets files"] = partial(files.secrets, places, folder)
    checks["certificates files"] = partial(files.certificates, places)
    checks["certificates shown"] = partial(processes.peers, places)
    checks["clock this machine"] = processes.time_is_kept
    if places and not places[0].settings.broker_url.startswith("memory:"):
        checks["queues bindings"] = partial(management.management, management_url, folder, places)
    return checks


def _findings(checks: dict[str, "Check"], seconds: float) -> list["Finding"]:
    """What all of them found. A check that fails or takes too long is a finding itself."""
    from piaojue.operating.bounded import bounded

    tasks = {name: partial(_listed, check) for name, check in checks.items()}
    found: list[Finding] = []
    for name, result in bounded(tasks, seconds).items():
        check, _, about = name.partition(" ")
        found += _failed(check, about, result) if isinstance(result, Exception) else result
    return found


def _listed(check: "Check") -> list["Finding"]:
    return list(check())


def _failed(check: str, about: str, error: Exception) -> list["Finding"]:
    """Of an error that was not foreseen its kind alone: its text may hold anything."""
    from chassis.errors import Refused
    from piaojue.operating.bounded import TookTooLong
    from piaojue.operating.checks.finding import ERROR, SKIPPED, Finding
    from piaojue.operating.places import NoStore

    reason = error.detail if isinstance(error, Refused) else type(error).__name__
    if isinstance(error, TookTooLong):
        reason = str(error)
    if isinstance(error, Refused) and check in {"outbox", "inbox", "chain", "sequence"}:
        return [
            Finding(SKIPPED, check, about, f"could not be looked at: {reason}", "cure the database first")
        ]
    if isinstance(error, NoStore):
        cure = (
            "name its data folder with --data-folder, or the settings of a region with --config; if its data "
            "are lost: piaojue restore FOLDER"
        )
        return [Finding(ERROR, check, about, reason, cure)]
    cure = f"piaojue doctor --only {check} --seconds 60"
    return [Finding(ERROR, check, about, f"could not be checked: {reason}", cure)]


def _causes_first(found: Sequence["Finding"]) -> list["Finding"]:
    """A service without its database or its broker lacks what no start of it would bring: it is told what
    would."""
    from piaojue.operating.checks.finding import ERROR, WARNING

    lacking = {
        each.about: each.check
        for each in reversed(found)
        if each.level == ERROR and each.check in {"database", "broker"}
    }
    if any(each.level == ERROR and each.check == "broker" for each in found):
        lacking["bindings"] = "broker"
    return [
        replace(each, cure=f"the {lacking[service]} first")
        if each.check in {"process", "queues", "outbox"}
        and each.level in {ERROR, WARNING}
        and (service := each.about.removesuffix(".inbox")) in lacking
        else each
        for each in found
    ]


def _show(found: Sequence["Finding"], counts: Counter[str]) -> None:
    """A cure stands under all that it cures, if they follow each other."""
    from rich.text import Text

    for number, each in enumerate(found, 1):
        style: Any = STYLES[each.level]
        line = Text.assemble((f"{each.level:8}", style), f"{each.check:14}", f"{each.about}: {each.what}")
        showing.say_rendered(line)
        if each.cure and (number == len(found) or found[number].cure != each.cure):
            say(f"{'':8}{'cure':14}{each.cure}")
    told = ", ".join(f"{counts[level]} {level}" for level in STYLES if counts[level])
    say(told or "nothing was checked")
