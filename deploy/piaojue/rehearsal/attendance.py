"""Who is there when, as the file has it: the roll call, and who arrives and leaves before which step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from piaojue.rehearsal.format import POLL_STEPS
from piaojue.rehearsal.papers import Part
from piaojue.rehearsal.reading import Fault, Where


@dataclass(frozen=True)
class Attendance:
    """``called``: who is present at the roll call; ``at_opening``: when each poll opens.

    ``moves``: place of an incident in the file → who arrives or leaves.
    """

    called: Sequence[str]
    moves: Mapping[Where, Sequence[str]]
    at_opening: Sequence[frozenset[str]]
    faults: Sequence[Fault]


def in_order(incidents: Sequence[Part]) -> list[tuple[int, Part]]:
    """The incidents of a poll as they happen, each with its place in the file."""
    return sorted(enumerate(incidents), key=lambda each: (POLL_STEPS.index(each[1]["before"]), each[0]))


def attendance_of(roll: Sequence[str], meeting: Part, polls: Sequence[Part]) -> Attendance:
    """Faults and all: what is not on the roll, who arrives though there, who leaves though away."""
    walk = _Walk(roll)
    called = walk.picked(meeting["present"], ("meeting", "present"), roll, "is not on the roll")
    walk.present = set(called)
    walk.take(list(enumerate(meeting["incidents"])), ("meeting", "incidents"))
    at_opening = []
    for place, poll in enumerate(polls):
        incidents, where = in_order(poll["incidents"]), ("polls", place, "incidents")
        until = POLL_STEPS.index("open")
        earlier = [each for each in incidents if POLL_STEPS.index(each[1]["before"]) <= until]
        walk.take(earlier, where)
        at_opening.append(frozenset(walk.present))
        walk.take(incidents[len(earlier) :], where)
    return Attendance(called, walk.moves, at_opening, walk.faults)


class _Walk:
    def __init__(self, roll: Sequence[str]) -> None:
        self._roll = roll
        self.present: set[str] = set()
        self.moves: dict[Where, Sequence[str]] = {}
        self.faults: list[Fault] = []

    def take(self, incidents: Sequence[tuple[int, Part]], where: Where) -> None:
        for place, incident in incidents:
            at = (*where, place)
            if incident["arrived"] is not None:
                away = [each for each in self._roll if each not in self.present]
                self.moves[at] = self.picked(
                    incident["arrived"], (*at, "arrived"), away, "is there, or not on the roll"
                )
                self.present |= set(self.moves[at])
            elif incident["left"] is not None:
                # the last on the roll, so that who comes and goes in numbers is mostly the same
                there = [each for each in reversed(self._roll) if each in self.present]
                self.moves[at] = self.picked(incident["left"], (*at, "left"), there, "is not there")
                self.present -= set(self.moves[at])

    def picked(self, given: Any, where: Where, among: Sequence[str], otherwise: str) -> list[str]:
        """The ids that are meant: a number means the first so many."""
        if isinstance(given, int):
            if not 0 <= given <= len(among):
                self.faults.append(Fault(where, f"must be from 0 to {len(among)}"))
            return list(among[: max(given, 0)])
        self.faults += self._strangers(given, where, set(among), otherwise)
        return list(given)

    def _strangers(
        self, given: Sequence[str], where: Where, among: set[str], otherwise: str
    ) -> Iterator[Fault]:
        seen: set[str] = set()
        for place, each in enumerate(given):
            if each not in among:
                yield Fault((*where, place), otherwise)
            elif each in seen:
                yield Fault((*where, place), "is there twice")
            seen.add(each)
