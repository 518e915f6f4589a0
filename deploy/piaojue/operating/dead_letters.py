"""``piaojue dead-letters``: events that were set aside after the last try, and messages that are no
events."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

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
    from chassis.events.dead_letters import Letter
    from chassis.store import Transaction
    from piaojue.operating.places import Place

BYTES: Final = "bytes-"
"""Before the number of a message that is no event."""
SHOWN: Final = 500
"""Rows of a list for people."""
MOST: Final = 100_000

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="As the list shows them.", show_default=False)
]
Source = Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only those of this producer.")]


@app.callback()
def dead_letters() -> None:
    """Events that a service could not handle, and messages that are no events.

    An event is parked after its last try. Later events of the same subject
    wait behind it; those of other subjects do not.
    """


@app.command("list")
def list_(
    services: Services = EVERY_SERVICE,
    source: Source = None,
    type: Type = None,
    discarded: Annotated[bool, typer.Option("--discarded", help="Those discarded, with the reason.")] = False,
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """List what is parked: of which service, since when, after how many tries, and why.

    Examples:
      piaojue dead-letters list
      piaojue dead-letters list --service notifications --type result_declared.v1
      piaojue dead-letters list --discarded --json

    Exit codes:
      0  nothing is parked
      1  something is; or a store could not be reached
      2  the command or the configuration was not understood
    """
    from chassis.errors import Unavailable
    from piaojue.operating.places import places

    found: list[dict[str, Any]] = []
    away = 0
    for place in places(config, data_folder, services):
        try:
            found += _listed(place, source, type, discarded)
        except Unavailable as error:
            away += 1
            warn(f"{place.service}: {error.detail}")
    if as_json:
        showing.as_json(found)
    elif found:
        _show_list(found)
    elif not away:  # of what could not be looked at it is not known
        say("Nothing was discarded." if discarded else "Nothing is parked.")
    raise typer.Exit(1 if away or (found and not discarded) else 0)


def _listed(place: "Place", source: str | None, type: str | None, discarded: bool) -> list[dict[str, Any]]:
    from chassis.store.tables import DISCARDED, PARKED

    state = DISCARDED if discarded else PARKED
    letters = place.letters.find(state=state, source=source, type=type, most=MOST)
    found = [{"service": place.service, **asdict(letter)} for letter in letters]
    if source is None and type is None and not discarded:
        found += [_unreadable(place.service, each) for each in place.inbox.unreadables(MOST)]
    return found


def _unreadable(service: str, each: Any) -> dict[str, Any]:
    return {
        "service": service,
        "id": f"{BYTES}{each.id}",
        "source": each.exchange,
        "type": each.routing_key,
        "subject": None,
        "sequence": None,
        "since": each.received_at,
        "attempts": None,
        "error": f"no event: {each.reason} ({each.size} bytes)",
    }


def _show_list(found: list[dict[str, Any]]) -> None:
    keys = ("service", "id", "source", "type", "subject", "since", "attempts", "error")
    heads = ("service", "id", "source", "type", "subject", "since", "#tries", "why")
    showing.table(heads, [[each[key] for key in keys] for each in found[:SHOWN]])
    if len(found) > SHOWN:
        warn(f"{len(found) - SHOWN} more are not shown: name a --service, --source or --type; --json has all")


@app.command("show")
def show(
    service: Service,
    id: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")],
    as_json: AsJson = False,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Show one in full: why it failed, what waits behind it, its envelope and data.

    Events carry no secrets: no code, no mark, no deputy's name. Of a
    message that is no event the first 256 bytes are shown.

    Examples:
      piaojue dead-letters show notifications 3b1f0c1e-…
      piaojue dead-letters show notifications bytes-1

    Exit codes:
      0  it was shown
      1  there is none of this id, or the store could not be reached
      2  the command or the configuration was not understood
    """
    from piaojue.operating.places import reached, the_place

    with reached(the_place(service, config, data_folder)) as place:
        told = _found(place, id)
    if as_json:
        showing.as_json(told)
        return
    for key, value in told.items():
        if not isinstance(value, dict):
            say(f"{key:15}{showing.shown(value)}")
    if isinstance(event := told.get("event"), dict):
        import json

        say(json.dumps(event, ensure_ascii=False, indent=2))


