"""``piaojue status``."""

import sys
from typing import Annotated, Any

import typer

from piaojue.operating import showing
from piaojue.operating.options import EVERY_SERVICE, AsJson, Config, DataFolder, Services


def status(
    services: Services = EVERY_SERVICE,
    once: Annotated[bool, typer.Option("--once", help="Print it once, and end.")] = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between looks.")] = 2.0,
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Show the region at this moment: a table that is kept up to date until Ctrl-C.

    For each service: is it up, what version runs, does it lead its relay,
    its last event, how old the oldest is that waits to be published or
    handled, what is parked, and how far it has taken the others' events.
    Below it open polls and ratings with their turnout; no votes.

    Without a terminal, and with --json, it is printed once.

    Examples:
      piaojue status
      piaojue status --once
      piaojue status --json | jq .services

    Exit codes:
      0  it was shown, whatever it says: piaojue doctor judges
      2  the command or the configuration was not understood
    """
    from piaojue.operating.gathering import snapshot
    from piaojue.operating.places import places

    region = places(config, data_folder, services)
    if as_json:
        showing.as_json(snapshot(region))
    elif once or not sys.stdout.isatty():
        showing.say_rendered(_page(snapshot(region)))
    else:
        _live(region, every)


def _live(region: Any, every: float) -> None:
    from time import sleep

    from rich.live import Live

    from piaojue.operating.gathering import snapshot

    try:
        console = showing.console_for_output()
        with Live(_page(snapshot(region)), console=console, auto_refresh=False, screen=True) as live:
            while True:
                sleep(every)
                live.update(_page(snapshot(region)), refresh=True)
    except KeyboardInterrupt:
        return


def _page(found: dict[str, Any]) -> Any:
    from rich.console import Group
    from rich.text import Text

    title = Text(f"{found['region']}  {showing.shown(found['at'])}", style="bold")
    parts: list[Any] = [title, _services(found["services"]), _sources(found["services"])]
    if found["open"]:
        rows = [[each[key] for key in ("kind", "body", "id", "issued", "returned")] for each in found["open"]]
        parts.append(showing.made_table(("open", "body", "id", "#issued", "#returned"), rows))
    for each in found["services"]:
        parts += [Text(line, style="red") for line in _faults(each)]
    return Group(*parts)


def _services(services: list[dict[str, Any]]) -> Any:
    heads = ("service", "up", "version", "leader", "#event", "#unpublished", "since", "#waiting", "since")
    rows = []
    for each in services:
        row = [each["service"], each["ready"], _version(each)]
        if each["store"] == "ok":
            outbox, inbox = each["outbox"], each["inbox"]
            row += [each["leader"], each["sequence"], outbox["pending"], _age(outbox)]
            row += [inbox["waiting"], _age(inbox), each["parked"]]
        rows.append([*row, *[None] * (10 - len(row))])
    return showing.made_table((*heads, "#parked"), rows)


def _age(waiting: dict[str, Any]) -> str:
    return showing.age(waiting["oldest_seconds"])


def _version(each: dict[str, Any]) -> str:
    """The release that runs; with the one that is installed here, where they differ."""
    running, installed = each["running"], each["installed"]
    return f"{running} (here {installed})" if running and running != installed else str(running or "-")


def _sources(services: list[dict[str, Any]]) -> Any:
    rows = [
        [each["service"], at["source"], at["taken"], at["of"], _behind(at)]
        for each in services
        for at in each.get("sources", ())
    ]
    return showing.made_table(("consumer", "takes from", "#taken", "#of", "#behind"), rows)


def _behind(at: dict[str, Any]) -> object:
    if at["forked"] is not None:
        return "stopped"
    return None if at["of"] is None else max(at["of"] - at["taken"], 0)


def _faults(each: dict[str, Any]) -> list[str]:
    name, told = each["service"], []
    if each["store"] != "ok":
        told.append(f"{name}: {each['store']}")
    if "fault" in each:
        told.append(f"{name}: {each['fault']}")
    missing = {**each.get("missing", {}), **each.get("degraded", {})}
    told += [f"{name}: {what}: {why}" for what, why in missing.items()]
    told += [
        f"{name}: follows {at['source']} no more: {at['forked']}"
        for at in each.get("sources", ())
        if at["forked"] is not None
    ]
    return told
