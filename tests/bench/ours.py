"""``python -m tests.bench.ours ROLE``: a service with nothing but what its events take, on the chassis.

``source`` inserts a row and publishes an event in one transaction; ``sink`` hears it and inserts a row.
Settings come from variables, as for the real services; the defaults are those of an operator who set nothing.
"""

import os
import sys

import eventlet

eventlet.monkey_patch()

from marshmallow import Schema, fields  # noqa: E402

from chassis.config import load_settings  # noqa: E402
from chassis.events import Heard, handles  # noqa: E402
from chassis.http import PUBLIC, Call, http  # noqa: E402
from chassis.logging import configure_logging  # noqa: E402
from chassis.service import Running, Service  # noqa: E402
from chassis.store import Repository, Store, Stored  # noqa: E402
from piaojue_contracts import Data, EventType  # noqa: E402
from tests.bench.committing import Order, data_of, end_with_parent, start  # noqa: E402

SUBJECTS = 100


class Thing(Data):
    """An event's data."""

    number = fields.Integer(required=True)
    body = fields.String(required=True)
    title = fields.String(required=True)
    implementing_unit = fields.String(required=True)
    finish_by = fields.String(required=True)


THING_DONE_V1 = EventType("source", "thing_done", 1, Thing, "a thing", "A thing was done.")


class OrderSchema(Schema):
    """How many events to commit, and how."""

    first = fields.Integer(required=True)
    events = fields.Integer(required=True)
    group = fields.Integer(required=True)
    rate = fields.Float(required=True, allow_none=True)


class Things(Repository):
    """The two tables, of which each service has one; written to as the plain services do it."""

    def send(self, number: int) -> None:
        self.connection.exec_driver_sql("INSERT INTO sent (number) VALUES (%s)", (number,))
        subject = f"things/{number % SUBJECTS}"
        self.publish(THING_DONE_V1, subject=subject, data=data_of(number))

    def hear(self, number: int) -> None:
        self.connection.exec_driver_sql("INSERT INTO heard (number) VALUES (%s)", (number,))


class Made(Stored):
    """A store whose tables are there: these services have no migrations."""

    def setup(self) -> None:
        settings = self.container.config["settings"]
        self.store = Store.at(settings.store_url, self.repository, settings.store_connections)


class Source(Service):
    """Tells of things."""

    name = "source"
    store = Made(Things)

    @http("POST", "/commits", who=PUBLIC, body=OrderSchema(), status=204)
    def commit(self, call: Call) -> None:
        """Begins to commit."""
        store = self.store

        def commit(numbers: range) -> None:
            with store.transaction() as things:
                for number in numbers:
                    things.send(number)

        start(Order(**call.data), commit)


class Sink(Service):
    """Hears of things."""

    name = "sink"
    store = Made(Things)

    @handles(THING_DONE_V1)
    def thing_done(self, heard: Heard) -> None:
        heard.store.hear(heard.data["number"])


def main() -> None:
    end_with_parent()
    cls = {"source": Source, "sink": Sink}[sys.argv[1]]
    settings = load_settings(cls.name, (), environ=os.environ)
    configure_logging(settings.log_format, settings.log_level, cls.name)
    together = Running([(cls, settings)])
    together.start()
    together.wait()
    together.stop()


if __name__ == "__main__":
    main()