def _found(place: "Place", id: str) -> dict[str, Any]:
    """Ends the command with 1 when there is none of this id."""
    found = _message(place, id) if id.startswith(BYTES) else _letter(place, id)
    if found is None:
        _not_there(place, id)
    return found


def _not_there(place: "Place", id: str) -> NoReturn:
    fail(f"{place.service} has nothing parked or discarded of the id {id}; piaojue dead-letters list")


def _letter(place: "Place", id: str) -> dict[str, Any] | None:
    from chassis.store.tables import DISCARDED, PARKED

    letters = place.letters
    for state in (PARKED, DISCARDED):
        for letter in letters.find(state=state, ids=[id]):
            event = letters.event(id)
            return {
                "service": place.service,
                **asdict(letter),
                "waiting_behind": letters.waiting_behind(letter),
                "event": event.as_json() if event else None,
            }
    return None


def _message(place: "Place", id: str) -> dict[str, Any] | None:
    import hashlib

    number = _number(id)
    for each in place.inbox.unreadables(MOST):
        if each.id == number and (body := place.letters.message(number)) is not None:
            beginning = body[:256].decode("utf-8", "backslashreplace")
            digest = hashlib.sha256(body).hexdigest()
            return {**_unreadable(place.service, each), "sha256": digest, "begins": beginning}
    return None


def _number(id: str) -> int:
    digits = id.removeprefix(BYTES)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        fail(f"{id} is no id: a message that is no event is called {BYTES}1, for one", MISUSED)
    return int(digits)


