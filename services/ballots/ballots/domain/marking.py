"""Marking: what a paper's marks mean. A scheme reads one paper, or one project's line of a hand count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol, cast

from ballots.domain.errors import Fault, TallyExceedsValid, UnknownCandidate
from ballots.domain.reading import read_choice, read_integer, read_list, read_object

Parameters = Mapping[str, object]
Marks = list[str] | dict[str, str] | dict[str, int]
Unit = Literal["votes", "points"]
UNITS: tuple[Unit, ...] = ("votes", "points")
"""Of votes a paper gives a project one at most; of points, as many as the scheme says."""


class Standing(Enum):
    """A blank paper is valid and abstains; an overvoted one is invalid and none of its marks count.

    Overvoted: it says more than the rules allow, such as too many projects or one rank for two of them.
    """

    MARKED = "marked"
    BLANK = "blank"
    OVERVOTED = "overvoted"


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, read. ``marks``: JSON-ready, in the order of the candidates, not of the deputy's marking.

    ``votes``: what it gives to the projects that it is for, each at least 1, and 1 unless they are points.
    """

    standing: Standing
    marks: Marks
    votes: Mapping[str, int] = field(default_factory=dict)
    against: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """One project over all valid papers; ``against`` and ``abstain`` where the scheme knows them.

    Where votes are points, ``papers`` is how many papers give it any; else that is its votes.
    """

    votes: int
    against: int | None = None
    abstain: int | None = None
    papers: int | None = None

    def as_json(self) -> dict[str, int | None]:
        if self.papers is not None:
            return {"points": self.votes, "papers": self.papers}
        return {"for": self.votes, "against": self.against, "abstain": self.abstain}

    def as_line(self) -> object:
        """As the line of a hand count: its votes, where nothing else is known."""
        return self.votes if self.against is None and self.papers is None else self.as_json()


class MarkingScheme(Protocol):
    """The interface of a marking scheme. Stateless: one object reads every poll's papers."""

    @property
    def name(self) -> str:
        """The name that a poll's rules say, such as ``choose``."""

    @property
    def version(self) -> str:
        """Changes whenever the same marks may be read differently; a poll keeps it from its opening."""

    @property
    def gives(self) -> Unit:
        """What it gives to projects; an adoption rule that cannot decide on that is refused beside it."""

    def parameters(self, given: Parameters) -> dict[str, object]:
        """The parameters checked and normalised, ready for JSON. Raises Invalid, naming the field."""

    def read(self, marks: object, places: Mapping[str, int], parameters: Parameters) -> Paper:
        """One paper, an overvoted one too; ``places``: each candidate's place on the paper.

        Raises Fault (malformed; field ``marks``) or UnknownCandidate.
        """

    def most_votes(self, parameters: Parameters) -> int | None:
        """The most that one paper gives to all projects together; None where that is only as many as there
        are."""

    def tally(self, votes: int, against: int, valid: int, papers: int) -> Tally:
        """One project's figures, from what the valid papers give it; ``papers`` of them are for it."""

    def read_tally(self, given: object) -> Tally:
        """One project's line of a hand count. Raises Fault (field ``tally…``)."""

    def check_tally(self, tally: Tally, valid: int, parameters: Parameters) -> None:
        """Raises TallyExceedsValid when no ``valid`` papers can give this tally."""


class ChooseScheme:
    """Mark at most K projects; more marks than K and the paper is invalid."""

    name = "choose"
    version = "1"
    gives: Unit = "votes"

    def parameters(self, given: Parameters) -> dict[str, object]:
        read_object(given, "choose", required=("at_most",))
        return {"at_most": read_integer(given["at_most"], "at_most", least=1)}

    def read(self, marks: object, places: Mapping[str, int], parameters: Parameters) -> Paper:
        chosen = read_list(marks, "marks")
        marked = [mark for mark in chosen if isinstance(mark, str)]
        if len(marked) != len(chosen):
            raise Fault("marks", "must be a list of project ids")
        if len(set(marked)) != len(marked):
            raise Fault("marks", "must not mark a project twice")
        in_order = _in_order(marked, places)
        if not in_order:
            return Paper(Standing.BLANK, in_order)
        at_most = parameters["at_most"]
        if isinstance(at_most, int) and len(in_order) <= at_most:
            return Paper(Standing.MARKED, in_order, dict.fromkeys(in_order, 1))
        return Paper(Standing.OVERVOTED, in_order)

    def most_votes(self, parameters: Parameters) -> int | None:
        return cast(int, parameters["at_most"])

    def tally(self, votes: int, against: int, valid: int, papers: int) -> Tally:
        return Tally(votes)

    def read_tally(self, given: object) -> Tally:
        return Tally(read_integer(given, "tally"))

    def check_tally(self, tally: Tally, valid: int, parameters: Parameters) -> None:
        if tally.votes > valid:
            raise TallyExceedsValid(f"{tally.votes} votes cannot come from {valid} valid papers")


class ForAgainstScheme:
    """Each project is marked for, against or abstain; a project without a mark is an abstention."""

    name = "for-against"
    version = "1"
    gives: Unit = "votes"
    words = ("for", "against", "abstain")

    def parameters(self, given: Parameters) -> dict[str, object]:
        read_object(given, self.name)
        return {}

    def read(self, marks: object, places: Mapping[str, int], parameters: Parameters) -> Paper:
        given = read_object(marks, "marks", optional=None)
        said = {key: read_choice(word, "marks", self.words) for key, word in given.items()}
        in_order = {candidate: said[candidate] for candidate in _in_order(said, places)}
        if not in_order:
            return Paper(Standing.BLANK, in_order)
        votes = {candidate: 1 for candidate, word in in_order.items() if word == "for"}
        against = [candidate for candidate, word in in_order.items() if word == "against"]
        return Paper(Standing.MARKED, in_order, votes, against)

    def most_votes(self, parameters: Parameters) -> int | None:
        return None

    def tally(self, votes: int, against: int, valid: int, papers: int) -> Tally:
        return Tally(votes, against, valid - votes - against)

    def read_tally(self, given: object) -> Tally:
        line = read_object(given, "tally", required=self.words)
        votes, against, abstain = (read_integer(line[word], f"tally.{word}") for word in self.words)
        return Tally(votes, against, abstain)

    def check_tally(self, tally: Tally, valid: int, parameters: Parameters) -> None:
        total = tally.votes + (tally.against or 0) + (tally.abstain or 0)
        if total != valid:
            raise TallyExceedsValid(f"for, against and abstain are {total} together, of {valid} valid papers")


def _in_order(marked: Iterable[str], places: Mapping[str, int]) -> list[str]:
    try:
        return sorted(marked, key=places.__getitem__)
    except KeyError:
        refusal = UnknownCandidate("a mark is for a project that is not on the paper", field="marks")
        raise refusal from None


BUILT_IN_MARKING_SCHEMES: Mapping[str, MarkingScheme] = {
    scheme.name: scheme for scheme in (ChooseScheme(), ForAgainstScheme())
}
