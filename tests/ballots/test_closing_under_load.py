"""A poll is closed while all cast as fast as they can, a hundred times: what was told "accepted" is in the
record, and nothing else is."""

import json
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from threading import Event

import pytest

from tests.ballots.polls_over_http import THREE, poll_at, with_meeting
from tests.ballots.test_two_processes import Line

POLLS = 100
DEPUTIES = 120
LINES = 16
SEED = 20220416
PAPERS = [["water", "road"], ["road"], ["clinic"], ["water", "clinic"], []]
CLERK, TELLER, SCRUTINEER = ({"roles": [role]} for role in ("clerk", "teller", "scrutineer"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def slips(processes):
    """The codes of each poll: all polls are open, at one meeting."""
    base = with_meeting(processes[0], "loaded", deputies=DEPUTIES, candidates=THREE)
    return [poll_at(processes[0], base, f"p{number}", slips=DEPUTIES) for number in range(POLLS)]


@dataclass
class Told:
    """What a caster was told of a paper. ``late``: it was sent when the close had been confirmed."""

    marks: list[str]
    status: int
    answer: dict
    late: bool

    @property
    def accepted(self):
        return self.status == 201


@dataclass
class Race:
    """All cast at once at both processes, and after so many answers one of them is told to close the poll."""

    poll: str
    ballots: deque
    close_after: int
    told: list[Told] = field(default_factory=list)
    due: Event = field(default_factory=Event)
    closed: Event = field(default_factory=Event)

    def run(self, processes, closer):
        with ThreadPoolExecutor(LINES + 1) as pool:
            closing = pool.submit(self.close, closer)
            casting = [pool.submit(self.cast, Line(processes[line % 2])) for line in range(LINES)]
            for each in casting:
                each.result(60)
            return closing.result(60)

    def cast(self, line):
        while self.ballots:
            try:
                code, marks = self.ballots.popleft()
            except IndexError:  # another was faster
                return
            late = self.closed.is_set()
            self.told.append(Told(marks, *line.cast(self.poll, {"code": code, "marks": marks}), late))
            if len(self.told) >= self.close_after:
                self.due.set()

    def close(self, region):
        """Closes and counts at once, as long as others still cast. The papers returned by each."""
        assert self.due.wait(60)
        closing = region.call("POST", f"{self.poll}/closing", **SCRUTINEER)
        assert closing.status == 200, closing.body
        self.closed.set()
        count = region.call("POST", f"{self.poll}/count", **TELLER)
        assert count.status == 200, count.body
        return closing.json["returned"], count.json["result"]["returned"]


def raced(processes, random, poll, codes):
    """A race with the close at a moment that nobody knows beforehand."""
    ballots = deque((code, random.choice(PAPERS)) for code in codes)
    race = Race(poll, ballots, close_after=random.randrange(1, DEPUTIES - 2 * LINES))
    returned = race.run(processes, random.choice(processes))
    assert len(race.told) == DEPUTIES, "every cast has an answer"
    accepted = [each for each in race.told if each.accepted]
    assert not [each for each in accepted if each.late]
    refused = [(each.status, each.answer["slug"]) for each in race.told if not each.accepted]
    assert set(refused) <= {(409, "poll-not-open")}
    assert returned == (len(accepted), len(accepted))
    return race


def test_the_record_of_a_poll_closed_under_load_holds_what_was_accepted(processes, slips):
    random = Random(SEED)
    races = [raced(processes, random, poll, codes) for poll, codes in slips]
    for number, race in enumerate(races):
        region, accepted = processes[number % 2], [each for each in race.told if each.accepted]
        declared = region.call("POST", f"{race.poll}/declaration", **CLERK)
        assert declared.status == 200, declared.body
        record = region.call("GET", f"{race.poll}/record").json
        assert record["receipts"] == sorted(each.answer["receipt"] for each in accepted)
        papers = {json.dumps(each["marks"]): each["times"] for each in record["papers"]}
        assert papers == Counter(json.dumps(each.marks) for each in accepted)
        assert record["reconciliation"]["returned"] == len(accepted)
    told_both = [race for race in races if len({each.status for each in race.told}) == 2]
    assert len(told_both) > POLLS * 0.9, "a race in which the close is not amid the casts shows nothing"
