"""What only RabbitMQ's management can tell: bindings, queues of others, alarms, its clock."""

import json
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import time
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from chassis.bus import BusUnavailable, KombuBus
from piaojue.following import followed
from piaojue.operating.checks.broker import inbox_of, vhost_of
from piaojue.operating.checks.cures import started
from piaojue.operating.checks.finding import ERROR, OK, SKIPPED, WARNING, Finding
from piaojue.operating.checks.stores import skew
from piaojue.operating.places import Place, installed
from piaojue_contracts import exchange_of

SECONDS: Final = 5.0
_MOST_BYTES: Final = 16 << 20

PORT: Final = 15672
OPERATORS: Final = Path("operator", "broker-url")
"""In a region's folder: the broker's URL with a user of the tag monitoring."""


class Management:
    """The management plugin, on the broker's machine unless a URL is given. The user is the URL's, else the
    operator's of the region's folder, else the service's own. With ``https`` its certificate is checked like
    the broker's."""

    def __init__(self, url: str | None, place: Place, folder: Path | None) -> None:
        operator = _operators(folder)
        broker = urlsplit(operator or place.settings.broker_url)
        host = f"[{broker.hostname}]" if ":" in (broker.hostname or "") else broker.hostname
        own = urlsplit(url or f"http://{host}:{PORT}")
        signed = own if own.username else broker
        user, password = unquote(signed.username or "guest"), unquote(signed.password or "guest")
        host = f"[{own.hostname}]" if ":" in (own.hostname or "") else own.hostname
        self.base = f"{own.scheme}://{host}{f':{own.port}' if own.port else ''}{own.path.rstrip('/')}/api"
        self.vhost = vhost_of(place)
        self._ca = place.settings.broker_ca
        self.date: tuple[str, float, float] | None = None
        """The broker's, with the time here before and after it was asked."""
        self._authorization = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"

    def get(self, path: str) -> Any:
        """OSError, HTTPError among them."""
        request = Request(f"{self.base}/{path}", headers={"Authorization": self._authorization})
        before = time()
        trusted = HTTPSHandler(context=ssl.create_default_context(cafile=self._ca))
        with build_opener(ProxyHandler({}), trusted).open(request, timeout=SECONDS) as answer:
            if date := answer.headers.get("Date"):
                self.date = date, before, time()
            return json.loads(answer.read(_MOST_BYTES))

    def here(self, what: str) -> Any:
        """``queues`` or ``bindings`` of the virtual host."""
        more = "?disable_stats=true&enable_queue_totals=true" if what == "queues" else ""
        return self.get(f"{what}/{quote(self.vhost, safe='')}{more}")


def _operators(folder: Path | None) -> str | None:
    try:
        return (folder / OPERATORS).read_text(encoding="utf-8").strip() if folder else None
    except OSError:
        return None


def management(url: str | None, folder: Path | None, places: Sequence[Place]) -> Iterator[Finding]:
    """Bindings of our queues, queues that are nobody's of ours, alarms, the clock."""
    asked = Management(url, places[0], folder)
    try:
        queues, bindings = asked.here("queues"), asked.here("bindings")
    except HTTPError as refused:
        what = f"the broker's management answers {refused.code}: bindings were not looked at"
        cure = "rabbitmqctl set_user_tags USER monitoring; then name that user in RABBITMQ_MANAGEMENT_URL"
        yield Finding(SKIPPED, "queues", "bindings", what, cure)
        return
    except (OSError, ValueError) as error:
        what = f"the broker's management at {asked.base} cannot be asked: {type(error).__name__}"
        level = SKIPPED if url is None else WARNING  # nobody has said that it is there
        cure = "rabbitmq-plugins enable rabbitmq_management; RABBITMQ_MANAGEMENT_URL says where it is"
        yield Finding(level, "queues", "bindings", what, cure)
        return
    bound = {(each["source"], each["destination"], each["routing_key"]) for each in bindings}
    yield from _bindings(places, bound)
    yield from _others(asked, places[0], queues, bound)
    yield from _clock(asked)
    yield from _alarms(asked)


