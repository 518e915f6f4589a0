"""The broker: reachable, its queues of the right type and binding, and nobody's queue fills unseen."""

from collections.abc import Iterator
from typing import Final

from chassis.bus import BusUnavailable, KombuBus
from piaojue.following import followed
from piaojue.operating.checks import cures
from piaojue.operating.checks.cures import started
from piaojue.operating.checks.finding import ERROR, OK, WARNING, Finding
from piaojue.operating.places import Place
from piaojue_contracts import exchange_of

OLDEST: Final = (3, 10)
FULL: Final = 10_000
"""Messages in a queue that mean that nobody takes them."""


def inbox_of(service: str) -> str:
    """The name of a service's queue."""
    return f"{service}.inbox"


def broker(place: Place) -> Iterator[Finding]:
    """Lets the service in, and has its queue and the exchanges."""
    settings, name = place.settings, place.service
    if settings.broker_url.startswith("memory:"):
        yield Finding(OK, "broker", name, "the bus is within the suite's process")
        return
    bus = KombuBus(settings.broker_url, ca=settings.broker_ca)
    sources = followed(name)
    try:
        seen = bus.look(inbox_of(name), [exchange_of(each) for each in (name, *sources)])
    except BusUnavailable as away:
        yield Finding(ERROR, "broker", name, away.detail, cures.broker(place, away.detail))
        return
    yield _version(name, seen.product, seen.version)
    for exchange in seen.missing:
        cure = f"{exchange.partition('.')[0]} makes it when it starts: {started(place)}"
        yield Finding(WARNING, "broker", exchange, "there is no such exchange yet", cure)
    if sources:
        yield from _queue(place, seen.queue)


def _version(name: str, product: str, version: str) -> Finding:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if product == "RabbitMQ" and numbers >= OLDEST:
        return Finding(OK, "broker", name, f"{product} {version}")
    what = f"{product} {version}: this was tried with RabbitMQ {'.'.join(map(str, OLDEST))} and later"
    return Finding(WARNING, "broker", name, what, "upgrade the broker")


def _queue(place: Place, queue: object) -> Iterator[Finding]:
    from chassis.bus.inspecting import QueueSeen

    assert isinstance(queue, QueueSeen)
    name, run = queue.name, started(place)
    delete = f"rabbitmqctl delete_queue {name}{_vhost(place)}"
    again = (
        f"{delete} (or: docker compose exec broker {delete}): nothing is lost, {place.service} makes it anew"
    )
    if not queue.exists:
        yield Finding(
            WARNING, "queues", name, "there is no such queue: its events are not brought to it", run
        )
    elif queue.fault:
        yield Finding(ERROR, "queues", name, f"is not of the type that it should be: {queue.fault}", again)
    elif not queue.consumers:
        what = f"nobody takes from it, and {queue.messages} message(s) wait in it"
        yield Finding(ERROR, "queues", name, what, run)
    elif queue.messages > FULL:
        what = f"{queue.messages} messages wait in it: {place.service} does not keep up"
        yield Finding(WARNING, "queues", name, what, f"piaojue status --service {place.service}")
    else:
        yield Finding(
            OK, "queues", name, f"quorum, {queue.messages} message(s), {queue.consumers} consumer(s)"
        )


def _vhost(place: Place) -> str:
    vhost = vhost_of(place)
    return f" --vhost {vhost}" if vhost != "/" else ""


def vhost_of(place: Place) -> str:
    """Of the broker's URL."""
    from kombu.utils.url import parse_url

    return str(parse_url(place.settings.broker_url).get("virtual_host") or "/")
