"""``piaojue events``: a service's log of events, as it is and as others have taken it."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from piaojue.operating import showing
from piaojue.operating.changing import Change
from piaojue.operating.options import (
    EVERY_SERVICE,
    AsJson,
    By,
    Config,
    DataFolder,
    DryRun,
    Reason,
    Service,
    Services,
    Type,
    Yes,
)
from piaojue.terminal import MISUSED, fail, say, warn

if TYPE_CHECKING:
    from piaojue.operating.places import Place

PAGE: Final = 500
LOOK_SECONDS: Final = 0.5

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def events() -> None:
    """A service's log of events: numbered without gaps, chained by hashes, the truth that the broker only
    carries."""


@app.command("tail")
def tail(
    service: Service,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    after: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="NUMBER", help="From the event after this number on.", show_default=False
        ),
    ] = None,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, help="So many, the latest, without --after.")
    ] = 10,
    type: Type = None,
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Print the events of a service's log, a line each.

    With --json each line is the whole event, as consumers get it.

    Examples:
      piaojue events tail ballots
      piaojue events tail ballots -f --type turnout_changed.v1
      piaojue events tail proposals --after 0 --json > proposals.jsonl

    Exit codes:
      0  all that was asked for was printed, or Ctrl-C ended it
      1  the store could not be reached
      2  the command or the configuration was not understood
    """
    from piaojue.operating.places import reached, the_place

    with reached(the_place(service, config, data_folder)) as place:
        at = after if after is not None else _before_the_last(place, last, type)
        try:
            for event in _following(place, at, follow):
                if _is_of(event, type):
                    say(json.dumps(event, ensure_ascii=False) if as_json else _line(event))
        except KeyboardInterrupt:
            return


def _before_the_last(place: "Place", last: int, type: str | None) -> int:
    """The number after which so many events of the type follow, the log's end included."""
    tip = place.log.tip().sequence
    if type is None:
        return max(tip - last, 0)
    at, found = tip, 0
    while at > 0 and found < last:
        before = max(at - PAGE, 0)
        page = [json.loads(body) for body in place.log.page(before, at - before)]
        for event in reversed(page):
            if found < last:
                at = int(event["sequence"]) - 1
                found += _is_of(event, type)
    return at


def _following(place: "Place", at: int, follow: bool) -> Iterator[dict[str, Any]]:
    from time import sleep

    while True:
        bodies = place.log.page(at, PAGE)
        for body in bodies:
            event = json.loads(body)
            at = int(event["sequence"])
            yield event
        if not bodies:
            if not follow:
                return
            sleep(LOOK_SECONDS)


def _is_of(event: dict[str, Any], type: str | None) -> bool:
    return type is None or event["type"] == type or event["type"].endswith(f".{type}")


def _line(event: dict[str, Any]) -> str:
    data = json.dumps(event["data"], ensure_ascii=False)
    shown = data if len(data) <= 120 else data[:119] + "…"
    about = (_routing_key(event), showing.shown(event["subject"]), shown)
    return "  ".join([f"{int(event['sequence']):>8}", event["time"], *about])


def _routing_key(event: dict[str, Any]) -> str:
    routing_key: str = event["type"].split(".", 2)[2]
    return routing_key


@app.command("replay")
def replay(
    service: Service,
    first: Annotated[int, typer.Option("--from", min=1, metavar="NUMBER", help="The first event.")],
    last: Annotated[
        int | None,
        typer.Option("--to", min=1, metavar="NUMBER", help="The last event; the log's if left out."),
    ] = None,
    type: Type = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    by: By = None,
    reason: Reason = None,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Publish events of a service's log once more, as they are.

    Our own services need this never: they ask for what they lack, and drop
    what they have. It is for consumers of others that lost something. They
    get events again that they may have: they tell by the id. One consumer
    alone is better served by its own reading: GET /SERVICE/events?after=…

    Examples:
      piaojue events replay ballots --from 120 --to 140 --dry-run
      piaojue events replay ballots --from 1 --type result_declared.v1

    Exit codes:
      0  the broker has confirmed all of them
      1  some may not have been published, or the store could not be reached
      2  the command or the configuration was not understood, or nobody could
         be asked
    """
    from piaojue.operating.places import reached, the_place

    with reached(the_place(service, config, data_folder)) as place:
        if place.settings.broker_url.startswith("memory:"):
            fail(
                "the suite's bus is within its process, and cannot be reached from here; its services lack "
                "nothing, since they ask for it. GET /SERVICE/events?after=NUMBER replays over HTTP.",
                MISUSED,
            )
        end = min(last or 2**62, place.log.tip().sequence)
        many = sum(1 for _ in _range(place, first, end, type))
        if not many:
            say("There is no such event in the log.")
            return
        summary = [f"{many} event(s) of {service}, from {first} to {end}, will be published again."]
        details = {"from": first, "to": end, "type": type, "events": many}
        change = Change("events replay", summary, dry_run, yes, by, reason, details).confirmed()
        with place.store.begin() as transaction:
            change.note(transaction, f"{service}: {first} to {end}")
        _publish(place, _range(place, first, end, type))
    say(f"{many} event(s) were published and confirmed.")


def _range(place: "Place", first: int, last: int, type: str | None) -> Iterator[dict[str, Any]]:
    for event in _following(place, first - 1, follow=False):
        if int(event["sequence"]) > last:
            return
        if _is_of(event, type):
            yield event


def _publish(place: "Place", events: Iterator[dict[str, Any]]) -> None:
    from itertools import islice

    from chassis.bus import KombuBus, Message
    from piaojue_contracts import canonical, exchange_of

    settings = place.settings
    bus = KombuBus(settings.broker_url, heartbeat=settings.broker_heartbeat, ca=settings.broker_ca)
    publisher = bus.publisher(exchange_of(place.service))
    try:
        while batch := list(islice(events, PAGE)):
            publisher.publish([Message(each["id"], _routing_key(each), canonical(each)) for each in batch])
    finally:
        publisher.close()


@app.command("verify")
def verify(
    services: Services = EVERY_SERVICE,
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Verify each log from its first event to its last, and what each consumer has taken of it.

    Every event is hashed again: numbers without a gap, each chained to the
    one before, nothing altered. The position of each consumer must be an
    event of the log, with the same hash. Services may go on meanwhile.

    Examples:
      piaojue events verify
      piaojue events verify --service ballots --json

    Exit codes:
      0  all of it fits
      1  something does not fit: the first event that does not is named
      2  something could not be verified, or the command or the configuration
         was not understood
    """
    from piaojue.operating.places import places
    from piaojue.operating.verifying import HEADS, verified

    found = verified(places(config, data_folder, services))
    if as_json:
        showing.as_json([each.told() for each in found])
    else:
        showing.table(HEADS, [each.row() for each in found])
    if any(each.fault for each in found):
        warn("a log or a position does not fit: change nothing, and see docs/operating.md")
        raise typer.Exit(1)
    if any(each.missing for each in found):
        raise typer.Exit(MISUSED)
