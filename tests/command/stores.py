"""The stores of a region in a folder, filled by hand: what the operator's commands work on, with no service
running."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from chassis.events.inbox import Inbox
from chassis.store import migrate
from piaojue.command import app
from piaojue.operating.places import Place, place_of
from piaojue.versions import SERVICES
from piaojue_contracts import Event, golden_messages

OPEN = {"poll": ("ballots", "polls", "papers"), "rating": ("ratings", "ratings", "forms")}
PATIENT = {"COLUMNS": "300", "TERMINAL_WIDTH": "300"}


class Stores:
    """Four of them. ``told`` and ``parked`` are as a relay and a consumer would have left them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places: dict[str, Place] = {name: place_of(name, None, folder) for name in SERVICES}

    def told(self, producer: str, *, times: int = 1) -> list[Event]:
        """Every golden message of a producer, so many times, committed and numbered."""
        place = self.places[producer]
        with place.store.begin() as transaction:
            for _ in range(times):
                for event_type, golden in golden_messages():
                    if event_type.producer == producer:
                        transaction.publish(event_type, subject=golden.subject, data=golden.data)
        lead = place.log.lead(lambda: None)
        while place.log.number(lead, 500):
            pass
        place.log.mark_published(lead, place.log.tip().sequence)
        lead.release()
        return self.log(producer)

    def log(self, producer: str) -> list[Event]:
        return [Event.from_json(json.loads(body)) for body in self.places[producer].log.page(0, 10_000)]

    def taken(
        self, consumer: str, events: Sequence[Event], handler: Callable[[Any], object] = lambda heard: None
    ) -> None:
        """A consumer takes them; those whose handler raises are parked at once."""
        producer = events[0].producer
        handlers = {
            event_type.type: (event_type, handler)
            for event_type, _ in golden_messages()
            if event_type.producer == producer
        }
        Inbox(consumer, self.places[consumer].inbox, handlers, pauses=[]).take(events)

    def parked(self, consumer: str, events: Sequence[Event]) -> None:
        """As :meth:`taken`, by a handler that fails; of a subject, the first is parked, others wait."""
        self.taken(consumer, events, _failing)

    def opened(self, kind: str, issued: int, returned: int) -> None:
        """An open poll or rating ``yongan/first``, with what only its turnout takes."""
        service, table, papers = OPEN[kind]
        rows = {"body": "yongan", "id": "first", "state": "open", "issued": issued}
        with sqlite3.connect(self.folder / f"{service}.db") as connection:
            _insert(connection, table, rows)
            for number in range(returned):
                _insert(connection, papers, {"body": "yongan", kind: "first", "id": str(number)})
        connection.close()

    def close(self) -> None:
        for place in self.places.values():
            if "bare" in vars(place):
                place.bare.close()


def made(folder: Path) -> Path:
    """The folder, with four stores that have tables and nothing in them."""
    for service in SERVICES:
        engine = place_of(service, None, folder).engine()
        migrate(engine, service)
        engine.dispose()
    return folder


def _insert(connection: sqlite3.Connection, table: str, values: dict[str, Any]) -> None:
    """Whatever else its columns need is empty."""
    for _, name, _, needed, default, _ in connection.execute(f"PRAGMA table_info({table})").fetchall():
        if needed and default is None and name not in values:
            values[name] = ""
    names = ", ".join(values)
    connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(values))})", [*values.values()]
    )


def _failing(heard: Any) -> None:
    raise LookupError("a code, 12345, that must not be shown")


def command(*arguments: object, folder: Path | None = None, **more: Any) -> Any:
    """The command, run in this process; standard input is no terminal."""
    words = [*map(str, arguments), *(["--data-folder", str(folder)] if folder else [])]
    return CliRunner().invoke(app, words, prog_name="piaojue", env=PATIENT, **more)


def as_json(*arguments: object, folder: Path | None = None) -> Any:
    run = command(*arguments, "--json", folder=folder)
    return json.loads(run.stdout)


def audited(folder: Path) -> list[dict[str, Any]]:
    return as_json("audit", folder=folder)
