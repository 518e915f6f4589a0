"""The load, and the log of those who make it: deputies cast, raters hand forms in, residents suggest, while
polls and ratings are opened and closed without end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, Queue
from random import Random
from threading import Event, Lock, Thread
from typing import Any

from tests.chaos.asking import Asking, NotTold, pause
from tests.chaos.casting import MARKS, Paper, cast, overvote
from tests.end_to_end import year
from tests.support.running import Region

DEPUTIES = 300
MEMBERS = 30
CASTERS = 6
PAUSE = 0.15
"""Seconds between two papers of one caster, or two forms."""
SUGGEST_PAUSE = 0.2
PUBLISH_PAUSE = 2.0
PROJECT = next(iter(year.LAST_YEAR))
POLLS = f"/ballots/bodies/{year.BODY}/polls"
RATINGS = f"/ratings/bodies/{year.BODY}/ratings"


@dataclass
class Sheet:
    """What is known of one poll. ``accepted``: code → its paper; ``late``: codes told that it is closed."""

    poll: str
    codes: list[str]
    closing_at: int
    accepted: dict[str, Paper] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    result: dict[str, Any] | None = None
    record: dict[str, Any] | None = None

    @property
    def told(self) -> int:
        return len(self.accepted) + len(self.late)

    def finish(self, asking: Asking) -> None:
        """Of a closed poll: it is counted and declared, and what is published of it is kept."""
        path = f"{POLLS}/{self.poll}"
        asking.done("POST", f"{path}/count", None, "teller", already="poll-not-closed")
        asking.done("POST", f"{path}/declaration", already="poll-not-counted")
        self.result = asking.until_told("GET", path).content["result"]
        self.record = asking.until_told("GET", f"{path}/record").content


@dataclass
class Rated:
    """What is known of one rating: how many forms were accepted with each grade."""

    rating: str
    accepted: Counter[str] = field(default_factory=Counter)
    shown: dict[str, Any] | None = None


@dataclass
class Log:
    """What the clients were told. ``unsure``: suggestions whose answer was lost, and which were not sent
    again."""

    polls: dict[str, Sheet] = field(default_factory=dict)
    ratings: dict[str, Rated] = field(default_factory=dict)
    suggestions: list[str] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    unsure: int = 0
    abandoned: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def casts(self) -> int:
        return sum(len(sheet.accepted) for sheet in self.polls.values())

    @property
    def forms(self) -> int:
        return sum(sum(rated.accepted.values()) for rated in self.ratings.values())


def prepare(region: Region) -> None:
    """A town with its candidates, its meeting, and last year's projects."""
    year.put_on_record(region)
    year.publish_candidates(region)
    year.open_meeting(region, DEPUTIES)


def open_poll(asking: Asking, poll: str, slips: int) -> list[str] | None:
    """Its codes; None: they were lost on their way, and nobody will ever know them."""
    given = {"poll": poll, "meeting": "m1", "title": f"票决 {poll}", "year": 2022, "rules": year.RULES}
    asking.done("POST", POLLS, given, already="poll-exists")
    asking.done("POST", f"{POLLS}/{poll}/opening", already="poll-already-opened")
    told = asking.until_told(
        "POST", f"{POLLS}/{poll}/slips", {"slips": slips}, "clerk", refused=["more-issued-than-present"]
    )
    return list(told.content["codes"]) if told.done else None


def close(asking: Asking, poll: str) -> None:
    asking.done("POST", f"{POLLS}/{poll}/closing", None, "scrutineer", already="poll-not-open")


