"""What a region looks like at this moment, for ``piaojue status`` and ``piaojue doctor``.

Each part is asked by itself and within a time, so that what is down hides nothing of what is up.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from time import time
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from chassis.clock import now
from chassis.errors import Refused
from chassis.events.ports import Cursor, Load, Pending, Tip
from piaojue.holding import holder
from piaojue.operating.bounded import TookTooLong, bounded
from piaojue.operating.leading import leads_anybody
from piaojue.operating.places import Place
from piaojue.versions import versions

SECONDS: Final = 6.0
HTTP_SECONDS: Final = 3.0
_MOST_BYTES: Final = 4 << 20

_direct = build_opener(ProxyHandler({}))
"""The services of a region are asked without a proxy."""


@dataclass(frozen=True)
class Held:
    """What is in a service's store."""

    tip: Tip
    published: int
    pending: Pending
    load: Load
    positions: dict[str, Cursor]
    led: bool | None
    """Whether any process is its relay; None where that cannot be told."""


@dataclass(frozen=True)
class Answering:
    """What a service says of itself over HTTP. ``url`` is where it was asked."""

    url: str
    ready: bool
    missing: dict[str, str] = field(default_factory=dict)
    degraded: dict[str, str] = field(default_factory=dict)
    version: str | None = None


@dataclass(frozen=True)
class Seen:
    """One service: what it holds and what it answers, or in words why that is not known."""

    place: Place
    held: Held | str
    answering: Answering | str
    open: list[dict[str, Any]] | str


def seen(places: Sequence[Place], seconds: float = SECONDS) -> list[Seen]:
    """All of them, within so many seconds."""
    tasks: dict[str, Callable[[], Any]] = {}
    for place in places:
        tasks[f"held {place.service}"] = partial(_held, place)
        tasks[f"answering {place.service}"] = partial(answering, place)
        tasks[f"open {place.service}"] = partial(turnouts, place)
    found = {name: _or_words(result) for name, result in bounded(tasks, seconds).items()}
    return [
        Seen(place, *(found[f"{part} {place.service}"] for part in ("held", "answering", "open")))
        for place in places
    ]


class _Told(Exception):
    """Its text is fit to be shown."""


def _or_words(result: Any) -> Any:
    """Of an error that was not foreseen its kind alone: its text may hold anything."""
    if isinstance(result, Refused):
        return result.detail
    if isinstance(result, _Told | TookTooLong):
        return str(result)
    return f"it could not be asked: {type(result).__name__}" if isinstance(result, Exception) else result


def _held(place: Place) -> Held:
    log, inbox = place.log, place.inbox
    positions = inbox.positions()
    published, pending, load = log.published(), log.pending(), inbox.load()
    return Held(log.tip(), published, pending, load, positions, leads_anybody(place))


def url_of(place: Place) -> str | None:
    """Where a service should answer: as the embedded suite has written down, or as it is configured."""
    told = holder(place.settings.data_folder).get("url")
    if isinstance(told, str) and place.file is not None:
        return f"{told}/{place.service}"
    host, port = place.settings.http_address
    if port == 0:
        return None
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{near}]' if ':' in near else near}:{port}/{place.service}"


def answering(place: Place) -> Answering:
    """Raises when nobody answers."""
    url = url_of(place)
    if url is None:
        raise _Told("it is not known at which port it answers")
    try:
        status, body = _asked(f"{url}/health/ready")
        told = json.loads(body)
        missing, degraded = told["missing"], told["degraded"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        raise _Told(f"nobody answers at {url} ({type(reason).__name__})") from None
    return Answering(url, status == 200, missing, degraded, _version(url, place.service))


def _version(url: str, service: str) -> str | None:
    """The release that runs there, as its metrics tell."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        for family in text_string_to_metric_families(_asked(f"{url}/metrics")[1].decode()):
            for sample in family.samples:
                if sample.name == "piaojue_build_info" and sample.labels.get("service") == service:
                    return sample.labels.get("version")
    except (OSError, ValueError):
        return None
    return None


def fetched(url: str) -> bytes:
    """What is at a URL. OSError."""
    with _direct.open(url, timeout=HTTP_SECONDS) as answer:
        body: bytes = answer.read(_MOST_BYTES)
        return body


def _asked(url: str) -> tuple[int, bytes]:
    try:
        with _direct.open(url, timeout=HTTP_SECONDS) as answer:
            return answer.status, answer.read(_MOST_BYTES)
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read(_MOST_BYTES)


def turnouts(place: Place) -> list[dict[str, Any]]:
    """Open polls and ratings with their turnout; never what is on a paper or form."""
    if place.service == "ballots":
        return _turnout(place, "polls", "poll")
    return _turnout(place, "ratings", "rating") if place.service == "ratings" else []


def _turnout(place: Place, table: str, kind: str) -> list[dict[str, Any]]:
    from importlib import import_module

    from sqlalchemy import column, select
    from sqlalchemy import table as named

    from chassis.store import Store

    repository = getattr(import_module(f"{place.service}.store"), place.service.capitalize())
    rows = named(table, *map(column, ("body", "id", "state", "issued")))
    query = select(rows.c.body, rows.c.id, rows.c.issued).where(rows.c.state == "open")
    with Store(place.store.engine, repository).reading() as kept:
        found = kept.connection.execute(query.order_by(rows.c.body, rows.c.id)).all()
        return [
            {"kind": kind, "body": body, "id": id, "issued": issued, "returned": kept.returned(body, id)}
            for body, id, issued in found
        ]


def snapshot(places: Sequence[Place], seconds: float = SECONDS) -> dict[str, Any]:
    """The region as plain data, for ``status --json``."""
    found = seen(places, seconds)
    tips = {each.place.service: each.held.tip.sequence for each in found if isinstance(each.held, Held)}
    installed: Any = versions()["services"]
    return {
        "region": places[0].settings.region if places else None,
        "at": now(),
        "services": [_service(each, tips, installed) for each in found],
        "open": [poll for each in found if isinstance(each.open, list) for poll in each.open],
    }


def _service(each: Seen, tips: dict[str, int], installed: dict[str, str | None]) -> dict[str, Any]:
    told: dict[str, Any] = {"service": each.place.service, "installed": installed[each.place.service]}
    if isinstance(each.answering, Answering):
        told |= {"running": each.answering.version, **asdict(each.answering)}
        del told["version"]
    else:
        told |= {"running": None, "ready": False, "fault": each.answering}
    if not isinstance(each.held, Held):
        return told | {"store": each.held}
    held = each.held
    return told | {
        "store": "ok",
        "leader": held.led,
        "sequence": held.tip.sequence,
        "published": held.published,
        "outbox": {"pending": held.pending.events, "oldest_seconds": age_of(held.pending.oldest)},
        "inbox": {"waiting": held.load.waiting, "oldest_seconds": age_of(held.load.oldest)},
        "parked": held.load.parked,
        "sources": [
            {"source": source, "taken": at.sequence, "of": tips.get(source), "forked": at.forked}
            for source, at in held.positions.items()
        ],
    }


def age_of(moment: str | datetime | None) -> float | None:
    """Seconds since then."""
    if moment is None:
        return None
    then = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return round(max(time() - then.timestamp(), 0.0), 1)
