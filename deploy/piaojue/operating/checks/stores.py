"""Databases: reachable, of the right tables, of the same time; and what waits in them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import time
from typing import Any, Final

from sqlalchemy import text

from chassis.events.ports import Cursor, Tip
from chassis.events.verifying import position_fault, verify_log
from chassis.store import SchemaMismatch, check_owner
from chassis.store.audit import AuditBroken, noted
from chassis.store.engine import StoreUnavailable, unavailable_when_lost
from chassis.store.migrating import look
from chassis.store.tables import event_log
from piaojue.following import followed
from piaojue.operating.checks import cures
from piaojue.operating.checks.cures import started
from piaojue.operating.checks.finding import ERROR, OK, WARNING, Finding
from piaojue.operating.gathering import age_of
from piaojue.operating.leading import leads_anybody
from piaojue.operating.places import Place
from piaojue.operating.showing import age
from piaojue.region.database import UNLOGGED
from piaojue_contracts import FIRST_PREVIOUS_HASH, ChainBroken

OLDEST_POSTGRESQL: Final = 13
SKEW_WARNING: Final = 1.0
SKEW_ERROR: Final = 10.0
SLOW_SECONDS: Final = 30.0
STALLED_SECONDS: Final = 300.0
LOOKED_BACK: Final = 1000
"""Events at a log's end that are verified; all of them: ``piaojue events verify``."""


def database(place: Place) -> Iterator[Finding]:
    """Reachable, with the tables of this release."""
    name, migrate = place.service, f"piaojue migrate {place.service}"
    try:
        check_owner(place.bare.engine, place.source)
        fit = look(place.bare.engine, name)
    except StoreUnavailable as away:
        yield Finding(ERROR, "database", name, away.detail, cures.database(place, away.detail))
        return
    except SchemaMismatch as mismatch:
        yield Finding(ERROR, "database", name, str(mismatch), cures.fitting(str(mismatch)))
        return
    if fit.current is None:
        cure = f"{migrate}; if its data were lost, piaojue restore FOLDER instead"
        yield Finding(ERROR, "database", name, "its database has no tables yet", cure)
    elif not fit.known:
        yield Finding(OK, "database", name, f"revision {fit.current}, of a newer release that this one fits")
    elif fit.current != fit.head:
        what = f"its tables are of revision {fit.current}, this release needs {fit.head}"
        yield Finding(ERROR, "database", name, what, migrate)
    else:
        yield Finding(OK, "database", name, f"{_version(place)}, revision {fit.current}")
    yield from _server(place)


def _version(place: Place) -> str:
    if place.file is not None:
        return "SQLite"
    with unavailable_when_lost(), place.bare.engine.connect() as connection:
        return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"


def _server(place: Place) -> Iterator[Finding]:
    """Of PostgreSQL: its version, what it logs, and its clock against this machine's."""
    if place.file is not None:
        return
    with unavailable_when_lost(), place.bare.engine.connect() as connection:
        number = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10000
        before = time()
        theirs = float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
        after = time()
        loud = [name for name, value in UNLOGGED.items() if connection.scalar(text(f"SHOW {name}")) != value]
    if loud:
        what = f"the server logs what a service says, such as papers with their time: {', '.join(loud)}"
        yield Finding(WARNING, "database", place.service, what, f"{cures.roles(place)}; {started(place)}")
    if number < OLDEST_POSTGRESQL:
        what = f"PostgreSQL {number} is older than {OLDEST_POSTGRESQL}, with which this was tried"
        yield Finding(WARNING, "database", place.service, what, "upgrade the database server")
    yield skew("clock", f"database of {place.service}", theirs - (before + after) / 2, (after - before) / 2)


def skew(check: str, about: str, seconds: float, uncertainty: float) -> Finding:
    """How far a clock is ahead of this machine's, as far as it can be told."""
    far = max(abs(seconds) - uncertainty, 0.0)
    level = ERROR if far > SKEW_ERROR else WARNING if far > SKEW_WARNING else OK
    way = "ahead of" if seconds > 0 else "behind"
    what = f"{far:.1f} s {way} this machine's" if level != OK else "agrees with this machine's"
    return Finding(
        level, check, about, what, None if level == OK else "timedatectl set-ntp true, on both machines"
    )


def outbox(place: Place) -> Iterator[Finding]:
    """What is committed is published."""
    name, pending = place.service, place.log.pending()
    old = age_of(pending.oldest) or 0.0
    if pending.events and old > SLOW_SECONDS:
        level = ERROR if old > STALLED_SECONDS else WARNING
        what = f"{pending.events} event(s) are not published, the oldest for {age(old)}"
        yield Finding(level, "outbox", name, what, f"piaojue doctor --only broker; {cures.log(place)}")
    elif pending.events and not leads_anybody(place):
        yield Finding(WARNING, "outbox", name, "no process leads its relay", started(place))
    else:
        yield Finding(OK, "outbox", name, f"{pending.events} event(s) wait to be published")


