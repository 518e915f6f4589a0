"""What there was before: casts, and a whole close, with many papers of past polls in the store."""

from contextlib import closing
from time import perf_counter
from typing import Any

import psycopg2

from tests.bench.casts import WARM_UP, Papers, cast, prepared
from tests.bench.declared import DEPUTIES, declare_one, soon
from tests.bench.processes import median_of
from tests.bench.report import Figure, Measured, Target
from tests.bench.stage import Stage
from tests.end_to_end import year
from tests.support.region import RealRegion

MOST_PAST = 10_000_000
QUICK_PAST = 30_000
PAPERS_OF_A_POLL = 3000
TABLES = ("polls", "codes", "papers", "receipts")

FILL = (
    # The past polls are copies of one that was declared; their rows lie as the close leaves them, in order.
    """INSERT INTO polls SELECT (jsonb_populate_record(p, jsonb_build_object('id', past_poll(n)))).*
       FROM polls p, generate_series(0, {papers} - 1, {of_a_poll}) n WHERE id = 'past'""",
    """INSERT INTO papers (body, poll, id, marks)
       SELECT '{body}', past_poll(n), lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000',
         (ARRAY['["water"]', '["water","road"]', '["road","clinic"]', '[]'])[n * 4 / {of_a_poll} % 4 + 1]
       FROM generate_series(0, {papers} - 1) n""",
    """INSERT INTO receipts (body, poll, receipt)
       SELECT '{body}', past_poll(n), lpad(to_hex(n), 64, '0') FROM generate_series(0, {papers} - 1) n""",
    """INSERT INTO codes (body, poll, hash, spent)
       SELECT '{body}', past_poll(n), lpad(to_hex(n), 64, '0'), true
       FROM generate_series(0, {papers} - 1) n""",
)
PAST_POLL = """CREATE FUNCTION pg_temp.past_poll(n integer) RETURNS text IMMUTABLE LANGUAGE sql AS
    $$ SELECT 'past-' || lpad((n / {of_a_poll})::text, 6, '0') $$"""


def past(stage: Stage) -> Measured:
    """Casts with 10 million papers, receipts and spent codes of past polls, in turns with an empty store."""
    size, rounds, closes = (1000, 1, 1) if stage.quick else (20000, 3, 3)
    wanted = min(stage.past, QUICK_PAST) if stage.quick else stage.past
    regions = {"empty": prepared(stage), "full": prepared(stage, stage.another_postgres())}
    filled = fill(stage, regions["full"], wanted)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in regions}
    papers = {name: Papers(region, WARM_UP + size * rounds) for name, region in regions.items()}
    for number in range(rounds + 1):
        stage.tell(f"past: round {number} of {rounds}")
        for name, region in regions.items():
            at = [region.processes["ballots"].pid], region.port_of("ballots")
            run = cast(stage, *at, papers[name].next(size if number else WARM_UP))
            found[name] += [run] if number else []
    closed = [declare_one(stage, regions["full"], f"c{number}", DEPUTIES) for number in range(closes)]
    empty, full = (median_of(found[name], "rate") for name in ("empty", "full"))
    return Measured(
        [
            Figure(f"casts with {wanted:,} papers of past polls", full, "/s"),
            Figure("… to those with none", full / empty, "×", target=Target(least=0.9)),
            Figure("… time to an answer, p99", median_of(found["full"], "p99"), "ms"),
            soon(closed),
        ],
        {**found, "filled": filled, "closed": closed},
    )


def fill(stage: Stage, region: RealRegion, papers: int) -> dict[str, Any]:
    """Past polls of 3,000 papers each, as they are once they are declared and vacuumed."""
    year.open_poll(region, "past", 1)
    year.declare(region, "past")
    names = {"body": year.BODY, "papers": papers, "of_a_poll": PAPERS_OF_A_POLL}
    started = perf_counter()
    with closing(psycopg2.connect(of_superuser(region))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SET session_replication_role = replica")  # keys to other tables are right anyway
        cursor.execute("SET search_path = public, pg_temp")
        cursor.execute(PAST_POLL.format(**names))
        for statement in FILL:
            stage.tell(f"past: {statement.split('(')[0].strip()} …")
            cursor.execute(statement.format(**names).replace("past_poll", "pg_temp.past_poll"))
        cursor.execute(f"VACUUM {', '.join(TABLES)}")
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT count(*), pg_database_size(current_database()) FROM papers")
        count, octets = cursor.fetchone()
    assert count == papers, f"{count} papers of past polls"
    return {"papers": count, "mb": octets >> 20, "seconds": round(perf_counter() - started, 1)}


def of_superuser(region: RealRegion) -> str:
    return f"{region.postgres.url.rpartition('/')[0]}/{region.databases['ballots'].rpartition('/')[2]}"
