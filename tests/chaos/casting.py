"""Deputies who cast while things die: they try again until they know, and remember what they were told."""

from collections import Counter
from collections.abc import Callable, Sequence
from queue import Empty, Queue
from threading import Lock, Thread
from time import monotonic

from tests.end_to_end import year
from tests.support.running import Region
from tests.support.waiting import eventually

MARKS = (["water", "road"], ["water"], ["clinic", "road"], [])
TOO_MANY = ["water", "road", "clinic"]


class Casting:
    """Eight at a time, each code with marks that its place decides; every tenth tries an overvoted paper
    first."""

    def __init__(self, region: Region, codes: Sequence[str], poll: str = "p1", deadline: float = 180) -> None:
        self._region, self._poll = region, poll
        self._left: Queue[tuple[int, str]] = Queue()
        for number, code in enumerate(codes):
            self._left.put((number, code))
        self._lock = Lock()
        self._deadline = monotonic() + deadline
        self.accepted: dict[str, list[str]] = {}
        self.unsure = 0
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
        counted = Counter(project for marks in self.accepted.values() for project in marks)
        return {project: counted[project] for project in year.CANDIDATES}

    def _work(self) -> None:
        while True:
            try:
                number, code = self._left.get_nowait()
            except Empty:
                return
            if number % 10 == 0:
                self._try(code, TOO_MANY, {422: "overvoted"}, lambda: None)
            marks = MARKS[number % len(MARKS)]
            self._try(code, marks, {201: None}, lambda code=code, marks=marks: self._note(code, marks))

    def _note(self, code: str, marks: list[str]) -> None:
        with self._lock:
            self.accepted[code] = marks

    def _try(
        self, code: str, marks: list[str], wanted: dict[int, str | None], then: Callable[[], None]
    ) -> None:
        """Until the answer is known. A paper of which no answer came may be in the box: its code is then
        spent."""
        unsure = False
        while monotonic() < self._deadline:
            try:
                answer = year.cast(self._region, code, marks, self._poll)
            except (OSError, ValueError) as error:  # the connection was cut: nobody knows
                unsure = True
                self.unsure += 1
                del error
                continue
            slug = None if answer.status == 201 else answer.json["slug"]
            if answer.status in wanted and wanted[answer.status] == slug:
                return then()
            if answer.status == 409 and slug == "code-spent" and unsure:
                return then()
            if answer.status == 503:
                unsure = unsure or slug == "store-unavailable"
                continue
            self.wrong.append(f"{answer.status} {slug}")
            return None
        self.wrong.append("no answer in time")
        return None