def inbox(place: Place) -> Iterator[Finding]:
    """What was taken is handled, and nothing is parked."""
    name, store = place.service, place.inbox
    load, due = store.load(), store.next_try_at()
    parked = place.letters.find(most=1)
    if load.parked:
        since = f", the oldest for {age(age_of(parked[0].since))}" if parked else ""
        what = f"{load.parked} event(s) or message(s) are parked{since}"
        yield Finding(ERROR, "inbox", name, what, f"piaojue dead-letters list --service {name}")
    late = age_of(due) or 0.0
    if due is not None and late > SLOW_SECONDS:
        level = ERROR if late > STALLED_SECONDS else WARNING
        what = f"{load.waiting} event(s) wait, one of them due for {age(late)}: nobody handles them"
        yield Finding(level, "inbox", name, what, started(place))
    elif not load.parked:
        yield Finding(OK, "inbox", name, f"{load.waiting} event(s) wait, none is parked")


def positions(consumer: Place, places: Sequence[Place]) -> Iterator[Finding]:
    """How far a consumer has taken each source that it follows or has heard, against that source's log."""
    sources = {place.service: place for place in places}
    never = {source: Cursor() for source in followed(consumer.service)}
    for source, taken in sorted({**never, **consumer.inbox.positions()}.items()):
        about = f"{consumer.service} of {source}"
        if taken.forked is not None:
            yield Finding(ERROR, "sequence", about, f"it follows no more: {taken.forked}", _forked(source))
            continue
        if source not in sources:
            continue
        producer = sources[source]
        tip = producer.log.tip().sequence
        if fault := position_fault(producer.store, taken):
            yield Finding(ERROR, "sequence", about, fault, _forked(source))
        elif waited := _waited(producer.store, taken.sequence):
            yield _behind(about, consumer, tip - taken.sequence, waited)
        else:
            yield Finding(OK, "sequence", about, f"has taken {taken.sequence} of {tip}")


def _forked(source: str) -> str:
    return f"piaojue events verify; then restore all services from one backup ({source} was set back?)"


def _waited(store: Any, taken: int) -> float | None:
    """Seconds since the first event was told that is not taken; None when all are."""
    import json

    with unavailable_when_lost(), store.engine.connect() as connection:
        query = event_log.select().where(event_log.c.sequence == taken + 1)
        row = connection.execute(query).first()
    return age_of(json.loads(row.body)["time"]) if row else None


def _behind(about: str, consumer: Place, events: int, waited: float) -> Finding:
    level = ERROR if waited > STALLED_SECONDS else WARNING if waited > SLOW_SECONDS else OK
    what = f"{events} event(s) behind, for {age(waited)}"
    return Finding(level, "sequence", about, what, None if level == OK else started(consumer))


def chain(place: Place) -> Iterator[Finding]:
    """The end of its log is chained; and so is what operators did."""
    name, tip = place.service, place.log.tip().sequence
    after = max(tip - LOOKED_BACK, 0)
    try:
        verified = verify_log(place.store, place.source, after=Tip(after, _hash(place, after)))
        yield Finding(OK, "chain", name, f"events {min(after + 1, tip)} to {verified.sequence} are whole")
    except ChainBroken as broken:
        cure = f"piaojue events verify --service {name}; change nothing before its log is understood"
        yield Finding(ERROR, "chain", name, str(broken), cure)
    try:
        for _ in noted(place.store):
            pass
    except AuditBroken as broken:
        yield Finding(ERROR, "chain", name, f"the audit: {broken}", f"piaojue audit --service {name}")


def _hash(place: Place, sequence: int) -> str:
    if sequence == 0:
        return FIRST_PREVIOUS_HASH
    with unavailable_when_lost(), place.store.engine.connect() as connection:
        query = event_log.select().where(event_log.c.sequence == sequence)
        row = connection.execute(query).first()
    return row.hash if row else FIRST_PREVIOUS_HASH


def disk(folder: Path) -> Iterator[Finding]:
    """Room where files are kept."""
    import shutil

    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    usage = shutil.disk_usage(there)
    left, share = usage.free / 2**30, usage.free / usage.total
    level = ERROR if left < 0.2 or share < 0.02 else WARNING if left < 1 or share < 0.1 else OK
    cure = None if level == OK else f"du -xh --max-depth=2 {there} | sort -h"
    yield Finding(level, "disk", str(folder), f"{left:.1f} GiB are free, {share:.0%}", cure)
