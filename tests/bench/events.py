"""Events: from a commit in one service to the commit of what another one made of it, on the backbone and on
nameko's own events. PostgreSQL itself notes when each row was committed."""

import json
from contextlib import closing
from time import monotonic
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import psycopg2

from chassis.auth import jwks, new_key
from chassis.store import Repository, Store, create_backbone_v1
from tests.bench.committing import AT_ONCE, Order
from tests.bench.processes import Busy
from tests.bench.report import Figure, Measured, Target
from tests.bench.stage import Stage
from tests.support.processes import Process
from tests.support.servers import free_ports
from tests.support.waiting import eventually

WARM_UP = 200
LAG_RATE = 500.0
LONGEST_SECONDS = 120.0
ROWS = "SELECT number, extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM {} WHERE number >= %s"


def events(stage: Stage) -> Measured:
    """Events per second from the first commit to the last, the producer not waiting for the consumer."""
    count = 300 if stage.quick else 10000
    pairs = {
        "piaojue": Pair(stage, "ours"),
        "nameko": Pair(stage, "plain"),
        "nameko without confirms": Pair(stage, "plain", {"CONFIRMS": "no"}),
        "nameko in order": Pair(stage, "plain", {"WORKERS": "1"}),
    }
    details: dict[str, Any] = {"at_once": AT_ONCE}
    for name, pair in pairs.items():
        pair.start()
        for group in (1, 10):
            stage.tell(f"events: {name}, {group} in a transaction")
            details[f"{name}, {group}"] = pair.run(count, group)
        if name == "piaojue":
            stage.tell(f"events: lag at {LAG_RATE:.0f} a second")
            details["lag"] = pair.run(count // 2, 1, LAG_RATE)
        stage.clear()
    return Measured(figures(details), details)


def figures(found: dict[str, Any]) -> list[Figure]:
    made = []
    for group in (1, 10):
        spent = {
            name: sum(found[f"{name}, {group}"]["processor_ms"].values()) for name in ("piaojue", "nameko")
        }
        rate = {name: found[f"{name}, {group}"]["rate"] for name in ("piaojue", "nameko", "nameko in order")}
        many = "one" if group == 1 else "ten"
        made += [
            Figure(f"events, {many} in a transaction", rate["piaojue"], "/s", rate["nameko"]),
            Figure("… to nameko", rate["piaojue"] / rate["nameko"], "×", target=Target(least=3)),
            Figure("… to nameko with one worker, in order", rate["piaojue"] / rate["nameko in order"], "×"),
            Figure("… processor time for each, of all processes", spent["piaojue"], "ms", spent["nameko"]),
        ]
    return [
        *made,
        Figure("lag at 500 events/s, p50", found["lag"]["lag_p50"], "ms"),
        Figure("lag at 500 events/s, p99", found["lag"]["lag_p99"], "ms"),
    ]


class Pair:
    """A producer and a consumer, each with a process and a database of its own, and one virtual host."""

    def __init__(self, stage: Stage, module: str, settings: dict[str, str] | None = None) -> None:
        self._stage = stage
        self._module = module
        self._settings = settings or {}
        self._next = 0
        self._processes: dict[str, Process] = {}

    def start(self) -> None:
        """Both are up, their queue is there, and events have passed."""
        name = self._stage.new_folder("events").name
        self._vhost = self._stage.rabbitmq.add_vhost(name)
        self._port = free_ports(1)[0]
        self._urls = {}
        for role, relation in (("source", "sent"), ("sink", "heard")):
            url = self._stage.postgres.create_database(f"{role}_{name[-8:]}")
            self._urls[role] = url
            make_table(url, relation)
        if self._module == "ours":
            make_backbone(self._urls.values())
        for role in ("sink", "source"):
            self._processes[role] = self._stage.start(self._module, role, self._variables(role))
        self._processes["source"].wait_for_port(self._port, 60)
        queues = f"queues/{name}"
        eventually(lambda: self._consumed(queues), 60, "the consumer has its queue")
        self.run(WARM_UP, 1)

    def _consumed(self, path: str) -> bool:
        found = self._stage.rabbitmq.api("GET", f"{path}?disable_stats=true")
        return any(each["name"] in ("sink.inbox", "evt-source-thing_done--sink.thing_done") for each in found)

    def _variables(self, role: str) -> dict[str, str]:
        port = self._port if role == "source" else free_ports(1)[0]
        address, url = f"127.0.0.1:{port}", self._urls[role]
        if self._module == "plain":
            return {"ADDRESS": address, "STORE_URL": url, "BROKER_URL": self._vhost, **self._settings}
        folder = self._stage.new_folder(role)
        (folder / "jwks.json").write_text(json.dumps(jwks(new_key())))
        return {
            "PIAOJUE_DATA_FOLDER": str(folder),
            "PIAOJUE_HTTP_ADDRESS": address,
            "PIAOJUE_STORE_URL": url,
            "PIAOJUE_BROKER_URL": self._vhost,
            "PIAOJUE_LOG_FORMAT": "json",
        }

    def run(self, count: int, group: int, rate: float | None = None) -> dict[str, Any]:
        """Has so many events committed, waits for the last one, and says how quick they were."""
        first, self._next = self._next, self._next + count
        busy = Busy({process.pid: role for role, process in self._processes.items()})
        asked = Request(
            f"http://127.0.0.1:{self._port}/source/commits",
            data=Order(first, count, group, rate).as_bytes(),
            headers={"Content-Type": "application/json"},
        )
        urlopen(asked, timeout=30).close()
        self._wait(first, count)
        cost = busy.done(count)
        sent, heard = self._times("source", "sent", first), self._times("sink", "heard", first)
        assert sorted(sent) == sorted(heard) == list(range(first, first + count)), "each was heard once"
        return {**summary(sent, heard), **cost}

    def _wait(self, first: int, count: int) -> None:
        with closing(psycopg2.connect(self._urls["sink"])) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            started = monotonic()

            def arrived() -> bool:
                for process in self._processes.values():
                    assert process.running, process.said()[-2000:]
                cursor.execute("SELECT count(*) FROM heard WHERE number >= %s", [first])
                found = cursor.fetchone()[0]
                return found >= count

            eventually(arrived, LONGEST_SECONDS, f"{count} events have arrived", pause=0.1)
            self._stage.tell(f"events: {count} in about {monotonic() - started:.1f} s")

    def _times(self, role: str, relation: str, first: int) -> dict[int, float]:
        with closing(psycopg2.connect(self._urls[role])) as connection, connection.cursor() as cursor:
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
