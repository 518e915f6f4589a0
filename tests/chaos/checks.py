"""What must be so after whatever happened: of a result, of logs, of inboxes."""

from collections import Counter
from importlib import import_module
from inspect import getmembers, isfunction
from typing import Any

import psycopg2

from piaojue_contracts import Event, verify
from tests.end_to_end import year
from tests.support.region import SERVICES, RealRegion
from tests.support.running import Region


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


def check_inboxes(region: RealRegion, logs: dict[str, list[Event]]) -> None:
    """Every event that a service handles is handled by it, exactly once."""
    for service, url in region.databases.items():
        types = handled_types(service)
        wanted = Counter(
            (event.producer, event.sequence)
            for events in logs.values()
            for event in events
            if event.type in types
        )
        rows = _query(url, "SELECT source, sequence, state FROM inbox")
        assert {state for _, _, state in rows} <= {"handled"}, service
        assert Counter((source, sequence) for source, sequence, _ in rows) == wanted, service


def check_papers(region: RealRegion, poll: str, papers: int) -> None:
    rows = _query(region.databases["ballots"], f"SELECT count(*) FROM papers WHERE poll = '{poll}'")
    assert rows == [(papers,)]


def check_notices(region: Region, logs: dict[str, list[Event]]) -> None:
    """One notice for each event that causes one."""
    published = [event for event in logs["notifications"] if event.routing_key == "notice_published.v1"]
    about = Counter(event.data["about"] for event in published)
    assert set(about.values()) <= {1}
    declared = [event for event in logs["ballots"] if event.routing_key == "result_declared.v1"]
    assert {event.id for event in declared} <= set(about)
    assert len(year.kinds(region)) <= len(published)


def _query(url: str, query: str) -> list[Any]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
    finally:
        connection.close()
