"""A poll in naive words: what a paper may say, and what papers decide.

Nothing of ballots is used here, so that the model does not err with it.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Any


class No(Exception):
    """The step is refused."""

    @property
    def slug(self) -> str:
        return self.args[0]


def no(slug: str, broken: object) -> None:
    """Refuses the step if the rule of this name is broken."""
    if broken:
        raise No(slug)


def fewest(least: Any) -> int:
    """The smallest number of people that is enough."""
    return next(number for number in count() if least(number))


@dataclass
class Poll:
    """``codes``: those that were handed out, with the nonce that each was spent with, None before; ``slips``:
    by their number; ``told``: issued and returned, as they were told last."""

    id: str
    candidates: list[str]
    seats: int
    scheme: str
    at_most: int | None
    adoption: dict[str, str]
    quorum: str = "2/3"
    differential: bool = False
    follows: str | None = None
    state: str = "prepared"
    deputies: int | None = None
    present: int | None = None
    issued: int = 0
    codes: dict[str, str | None] = field(default_factory=dict)
    slips: dict[int, str] = field(default_factory=dict)
    papers: list[Any] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    told: tuple[int, int] = (0, 0)
    scrutineers: list[str] = field(default_factory=list)
    chief: str | None = None
    signed: list[str] = field(default_factory=list)
    result: dict[str, Any] | None = None

    def unspent(self) -> list[str]:
        return [code for code, nonce in self.codes.items() if nonce is None]

    def check_marks(self, marks: Any) -> None:
        if self.scheme == "for-against":
            no("invalid-marks", not isinstance(marks, dict))
            no("invalid-marks", set(marks) - set(self.candidates))
            no("invalid-marks", set(marks.values()) - {"for", "against", "abstain"})
        else:
            no("invalid-marks", not isinstance(marks, list))
            no("invalid-marks", set(marks) - set(self.candidates))
            no("invalid-marks", len(set(marks)) < len(marks))
            no("overvoted", len(marks) > self.at_most)

    def tidy(self, marks: Any) -> Any:
        """In the paper's order."""
        said = [project for project in self.candidates if project in marks]
        return {project: marks[project] for project in said} if isinstance(marks, dict) else said

    def counted(self) -> dict[str, Any]:
        """The result, paper by paper and project by project."""
        said = {project: [self.says(paper, project) for paper in self.papers] for project in self.candidates}
        votes = {project: words.count("for") for project, words in said.items()}
        tallies = {
            project: {word: words.count(word) for word in ("for", "against", "abstain")}
            for project, words in said.items()
        }
        papers = len(self.papers)
        return self.decided(votes) | {
            "votes": votes,
            "tallies": tallies if self.scheme == "for-against" else None,
            "deputies": self.deputies,
            "present": self.present,
            "issued": self.issued,
            "returned": papers,
            "unreturned": self.issued - papers,
            "valid": papers,
            "invalid": 0,
            "blank": sum(not paper for paper in self.papers),
        }

    def says(self, paper: Any, project: str) -> str:
        if self.scheme == "for-against":
            return paper.get(project, "abstain")
        return "for" if project in paper else ""

    def decided(self, votes: dict[str, int]) -> dict[str, Any]:
        """Whoever has enough votes is adopted, unless too many have as many or more."""
        mark = self.pass_mark()
        enough = [project for project in self.candidates if votes[project] >= (mark or 1)]

        def rivals(project: str, more: int) -> int:
            return sum(votes[each] >= votes[project] + more for each in enough)

        adopted = [each for each in enough if rivals(each, 0) <= self.seats]
        tied = [each for each in enough if each not in adopted and rivals(each, 1) < self.seats]
        left = self.seats - len(adopted)
        return {
            "outcome": "runoff" if tied else "shortfall" if left else "complete",
            "adopted": sorted(adopted, key=lambda each: (-votes[each], self.candidates.index(each))),
            "tied": tied,
            "open_seats": left,
            "pass_mark": mark,
        }

    def pass_mark(self) -> int | None:
        if self.adoption["rule"] == "plurality":
            return None
        bases = {"deputies": self.deputies, "present": self.present, "valid": len(self.papers)}
        base, more_than = bases[self.adoption["of"]], Fraction(self.adoption["more_than"])
        return fewest(lambda votes: votes > base * more_than)
