"""Events when there were many before: ten million in the producer's log, as many handled in the consumer's
inbox."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from io import StringIO
from random import Random
from time import perf_counter
from typing import Any

import psycopg2

from piaojue_contracts import Event
from tests.bench.processes import median_of
from tests.bench.report import Figure, Measured, Target
from tests.bench.source_and_sink import Pair
from tests.bench.stage import Stage

SIZES = (1_000_000, 3_000_000, 10_000_000)
QUICK_SIZES = (2_000, 4_000)
ROUNDS = 3
GROUP = 10
AT_A_TIME = 50_000
SEQUENCE = 111_111_111_111_111
"""One that is nowhere else in a message."""

TO_LOG = "COPY event_log (sequence, id, type, subject, hash, body) FROM STDIN"
TO_INBOX = "COPY inbox (source, sequence, event_id, type, subject, state, attempts, received_at) FROM STDIN"
UNIQUE = "inbox_event_id_key"
"""Made anew when all rows are there, which is quicker."""


def long_log(stage: Stage) -> Measured:
    """Events per second with 1, 3 and 10 million in the log, in turns with plain nameko."""
    count, rounds = (300, 1) if stage.quick else (10_000, ROUNDS)
    sizes = QUICK_SIZES if stage.quick else tuple(size for size in SIZES if size <= stage.past)
    pairs = {"piaojue": Pair(stage, "ours"), "nameko": Pair(stage, "plain")}
    for pair in pairs.values():
        pair.start()
    found: dict[int, dict[str, Any]] = {}
    for size in (0, *sizes):
        found[size] = {"filled": lengthen(stage, pairs["piaojue"], size)} if size else {}
        found[size] |= {name: [] for name in pairs}
        for number in range(rounds):
            stage.tell(f"log: {size:,} events in the log, round {number + 1} of {rounds}")
            for name, pair in pairs.items():
                found[size][name].append(pair.run(count, GROUP))
    return Measured(list(figures(found)), {"log": found})


def figures(found: dict[int, dict[str, Any]]) -> Iterator[Figure]:
    none = median_of(found[0]["piaojue"], "rate")
    for size, runs in found.items():
        ours, plain = (median_of(runs[name], "rate") for name in ("piaojue", "nameko"))
        yield Figure(f"events with {size:,} in the log, ten in a transaction", ours, "/s", plain)
        yield Figure("… to nameko", ours / plain, "×", target=Target(least=3))
        if size:
            yield Figure("… to none in the log", ours / none, "×", target=Target(least=0.9))


def lengthen(stage: Stage, pair: Pair, size: int) -> dict[str, Any]:
    """Adds events to the log until there are so many, chained, published, and handled by the consumer. The
    processes are others afterwards, and have passed events."""
    pair.end("source", "sink")
    stage.tell(f"log: filling it to {size:,} …")
    started = perf_counter()
    with writing(pair.urls["source"]) as log, writing(pair.urls["sink"]) as inbox:
        fill(log, inbox, size)
    sizes = {role: vacuumed(pair.urls[role]) for role in ("source", "sink")}
    execute_alone(stage.postgres.url, "CHECKPOINT")
    seconds = round(perf_counter() - started, 1)
    pair.again()
    return {"seconds": seconds, "mb": sizes}


@contextmanager
def writing(url: str) -> Iterator[Any]:
    """A cursor; what it has written is committed at the end."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        yield cursor


def fill(log: Any, inbox: Any, size: int) -> None:
    """Both with these cursors."""
    inbox.execute(f"ALTER TABLE inbox DROP CONSTRAINT {UNIQUE}")
    for logged, handled in chunks(last_event(log), size):
        log.copy_expert(TO_LOG, logged)
        inbox.copy_expert(TO_INBOX, handled)
    inbox.execute(f"ALTER TABLE inbox ADD CONSTRAINT {UNIQUE} UNIQUE (event_id)")
    last = last_event(log)
    assert (last.sequence, last.computed_hash()) == (size, last.hash), "as the relay makes them"
    log.execute("UPDATE relay_state SET published = %s", [last.sequence])
    inbox.execute("UPDATE inbox_cursor SET sequence = %s, hash = %s", [last.sequence, last.hash])


def last_event(log: Any) -> Event:
    log.execute("SELECT body FROM event_log ORDER BY sequence DESC LIMIT 1")
    return Event.from_bytes(log.fetchone()[0].encode())


def vacuumed(url: str) -> int:
    """As it would be by itself after a while; its size in MB."""
    execute_alone(url, "VACUUM ANALYZE")
    with writing(url) as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0]) >> 20


def execute_alone(url: str, statement: str) -> None:
    """One that is not for a transaction."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)


def chunks(tip: Event, size: int) -> Iterator[tuple[StringIO, StringIO]]:
    """What follows ``tip`` up to number ``size``, each like it but for its id and subject.

    Rows of the log and of the inbox, as COPY reads them.
    """
    hashed, body = templates(tip)
    drawn, previous = Random(size), tip.hash
    moment = tip.time
    for first in range(tip.sequence + 1, size + 1, AT_A_TIME):
        logged, handled = StringIO(), StringIO()
        for sequence in range(first, min(first + AT_A_TIME, size + 1)):
            text = f"{drawn.getrandbits(128):032x}"
            id = f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"
            subject = f"thing-{sequence % 100}"
            hash = sha256((hashed % (id, previous, sequence, subject)).encode()).hexdigest()
            message = body % (hash, id, previous, sequence, subject)
            logged.write(f"{sequence}\t{id}\t{tip.type}\t{subject}\t{hash}\t{message}\n")
            handled.write(f"{tip.producer}\t{sequence}\t{id}\t{tip.type}\t{subject}\thandled\t0\t{moment}\n")
            previous = hash
        logged.seek(0)
        handled.seek(0)
        yield logged, handled


def templates(event: Event) -> tuple[str, str]:
    """The text that is hashed of an event, and its message. What differs is left open: the hash, which the
    message alone has, then id, previous hash, sequence and subject."""
    marked = replace(
        event, id="@id", previous_hash="@previous", sequence=SEQUENCE, subject="@subject", hash="@hash"
    )
    body = marked.as_bytes().decode().replace("%", "%%")
    for mark in ("@id", "@previous", "@subject", "@hash"):
        body = body.replace(mark, "%s")
    body = body.replace(str(SEQUENCE), "%015d")
    return body.replace('"hash":"%s",', ""), body
