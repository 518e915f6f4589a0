"""``python -m tests.bench.plain ROLE``: what one would write with nameko alone, for the same work.

``constant`` answers every paper with the same bytes; ``source`` inserts a row, commits, and dispatches;
``sink`` hears and inserts a row. Both take connections to PostgreSQL from a few that they keep open.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import eventlet

eventlet.monkey_patch()

import psycopg2  # noqa: E402
from nameko.containers import ServiceContainer  # noqa: E402
from nameko.events import EventDispatcher, event_handler  # noqa: E402
from nameko.extensions import DependencyProvider  # noqa: E402
from nameko.web.handlers import http  # noqa: E402

from tests.bench.committing import Order, data_of, end_with_parent, start  # noqa: E402

ACCEPTED = '{"accepted":true}'
JSON = {"Content-Type": "application/json"}


class Constant:
    """The bare endpoint."""

    name = "constant"

    @http("POST", "/ballots/bodies/<body>/polls/<poll>/papers")
    def cast(self, request: Any, body: str, poll: str) -> Any:
        return 201, JSON, ACCEPTED


class Database(DependencyProvider):  # type: ignore[misc]
    """``with self.database() as cursor:`` is a transaction."""

    def setup(self) -> None:
        self._idle: list[Any] = []

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        connection = self._idle.pop() if self._idle else psycopg2.connect(os.environ["STORE_URL"])
        with connection, connection.cursor() as cursor:
            yield cursor
        self._idle.append(connection)

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self._transaction


class Source:
    """Tells of things."""

    name = "source"
    database = Database()
    dispatch = EventDispatcher(use_confirms=os.environ.get("CONFIRMS", "yes") == "yes")

    @http("POST", "/source/commits")
    def commit(self, request: Any) -> Any:
        database, dispatch = self.database, self.dispatch

        def commit(numbers: range) -> None:
            with database() as cursor:
                for number in numbers:
                    cursor.execute("INSERT INTO sent (number) VALUES (%s)", [number])
            for number in numbers:
                dispatch("thing_done", data_of(number))

        start(Order(**json.loads(request.get_data())), commit)
        return 204, ""


class Sink:
    """Hears of things."""

    name = "sink"
    database = Database()

    @event_handler("source", "thing_done")
    def thing_done(self, data: dict[str, Any]) -> None:
        with self.database() as cursor:
            cursor.execute("INSERT INTO heard (number) VALUES (%s)", [data["number"]])


def main() -> None:
    end_with_parent()
    cls = {each.name: each for each in (Constant, Source, Sink)}[sys.argv[1]]
    config = {
        "WEB_SERVER_ADDRESS": os.environ.get("ADDRESS", ""),
        "AMQP_URI": os.environ.get("BROKER_URL", ""),
    }
    if "WORKERS" in os.environ:
        config["max_workers"] = int(os.environ["WORKERS"])  # else ten, as nameko has it
    container = ServiceContainer(cls, config)
    container.start()
    container.wait()


if __name__ == "__main__":
    main()
