"""Casts: many deputies at once against one process of ballots, and the same requests against a bare nameko
endpoint that returns a constant."""

import json
import random
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg2

from ballots import usecases
from ballots.store import Ballots
from tests.bench.load import Load, send
from tests.bench.processes import Busy, median_of, memory
from tests.bench.report import Figure, Measured, Target
from tests.bench.stage import Stage
from tests.end_to_end import year
from tests.support.postgresql import PrivatePostgres
from tests.support.processes import Process
from tests.support.region import RealRegion
from tests.support.servers import free_ports
from tests.support.stores import migrated_store

MOST_SLIPS = 5000
"""At a poll: ballots makes no more slips at a time."""
WARM_UP = 1000
WORKERS = "1000"


def casts(stage: Stage) -> Measured:
    """Papers cast over 200 connections, PostgreSQL with fsync; every answer and every paper is checked."""
    size, rounds = (1000, 1) if stage.quick else (20000, 3)
    region = prepared(stage)
    process, port = region.processes["ballots"], region.port_of("ballots")
    bare = Bare(stage)
    papers = Papers(region, WARM_UP + size * rounds)
    warm = papers.next(WARM_UP)
    for served in (([process.pid], port), ([bare.process.pid], bare.port)):
        cast(stage, *served, warm)
    ours, plain = [], []
    for number in range(rounds):
        stage.tell(f"casts: round {number + 1} of {rounds}")
        lines = papers.next(size)
        ours.append(cast(stage, [process.pid], port, lines))
        plain.append(cast(stage, [bare.process.pid], bare.port, lines))
    check(region, papers.given)
    generator = cast(stage, [process.pid], port, ["GET /ballots/health/live"] * size, status=200)
    details = {
        "piaojue": ours,
        "nameko": plain,
        "generator": generator,
        "memory": memory(process.pid),
        "papers": papers.given,
        "warm_up": WARM_UP,
    }
    return Measured(figures(ours, plain, generator), details)


def figures(
    ours: list[dict[str, Any]], plain: list[dict[str, Any]], generator: dict[str, Any]
) -> list[Figure]:
    def figure(name: str, key: str, unit: str, target: Target | None = None) -> Figure:
        return Figure(name, median_of(ours, key), unit, median_of(plain, key), target)

    return [
        figure("casts, 200 connections", "rate", "/s", Target(least=3000)),
        Figure(
            "casts to requests of nameko",
            median_of(ours, "rate") / median_of(plain, "rate"),
            "×",
            target=Target(least=0.55),
        ),
        figure("time to an answer, p50", "p50", "ms"),
        figure("time to an answer, p99", "p99", "ms", Target(most=100)),
        figure("processor time for each, of the service alone", "service_ms", "ms"),
        Figure("generator, asking ballots for a constant", generator["rate"], "/s"),
    ]


def prepared(stage: Stage, postgres: PrivatePostgres | None = None) -> RealRegion:
    """Ballots alone, with an open meeting of as many deputies as a poll can have slips."""
    region = stage.region(postgres)
    region.start("ballots")
    listed = [{"project": id, "title": title} for id, title in year.CANDIDATES.items()]
    with (
        migrated_store("ballots", Ballots, region.folder, url=region.databases["ballots"]) as store,
        store.transaction() as ballots,
    ):
        usecases.keep_candidate_list(ballots, {"body": year.BODY, "year": 2022, "candidates": listed})
    year.open_meeting(region, MOST_SLIPS)
    return region


class Papers:
    """Requests that cast a paper each, of as many polls as it takes; polls follow each other."""

    def __init__(self, region: RealRegion, wanted: int) -> None:
        self._lines: list[str] = []
        chance = random.Random(wanted)
        for number in range(-(-wanted // MOST_SLIPS)):
            path = f"/ballots/bodies/{year.BODY}/polls/p{number}/papers"
            for code in year.open_poll(region, f"p{number}", MOST_SLIPS):
                marks = chance.sample(list(year.CANDIDATES), chance.randint(0, 2))
                self._lines.append(f"POST {path} {json.dumps({'code': code, 'marks': marks})}")
        know_tables(region)
        self.given = 0

    def next(self, count: int) -> list[str]:
        found = self._lines[self.given : self.given + count]
        self.given += count
        return found


def know_tables(region: RealRegion) -> None:
    """PostgreSQL plans by what it knows of its tables; by itself it looks within a minute of so many new
    slips, and no meeting votes as soon as that."""
    with closing(psycopg2.connect(region.databases["ballots"])) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("ANALYZE")


class Bare:
    """The endpoint of nameko's own, as many workers as it can use."""

    def __init__(self, stage: Stage) -> None:
        self.port = free_ports(1)[0]
        settings = {"ADDRESS": f"127.0.0.1:{self.port}", "WORKERS": WORKERS}
        self.process: Process = stage.start("plain", "constant", settings)
        self.process.wait_for_port(self.port)


def cast(stage: Stage, pids: Sequence[int], port: int, lines: list[str], status: int = 201) -> dict[str, Any]:
    """One load of a service's processes, and how busy all that took part in it was."""
    names = {pid: f"service {number}" if len(pids) > 1 else "service" for number, pid in enumerate(pids, 1)}
    busy = Busy(names, ended="generator")
    found: Load = send(port, lines, stage.new_folder("load"), status=status)
    cost = busy.done(len(lines))
    return {
        **found.as_json(),
        **cost,
        "service_ms": sum(cost["processor_ms"].get(name, 0) for name in names.values()),
    }


def check(region: RealRegion, accepted: int) -> None:
    """What was accepted is in the database, once each, and nothing else is."""
    with closing(psycopg2.connect(region.databases["ballots"])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), (SELECT count(*) FROM codes WHERE spent) FROM papers")
        papers, spent = cursor.fetchone()
    assert (papers, spent) == (accepted, accepted), (
        f"{accepted} accepted, {papers} papers, {spent} spent codes"
    )