@app.command("replay")
def replay(
    service: Service,
    ids: Ids = None,
    every: Annotated[
        bool, typer.Option("--all", help="All that are parked, or all of a source or type.")
    ] = False,
    source: Source = None,
    type: Type = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    by: By = None,
    reason: Reason = None,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Have parked events tried again, once what made them fail is mended.

    The service tries them within a second or two, as if for the first
    time, and then those that wait behind. One that fails again is parked
    again.

    Examples:
      piaojue dead-letters replay notifications 3b1f0c1e-…
      piaojue dead-letters replay notifications --all --type result_declared.v1
      piaojue dead-letters replay proposals --all --dry-run

    Exit codes:
      0  they will be tried again, or there is nothing to try
      1  one of these ids is not parked, or the store could not be reached
      2  the command or the configuration was not understood, or nobody could
         be asked
    """
    from chassis.clock import now
    from piaojue.operating.places import reached, the_place

    if bool(ids) == every or (ids and (source or type)):
        fail("name ids, or --all, alone or with --source and --type", MISUSED)
    if any(id.startswith(BYTES) for id in ids or ()):
        fail("a message that is no event cannot be tried again; discard it", MISUSED)
    with reached(the_place(service, config, data_folder)) as place:
        letters = _chosen(place, ids, source, type)
        if not letters:
            say("Nothing of that is parked.")
            return
        summary = [f"{service} will try {len(letters)} parked event(s) again:", *map(_line, letters)]
        change = Change("dead-letters replay", summary, dry_run, yes, by, reason).confirmed()
        with place.store.begin() as transaction:
            done = place.letters.release(transaction, [letter.id for letter in letters], now())
            change.note(transaction, f"{service}: {len(done)} event(s)", events=done)
    say(f"{len(done)} event(s) will be tried again by {service}, if it runs.")


def _chosen(place: "Place", ids: list[str] | None, source: str | None, type: str | None) -> list["Letter"]:
    letters = place.letters.find(source=source, type=type, ids=ids, most=MOST)
    if missing := sorted(set(ids or ()) - {letter.id for letter in letters}):
        fail(f"not parked in {place.service}: {', '.join(missing)}")
    return letters


def _line(letter: "Letter") -> str:
    told = (letter.id, letter.source, letter.type, letter.subject, f"failed with {letter.error}")
    return "  " + "  ".join(map(showing.shown, told))


@app.command("discard")
def discard(
    service: Service,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="As the list shows them.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.", show_default=False)
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
    by: By = None,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Give parked events up for good: this service will never handle them.

    What waits behind one goes on. The event stays in its source's log, and
    its message here, with the reason. Of a message that is no event the
    bytes are deleted, and their SHA-256 is kept. All of them are discarded,
    or none.

    Examples:
      piaojue dead-letters discard notifications 3b1f0c1e-… \\
        --reason "announced by hand on 16 April"
      piaojue dead-letters discard ballots bytes-{1..40} --reason "stray tests"

    Exit codes:
      0  they were discarded
      1  there is none of one of these ids, or the store could not be reached
      2  the command or the configuration was not understood, or nobody could
         be asked
    """
    from piaojue.operating.places import reached, the_place

    with reached(the_place(service, config, data_folder)) as place:
        each_once = list(dict.fromkeys(ids))
        found = [*_messages(place, each_once), *_events(place, each_once)]
        summary = [line for each in found for line in each.summary]
        change = Change("dead-letters discard", summary, dry_run, yes, by, reason).confirmed()
        with place.store.begin() as transaction:
            for each in found:
                each.discard(transaction, change)
    for each in found:
        say(each.done)


@dataclass(frozen=True)
class _Discarding:
    """One that is to be given up. ``discard`` ends the command when it is there no longer."""

    summary: list[str]
    done: str
    discard: Callable[["Transaction", Change], None]


def _events(place: "Place", ids: list[str]) -> Iterator[_Discarding]:
    wanted = [id for id in ids if not id.startswith(BYTES)]
    for letter in _chosen(place, wanted, None, None) if wanted else ():
        behind = place.letters.waiting_behind(letter)
        summary = [
            f"{place.service} will never handle this event:",
            _line(letter),
            f"{behind} later event(s) of {showing.shown(letter.subject)} wait behind it and will go on.",
        ]
        done = f"{letter.id} was discarded; {behind} event(s) behind it go on."
        yield _Discarding(summary, done, partial(_discard_event, place, letter))


def _discard_event(place: "Place", letter: "Letter", transaction: "Transaction", change: Change) -> None:
    if not place.letters.discard(transaction, letter.id, change.reason or ""):
        fail(f"{letter.id} is no longer parked; nothing was changed")
    details = {"event": letter.id, "source": letter.source, "sequence": letter.sequence, "type": letter.type}
    change.note(transaction, f"{place.service}: {letter.id}", **details)


def _messages(place: "Place", ids: list[str]) -> Iterator[_Discarding]:
    wanted = [id for id in ids if id.startswith(BYTES)]
    there = {each.id: each for each in place.inbox.unreadables(MOST)} if wanted else {}
    for id in wanted:
        if (number := _number(id)) not in there:
            _not_there(place, id)
        told = _unreadable(place.service, there[number])
        summary = [
            f"The bytes of {id} in {place.service} will be deleted:",
            f"  {showing.shown(told['error'])}",
        ]
        done = f"{id} was deleted; its SHA-256 is in the audit."
        yield _Discarding(summary, done, partial(_discard_message, place, told))


def _discard_message(
    place: "Place", told: dict[str, Any], transaction: "Transaction", change: Change
) -> None:
    id = told["id"]
    digest = place.letters.discard_message(transaction, _number(id))
    if digest is None:
        fail(f"{id} is no longer there; nothing was changed")
    change.note(transaction, f"{place.service}: {id}", sha256=digest, routing_key=told["type"])