class Load:
    """From ``start`` to ``finish``, in threads of its own. What should not have been told ends it."""

    def __init__(self, region: Region, seed: int) -> None:
        self.asking, self.log = Asking(region), Log()
        self._drawn = Random(seed)
        self._slips: Queue[tuple[Sheet, int]] = Queue()
        self._stopping, self._held = Event(), Event()
        self._lock = Lock()
        works = [self._meet, self._rate, self._suggest, self._publish, *[self._cast] * CASTERS]
        self._threads = [Thread(target=self._work, args=[work], daemon=True) for work in works]

    def start(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def finish(self, within: float = 150.0) -> Log:
        """The poll and the rating that are open are brought to their end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(within)
        if any(thread.is_alive() for thread in self._threads):
            self.log.wrong.append("the load did not end in time")
        return self.log

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except NotTold as why:
            self.log.wrong.append(str(why))
        except Exception as error:
            self.log.wrong.append(f"{type(error).__name__}: {error}")
            raise
        finally:
            if work == self._meet:
                self._held.set()

    def _meet(self) -> None:
        """One poll after the other; each is closed while some still cast."""
        for number in count(1):
            if self._stopping.is_set() or self.log.wrong:
                return
            codes = open_poll(self.asking, f"p{number}", DEPUTIES)
            if codes is None:
                self.log.abandoned += 1
                continue
            self._hold(Sheet(f"p{number}", codes, self._drawn.randint(DEPUTIES // 2, DEPUTIES - 2)))

    def _hold(self, sheet: Sheet) -> None:
        self.log.polls[sheet.poll] = sheet
        for place in range(len(sheet.codes)):
            self._slips.put((sheet, place))
        while sheet.told < sheet.closing_at and not self._stopping.is_set() and not self.log.wrong:
            pause(0.02)
        close(self.asking, sheet.poll)
        while sheet.told < len(sheet.codes) and not self.log.wrong:
            pause(0.02)
        sheet.finish(self.asking)

    def _cast(self) -> None:
        while not self._held.is_set():
            try:
                sheet, place = self._slips.get(timeout=0.1)
            except Empty:
                continue
            code = sheet.codes[place]
            if place % 10 == 0:
                overvote(self.asking, sheet.poll, code)
            paper = cast(self.asking, sheet.poll, code, MARKS[place % len(MARKS)])
            with self._lock:
                if paper is None:
                    sheet.late.add(code)
                else:
                    sheet.accepted[code] = paper
            if paper is not None:
                pause(PAUSE, self._stopping)

    def _rate(self) -> None:
        given = {
            "body_name": year.NAME,
            "title": "满意度测评",
            "projects": [PROJECT],
            "members": MEMBERS,
            "scale": year.SCALE,
            "verdict": {"of": "members", "exactly_half": "fails"},
        }
        for number in count(1):
            if self._stopping.is_set() or self.log.wrong:
                return
            path = f"{RATINGS}/r{number}"
            self.asking.done("POST", RATINGS, given | {"rating": f"r{number}"}, already="rating-exists")
            self.asking.done("POST", f"{path}/opening", already="rating-already-opened")
            told = self.asking.until_told(
                "POST", f"{path}/slips", {"slips": MEMBERS}, "clerk", refused=["forms-exceed-members"]
            )
            if told.done:
                self._hand_in(self.log.ratings.setdefault(f"r{number}", Rated(f"r{number}")), told.content)
            else:
                self.log.abandoned += 1

    def _hand_in(self, rated: Rated, slips: dict[str, Any]) -> None:
        """A form has no nonce: where its answer was lost, a spent code says that it was accepted."""
        path = f"{RATINGS}/{rated.rating}"
        for place, code in enumerate(slips["codes"]):
            if self._stopping.is_set():
                break
            grade = year.SCALE[place % len(year.SCALE)]
            form = {"code": code, "grades": {PROJECT: [grade]}}
            told = self.asking.until_told("POST", f"{path}/forms", form, refused=["code-spent"])
            if not (told.done or told.again):
                raise NotTold(f"a form of {rated.rating} was refused: its code is spent")
            rated.accepted[grade] += 1
            pause(PAUSE, self._stopping)
        self.asking.done("POST", f"{path}/conclusion", None, "scrutineer", already="rating-not-open")
        rated.shown = self.asking.until_told("GET", path).content

    def _suggest(self) -> None:
        """Each once: a suggestion that is sent again is another one."""
        path = f"/proposals/bodies/{year.BODY}/suggestions"
        for number in count(1):
            if self._stopping.is_set() or self.log.wrong:
                return
            given = {"year": 2023, "title": f"修第{number}口井", "content": "东村", "source": "residents"}
            answer = self.asking.once("POST", path, given, "deputy")
            if answer is not None and answer.status == 201:
                self.log.suggestions.append(answer.json["suggestion"])
            elif answer is None or answer.status == 503:
                self.log.unsure += 1
            else:
                raise NotTold(f"a suggestion was refused: {answer.status} {answer.json['slug']}")
            pause(SUGGEST_PAUSE, self._stopping)

    def _publish(self) -> None:
        """Candidate lists and records of years to come: events for ballots and ratings, too."""
        for number in count(2030):
            if self._stopping.is_set() or self.log.wrong:
                return
            base = f"/proposals/bodies/{year.BODY}/years/{number}"
            listed, recorded = (
                {"body_name": year.NAME, "projects": [year.project(f"{name}-{number}", "工程", number)]}
                for name in ("well", "bridge")
            )
            self.asking.done("PUT", f"{base}/list", listed, already="candidates-already-published")
            self.asking.done("POST", f"{base}/list/publication", already="candidates-already-published")
            self.asking.done("POST", f"{base}/record", recorded)
            self.log.years.append(number)
            pause(PUBLISH_PAUSE, self._stopping)
