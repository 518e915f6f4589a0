"""Recovery: from the end of a fault until all services are ready, and what comes of a new cast has been
handled by all who hear of it."""

from collections.abc import Callable
from time import monotonic

from tests.chaos.asking import Asking, pause
from tests.chaos.casting import cast
from tests.chaos.load import Log, Sheet, close, open_poll
from tests.end_to_end.year import BODY
from tests.support.region import SERVICES
from tests.support.running import Region

LOOK_SECONDS = 0.05
LONGEST_SECONDS = 90.0
"""What is not well again by then never will be."""


class NotRecovered(AssertionError):
    """The region is not well again; the text says what is missing."""


class Recovery:
    """Each is watched by a poll of its own, with one paper, from its opening to its declared result."""

    def __init__(self, region: Region, log: Log) -> None:
        self._region, self._log = region, log
        self._asking = Asking(region, within=LONGEST_SECONDS)
        self._polls = 0

    def seconds(self) -> float:
        """Returns when all is well again. NotRecovered, NotTold."""
        began = monotonic()
        self._until(self._missing_services, began)
        before = self._tip("ballots")
        poll = self._hold_a_poll()
        self._until(lambda: self._missing_result(poll, before), began)
        tips = {name: self._tip(name) for name in SERVICES}
        self._until(lambda: self._missing_events(tips), began)
        return monotonic() - began

    def _until(self, missing: Callable[[], str | None], began: float) -> None:
        while why := missing():
            if monotonic() - began > LONGEST_SECONDS:
                raise NotRecovered(f"after {LONGEST_SECONDS:g} s: {why}")
            pause(LOOK_SECONDS)

    def _missing_services(self) -> str | None:
        for name in SERVICES:
            answer = self._asking.once("GET", f"/{name}/health/ready")
            if answer is None or answer.status != 200:
                return f"{name} is not ready"
        return None

    def _hold_a_poll(self) -> str:
        codes = None
        while codes is None:
            self._polls += 1
            poll = f"probe-{self._polls}"
            codes = open_poll(self._asking, poll, 1)
        sheet = self._log.polls[poll] = Sheet(poll, codes, 1)
        paper = cast(self._asking, poll, codes[0], ["water"])
        if paper is None:
            raise NotRecovered(f"{poll} is closed, and nobody has closed it")
        sheet.accepted[codes[0]] = paper
        close(self._asking, poll)
        sheet.finish(self._asking)
        return poll

    def _missing_result(self, poll: str, after: int) -> str | None:
        """It is in the log a moment after it was committed."""
        path = f"/ballots/events?after={after}&limit=1000"
        events = self._asking.until_told("GET", path, None, "operator").content["events"]
        about = f"polls/{BODY}/{poll}"
        there = any(each["subject"] == about and ".result_declared." in each["type"] for each in events)
        return None if there else f"the result of {poll} is not in the log"

    def _tip(self, name: str) -> int:
        """The last event that it has told by now."""
        told = self._asking.until_told("GET", f"/{name}/events?limit=1", None, "operator")
        return int(told.content["tip"]["sequence"])

    def _missing_events(self, tips: dict[str, int]) -> str | None:
        for name in SERVICES:
            answer = self._asking.once("GET", f"/{name}/inbox", None, "operator")
            if answer is None or answer.status != 200:
                return f"{name} does not tell of its inbox"
            inbox = answer.json
            for at in inbox["sources"]:
                if at["sequence"] < tips[at["source"]] or at["forked"]:
                    return f"{name} has taken {at['sequence']} of {tips[at['source']]} from {at['source']}"
            if inbox["waiting"] or inbox["parked"] or inbox["unreadable"]:
                parked, unreadable = len(inbox["parked"]), len(inbox["unreadable"])
                return f"{name}: {inbox['waiting']} wait, {parked} are parked, {unreadable} unreadable"
        return None
