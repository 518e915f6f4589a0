"""Deputies who cast while things die: they try again until they know, and remember what they were told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, Queue
from secrets import token_urlsafe
from threading import Lock, Thread
from time import monotonic

from tests.chaos.asking import Asking, NotTold
from tests.end_to_end import year
from tests.support.running import Region
from tests.support.waiting import eventually

MARKS = (["water", "road"], ["water"], ["clinic", "road"], [])
TOO_MANY = ["water", "road", "clinic"]


@dataclass(frozen=True)
class Paper:
    """A paper that was accepted, and what its deputy has to show for it."""

    marks: Sequence[str]
    receipt: str


def cast(asking: Asking, poll: str, code: str, marks: Sequence[str]) -> Paper | None:
    """Until it is known: None is a poll that is closed. It is sent again with the same nonce, so an answer
    that was lost comes again. NotTold."""
    given = {"code": code, "marks": marks, "nonce": token_urlsafe(18)}
    path = f"/ballots/bodies/{year.BODY}/polls/{poll}/papers"
    told = asking.until_told("POST", path, given, refused=["poll-not-open"])
    return Paper(marks, told.content["receipt"]) if told.done else None


def overvote(asking: Asking, poll: str, code: str) -> None:
    """A paper that must be refused, which leaves the code good. NotTold: it was not."""
    path = f"/ballots/bodies/{year.BODY}/polls/{poll}/papers"
    told = asking.until_told(
        "POST", path, {"code": code, "marks": TOO_MANY}, refused=["overvoted", "poll-not-open"]
    )
    if told.done:
        raise NotTold("a paper with too many marks was accepted")


def votes(papers: Sequence[Paper]) -> dict[str, int]:
    counted = Counter(project for paper in papers for project in paper.marks)
    return {project: counted[project] for project in year.CANDIDATES}


class Casting:
    """Eight at a time, each code with marks that its place decides; every tenth tries an overvoted paper
    first."""

    def __init__(self, region: Region, codes: Sequence[str], poll: str = "p1", deadline: float = 180) -> None:
        self.asking, self._poll = Asking(region, within=deadline), poll
        self._left: Queue[tuple[int, str]] = Queue()
        for number, code in enumerate(codes):
            self._left.put((number, code))
        self._lock = Lock()
        self._deadline = monotonic() + deadline
        self.accepted: dict[str, Paper] = {}
        self.wrong: list[str] = []
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(8)]

    def start(self) -> "Casting":
        for thread in self._threads:
            thread.start()
        return self

    def wait_for(self, accepted: int) -> None:
        """Until so many were accepted, or something went wrong."""
        eventually(
            lambda: len(self.accepted) >= accepted or self.wrong,
            120,
            f"{accepted} papers are accepted",
            pause=0.005,
        )
        assert not self.wrong, self.wrong

    def finish(self) -> None:
        for thread in self._threads:
            thread.join(max(self._deadline - monotonic(), 1))
        assert not any(thread.is_alive() for thread in self._threads)
        assert not self.wrong, self.wrong

    def votes(self) -> dict[str, int]:
        return votes(list(self.accepted.values()))

    def _work(self) -> None:
        while True:
            try:
                number, code = self._left.get_nowait()
            except Empty:
                return
            try:
                if number % 10 == 0:
                    overvote(self.asking, self._poll, code)
                paper = cast(self.asking, self._poll, code, MARKS[number % len(MARKS)])
            except NotTold as why:
                self.wrong.append(str(why))
                continue
            if paper is None:
                self.wrong.append("the poll is closed")
                continue
            with self._lock:
                self.accepted[code] = paper
