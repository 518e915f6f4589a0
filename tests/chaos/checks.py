"""What must be so after whatever happened: of results, of logs, of inboxes, of notices."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import getmembers, isfunction
from typing import Any

import psycopg2

from piaojue_contracts import Event, verify
from tests.end_to_end import year
from tests.support.region import SERVICES, RealRegion
from tests.support.running import Region
from tests.support.waiting import eventually

CLAIM_SECONDS = 80
"""As long as a delivery may take, and a minute more."""

Logs = Mapping[str, list[Event]]


@dataclass(frozen=True)
class Difference:
    """Between what there must be, each thing once, and what there is."""

    lost: tuple[Hashable, ...]
    doubled: tuple[Hashable, ...]

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled)


def difference(
    wanted: Iterable[Hashable], found: Iterable[Hashable], possible: Collection[Hashable] = ()
) -> Difference:
    """What is ``possible`` may be there once, or not. What nobody knows of counts as doubled."""
    must, there = Counter(wanted), Counter(found)
    may = must | Counter(set(possible))
    return Difference(tuple((must - there).elements()), tuple((there - may).elements()))


def handled_types(service: str) -> set[str]:
    """The event types that a service has handlers for."""
    module = import_module(f"{service}.service")
    cls = getattr(module, f"{service.capitalize()}Service")
    return {
        entrypoint.event_type.type
        for _, method in getmembers(cls, isfunction)
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if hasattr(entrypoint, "event_type")
    }


def whole_log(region: Region, service: str) -> list[Event]:
    events: list[Event] = []
    while True:
        after = events[-1].sequence if events else 0
        page = region.call("GET", f"/{service}/events?after={after}&limit=1000", roles=["operator"]).json
        events += [Event.from_json(each) for each in page["events"]]
        if len(page["events"]) < 1000:
            return events


def check_logs(region: Region) -> dict[str, list[Event]]:
    """Gapless and chained, and no event is there twice."""
    logs = {service: whole_log(region, service) for service in SERVICES}
    for service, events in logs.items():
        verify(events)
        assert len({event.id for event in events}) == len(events), service
    return logs


def in_inbox(region: RealRegion, logs: Logs, service: str) -> Difference:
    """Of the events that a service handles, by source and number."""
    types = handled_types(service)
    wanted = [
        (event.producer, event.sequence)
        for events in logs.values()
        for event in events
        if event.type in types
    ]
    rows = query(region.databases[service], "SELECT source, sequence, state FROM inbox")
    return difference(wanted, [(source, number) for source, number, state in rows if state == "handled"])


def check_inboxes(region: RealRegion, logs: Logs) -> None:
    """Every event that a service handles is handled by it, exactly once."""
    for service, url in region.databases.items():
        assert not in_inbox(region, logs, service), service
        assert not query(url, "SELECT source, sequence, state FROM inbox WHERE state <> 'handled'"), service


def check_papers(region: RealRegion, poll: str, papers: int) -> None:
    rows = query(region.databases["ballots"], f"SELECT count(*) FROM papers WHERE poll = '{poll}'")
    assert rows == [(papers,)]


def check_notices(region: Region, logs: Logs) -> None:
    """One notice for each event that causes one."""
    published = notices_of(logs)
    about = Counter(event.data["about"] for event in published)
    assert set(about.values()) <= {1}
    declared = [event for event in logs["ballots"] if event.routing_key == "result_declared.v1"]
    assert {event.id for event in declared} <= set(about)
    assert len(year.kinds(region)) <= len(published)


def notices_of(logs: Logs) -> list[Event]:
    return [event for event in logs["notifications"] if event.routing_key == "notice_published.v1"]


def check_order(logs: Logs) -> None:
    """What was told of one subject was told again, in notices, in the same order."""
    place = {
        event.id: (event.producer, event.subject, event.sequence)
        for events in logs.values()
        for event in events
    }
    told: dict[tuple[str, str], list[int]] = defaultdict(list)
    for notice in notices_of(logs):
        producer, subject, number = place[notice.data["about"]]
        told[producer, subject].append(number)
    for about, numbers in told.items():
        assert numbers == sorted(numbers), about


def check_queues(region: RealRegion, within: float = 30) -> None:
    """Nothing is left at the broker."""
    vhost = region.broker_url.rpartition("/")[2]
    path = f"queues/{vhost}?disable_stats=true&enable_queue_totals=true"

    def empty() -> bool:
        waiting = {each["name"]: each.get("messages", 0) for each in region.rabbitmq.api("GET", path)}
        assert {f"{name}.inbox" for name in SERVICES} <= set(waiting)
        assert not any(waiting.values()), waiting
        return True

    eventually(empty, within, "all queues are empty", pause=0.5)


def check_deliveries(region: RealRegion, within: float = 30) -> None:
    """Whatever was to be sent has been; or whoever had claimed it died, and the claim will lapse."""
    unsent = (
        "SELECT channel, state, next_try_at FROM deliveries WHERE state <> 'sent' AND NOT "
        f"(state = 'due' AND next_try_at BETWEEN now() AND now() + interval '{CLAIM_SECONDS} seconds')"
    )
    eventually(
        lambda: query(region.databases["notifications"], unsent) == [], within, "all is sent", pause=0.5
    )


def query(url: str, statement: str) -> list[Any]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
    finally:
        connection.close()
