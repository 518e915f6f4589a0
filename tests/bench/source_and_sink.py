"""A producer and a consumer of events, on the backbone or on nameko alone, and what PostgreSQL noted of them:
it knows when each row was committed."""

import json
from contextlib import closing
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import psycopg2

from chassis.auth import jwks, new_key
from chassis.store import Repository, Store, create_backbone_v1
from tests.bench.committing import Order
from tests.bench.processes import Busy
from tests.bench.stage import Stage
from tests.support.processes import Process
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.servers import free_ports
from tests.support.waiting import eventually

ROLES = ("source", "sink")
RELATIONS = ("sent", "heard")
RELATION_OF = dict(zip(ROLES, RELATIONS, strict=True))
QUEUES = ("sink.inbox", "evt-source-thing_done--sink.thing_done")
WARM_UP = 200
LONGEST_SECONDS = 300.0
ROWS = "SELECT number, extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM {} WHERE number >= %s"


class Pair:
    """A producer and a consumer, each with a process and a database of its own, and one virtual host.

    ``module``: ``ours`` or ``plain``; ``broker``: another than the stage's.
    """

    def __init__(
        self,
        stage: Stage,
        module: str,
        settings: dict[str, str] | None = None,
        broker: PrivateRabbitMQ | None = None,
    ) -> None:
        self._stage = stage
        self._module = module
        self._settings = settings or {}
        self._broker = broker or stage.rabbitmq
        self._next = 0
        self._ports: dict[str, int] = {}
        self._folders: dict[str, Path] = {}
        self.urls: dict[str, str] = {}
        self.processes: dict[str, Process] = {}

    def start(self) -> None:
        """Both are up, their queue is there, and events have passed."""
        self._name = self._stage.new_folder("events").name
        self._vhost = self._broker.add_vhost(self._name)
        for role, relation, port in zip(ROLES, RELATIONS, free_ports(len(ROLES)), strict=True):
            url = self._stage.postgres.create_database(f"{role}_{self._name[-8:]}")
            self.urls[role], self._ports[role] = url, port
            self._folders[role] = self._stage.new_folder(role)
            make_table(url, relation)
        if self._module == "ours":
            make_backbone(self.urls.values())
        self.again()

    def again(self) -> None:
        """As :meth:`start`, with what the stores have of before."""
        self.begin(*reversed(ROLES))
        self.processes["source"].wait_for_port(self._ports["source"], 60)
        eventually(self._consumed, 60, "the consumer has its queue")
        self.run(WARM_UP, 1)

    def begin(self, *roles: str) -> None:
        """Starts them, in a process of its own each, and waits for nothing."""
        for role in roles:
            self.processes[role] = self._stage.start(self._module, role, self._variables(role))

    def end(self, *roles: str) -> None:
        """Ends them in an orderly way."""
        for role in roles:
            self.processes.pop(role).terminate()

    def lose_queue(self) -> None:
        """The broker has lost the consumer's queue, and all that waited in it."""
        self._broker.api("DELETE", f"queues/{self._name}/{QUEUES[0]}")

    def _consumed(self) -> bool:
        found = self._broker.api("GET", f"queues/{self._name}?disable_stats=true")
        return any(each["name"] in QUEUES for each in found)

    def _variables(self, role: str) -> dict[str, str]:
        address, url = f"127.0.0.1:{self._ports[role]}", self.urls[role]
        if self._module == "plain":
            return {"ADDRESS": address, "STORE_URL": url, "BROKER_URL": self._vhost, **self._settings}
        (self._folders[role] / "jwks.json").write_text(json.dumps(jwks(new_key())))
        return {
            "PIAOJUE_DATA_FOLDER": str(self._folders[role]),
            "PIAOJUE_HTTP_ADDRESS": address,
            "PIAOJUE_STORE_URL": url,
            "PIAOJUE_BROKER_URL": self._vhost,
            "PIAOJUE_LOG_FORMAT": "json",
        }

    def run(self, count: int, group: int, rate: float | None = None) -> dict[str, Any]:
        """Has so many events committed, waits for the last one, and says how quick they were."""
        busy = Busy({process.pid: role for role, process in self.processes.items()})
        first = self.order(count, group, rate)
        self.wait("sink", first, count)
        cost = busy.done(count)
        sent, heard = self.times("source", first), self.times("sink", first)
        assert sorted(sent) == sorted(heard) == list(range(first, first + count)), "each was heard once"
        return {**summary(sent, heard), **cost}

    def order(self, count: int, group: int, rate: float | None = None) -> int:
        """Has the producer begin to commit so many events; the number of the first."""
        first, self._next = self._next, self._next + count
        asked = Request(
            f"http://127.0.0.1:{self._ports['source']}/source/commits",
            data=Order(first, count, group, rate).as_bytes(),
            headers={"Content-Type": "application/json"},
        )
        urlopen(asked, timeout=30).close()
        return first

    def wait(self, role: str, first: int, count: int, pause: float = 0.1) -> None:
        """Until all these events are committed at the producer, or by the consumer."""
        query = f"SELECT count(*) FROM {RELATION_OF[role]} WHERE number >= %s"
        with closing(psycopg2.connect(self.urls[role])) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            started = monotonic()

            def arrived() -> bool:
                for process in self.processes.values():
                    assert process.running, process.said()[-2000:]
                cursor.execute(query, [first])
                found = cursor.fetchone()[0]
                return found >= count

            eventually(arrived, LONGEST_SECONDS, f"{count} events have come to the {role}", pause=pause)
            self._stage.tell(f"events: {count} in about {monotonic() - started:.1f} s")

    def wait_for_published(self, sequence: int) -> None:
        """Until the broker has confirmed the producer's events up to this one of its log."""
        with closing(psycopg2.connect(self.urls["source"])) as connection, connection.cursor() as cursor:
            connection.autocommit = True

            def published() -> bool:
                cursor.execute("SELECT published FROM relay_state")
                return bool(cursor.fetchone()[0] >= sequence)

            eventually(published, LONGEST_SECONDS, f"event {sequence} is at the broker", pause=0.1)

    def times(self, role: str, first: int) -> dict[int, float]:
        """Event → when its row was committed there, in seconds of the epoch."""
        relation = RELATION_OF[role]
        with closing(psycopg2.connect(self.urls[role])) as connection, connection.cursor() as cursor:
            cursor.execute(ROWS.format(relation), [first])
            rows = cursor.fetchall()
        found = {number: float(at) for number, at in rows}
        assert len(found) == len(rows), f"{relation} has {len(rows)} rows for {len(found)} events"
        return found


def summary(sent: dict[int, float], heard: dict[int, float]) -> dict[str, Any]:
    """Times are seconds, those of the lag milliseconds."""
    seconds = max(heard.values()) - min(sent.values())
    lags = sorted((heard[number] - at) * 1000 for number, at in sent.items())
    return {
        "events": len(sent),
        "seconds": round(seconds, 3),
        "rate": round(len(sent) / seconds, 1),
        "committing": round(len(sent) / (max(sent.values()) - min(sent.values())), 1),
        "lag_p50": round(lags[len(lags) // 2], 1),
        "lag_p99": round(lags[len(lags) * 99 // 100], 1),
        "lag_most": round(lags[-1], 1),
    }


def make_table(url: str, relation: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {relation} (number bigint NOT NULL, at timestamptz DEFAULT now())")


def make_backbone(urls: Any) -> None:
    for url in urls:
        store = Store.at(url, Repository)
        try:
            with store.begin() as transaction:
                create_backbone_v1(SimpleNamespace(get_bind=lambda found=transaction.connection: found))
        finally:
            store.close()