def _bindings(places: Sequence[Place], bound: set[tuple[str, str, str]]) -> Iterator[Finding]:
    for place in places:
        queue, run = inbox_of(place.service), f"{started(place)}: it binds its queue when it starts"
        wanted = {(exchange_of(source), queue, "#") for source in followed(place.service)}
        have = {each for each in bound if each[1] == queue and each[0]}
        for source, _, _ in sorted(wanted - have):
            what = f"is not bound to all of {source}: its events come late, by comparison alone"
            yield Finding(ERROR, "queues", queue, what, run)
        for source, _, key in sorted(have - wanted):
            what = f"is bound to {source} by {key}, from which it takes nothing"
            yield Finding(WARNING, "queues", queue, what, f"unbind it in the management's page of {queue}")
        if wanted and wanted == have:
            yield Finding(
                OK, "queues", queue, f"bound to {', '.join(sorted(source for source, _, _ in wanted))}"
            )


def _others(
    asked: Management, place: Place, queues: list[dict[str, Any]], bound: set[tuple[str, str, str]]
) -> Iterator[Finding]:
    ours = {f"{name}.{kind}" for name in installed() for kind in ("inbox", "pages")}
    told = {source for source, _, _ in bound if source.endswith(".events")}
    for each in queues:
        name, waiting = each["name"], each.get("messages", 0)
        if name in ours or each.get("exclusive") or ".answers." in name:
            continue
        from_us = sorted({source for source, queue, _ in bound if queue == name} & told)
        what = f"is bound to {', '.join(from_us) or 'nothing of ours'}; {waiting} message(s) wait in it"
        if from_us and str(each.get("arguments", {}).get("x-overflow", "")).startswith("reject-publish"):
            cure = "have its owner declare it without x-overflow; he has what it refuses from the log alone"
            yield Finding(WARNING, "queues", name, f"refuses events while it is full: it {what}", cure)
            continue
        if not waiting or (taken := _taken(place, name)):
            yield Finding(OK, "queues", name, f"somebody else's: it {what}")
            continue
        fills = "nobody takes from it" if taken is False else "whether anybody takes from it cannot be seen"
        gone = f"if its consumer is gone for good: rabbitmqctl delete_queue {name} --vhost {asked.vhost}"
        yield Finding(WARNING, "queues", name, f"{fills}: it {what}", gone)


def _taken(place: Place, queue: str) -> bool | None:
    """Whether anybody takes from a queue of others; None: the service's user may not look at it."""
    settings = place.settings
    try:
        seen = KombuBus(settings.broker_url, ca=settings.broker_ca).look(queue, [], ours=False)
    except BusUnavailable:
        return None
    return seen.queue.consumers > 0


def _clock(asked: Management) -> Iterator[Finding]:
    """Told in whole seconds, and looked at by the broker once a second."""
    if asked.date:
        date, before, after = asked.date
        theirs = parsedate_to_datetime(date).timestamp() + 1.0
        yield skew("clock", "broker", theirs - (before + after) / 2, 1.0 + (after - before) / 2)


def _alarms(asked: Management) -> Iterator[Finding]:
    try:
        nodes = asked.get("nodes")
    except (OSError, ValueError):
        return  # for users with the tag monitoring alone
    for node in nodes:
        name = node["name"]
        for alarm, what in (("mem_alarm", "memory"), ("disk_free_alarm", "disk")):
            if node.get(alarm):
                told = f"is short of {what}: it takes no more events"
                yield Finding(ERROR, "broker", name, told, f"rabbitmq-diagnostics -n {name} status")
        if node.get("running") is False:
            yield Finding(ERROR, "broker", name, "does not run", f"rabbitmqctl -n {name} start_app")
