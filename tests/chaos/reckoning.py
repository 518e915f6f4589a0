"""The reckoning: what the clients were told, against what there is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from piaojue_verify import verify as verify_record
from tests.chaos.casting import votes
from tests.chaos.checks import (
    Difference,
    Logs,
    check_deliveries,
    check_logs,
    check_order,
    check_queues,
    difference,
    in_inbox,
    notices_of,
    query,
)
from tests.chaos.load import PROJECT, Log, Rated, Sheet
from tests.end_to_end import year
from tests.support.region import SERVICES, RealRegion

ANNOUNCED = ("result_declared.v1", "poll_opened.v1", "rating_opened.v1", "rating_concluded.v1")
"""Events of each of which there must be one notice for the public."""


@dataclass
class Reckoned:
    """``lost`` and ``doubled``: of what, and how many. ``wrong``: what else is not as it must be."""

    events: int = 0
    notices: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    doubled: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (any(self.lost.values()) or any(self.doubled.values()) or self.wrong)

    def add(self, what: str, found: Difference) -> None:
        for name, things in (("lost", found.lost), ("doubled", found.doubled)):
            counts = getattr(self, name)
            counts[what] = counts.get(what, 0) + len(things)
            if things:
                self.wrong.append(f"{what} {name}: {', '.join(map(str, things[:5]))}")

    def check(self, what: str, check: Callable[[], object]) -> None:
        try:
            check()
        except Exception as error:
            self.wrong.append(f"{what}: {type(error).__name__}: {error}")


def reckon(region: RealRegion, log: Log) -> Reckoned:
    """Of a region that has come to rest. Every fault is found before anything is said."""
    found = Reckoned(wrong=list(log.wrong))
    found.check("not all events are taken by all", region.settled)
    try:
        logs = check_logs(region)
    except Exception as error:
        found.wrong.append(f"the logs: {type(error).__name__}: {error}")
        return found
    for sheet in log.polls.values():
        _reckon_poll(found, sheet)
    for rated in log.ratings.values():
        found.check(f"rating {rated.rating}", lambda rated=rated: check_rating(rated))
    _reckon_suggestions(found, region, log, logs)
    _reckon_events(found, region, logs)
    found.check("the order", lambda: check_order(logs))
    found.check("the queues", lambda: check_queues(region))
    found.check("the deliveries", lambda: check_deliveries(region))
    return found


def _reckon_poll(found: Reckoned, sheet: Sheet) -> None:
    """By receipts: each that a deputy has is in the record once, and none else is."""
    if sheet.record is None or sheet.result is None:
        found.wrong.append(f"poll {sheet.poll} was not declared")
        return
    papers = list(sheet.accepted.values())
    found.add("casts", difference([paper.receipt for paper in papers], sheet.record["receipts"]))
    found.check(f"poll {sheet.poll}", lambda: check_result(sheet))


def check_result(sheet: Sheet) -> None:
    result, papers = sheet.result or {}, list(sheet.accepted.values())
    told = (result["issued"], result["returned"], result["votes"])
    assert told == (len(sheet.codes), len(papers), votes(papers)), told
    failed = [check for check in verify_record(sheet.record).checks if check.state == "fails"]
    assert not failed, [(check.name, *check.faults) for check in failed]


def check_rating(rated: Rated) -> None:
    assert rated.shown is not None, "it was not concluded"
    shown = rated.shown["results"][PROJECT]
    wanted = {grade: rated.accepted[grade] for grade in year.SCALE}
    assert (shown["counts"], rated.shown["returned"]) == (wanted, rated.accepted.total()), shown


def _reckon_suggestions(found: Reckoned, region: RealRegion, log: Log, logs: Logs) -> None:
    kept = [row[0] for row in query(region.databases["proposals"], "SELECT id FROM suggestions")]
    others = set(kept) - set(log.suggestions)
    found.add("suggestions", difference(log.suggestions, kept, others))
    if len(others) > log.unsure:
        found.wrong.append(f"{len(others)} suggestions that nobody was told of, of {log.unsure} unsure ones")
    told = [
        event.data["suggestion"]
        for event in logs["proposals"]
        if event.routing_key == "suggestion_received.v1"
    ]
    found.add("events of a change", difference(kept, told))


def _reckon_events(found: Reckoned, region: RealRegion, logs: Logs) -> None:
    found.events = sum(map(len, logs.values()))
    for service in SERVICES:
        found.add("events handled", in_inbox(region, logs, service))
    told = [event.id for events in logs.values() for event in events if event.routing_key in ANNOUNCED]
    others = {event.id for events in logs.values() for event in events} - set(told)
    about = [event.data["about"] for event in notices_of(logs)]
    found.notices = len(about)
    found.add("notices", difference(told, about, others))
