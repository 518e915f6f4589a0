"""Adoption: which projects the votes adopt. A rule takes figures and returns a decision; it sees no paper.

Rules are plugins, entry-point group ``piaojue.ballots.adoption_rules``; the two here are built in.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal, Protocol

from ballots.domain.errors import Fault
from ballots.domain.marking import UNITS, Unit
from ballots.domain.reading import Faults, read_choice, read_fraction, read_object, write_fraction

Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a rule decides on. ``candidates`` in the paper's order; ``votes`` and ``papers`` have them all.

    ``papers``: how many valid papers are for it, which is its votes unless they are points.
    """

    deputies: int
    present: int
    valid: int
    seats: int
    candidates: tuple[str, ...]
    votes: Mapping[str, int]
    papers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Decision:
    """``adopted``: most votes first, equals in the paper's order; ``tied``: in the paper's order."""

    adopted: tuple[str, ...]
    tied: tuple[str, ...]
    open_seats: int
    pass_mark: int | None

    def __post_init__(self) -> None:
        if len({*self.adopted, *self.tied}) != len(self.adopted) + len(self.tied):
            raise ValueError("a decision names a project twice")
        if self.open_seats < 0 or (self.tied and not 0 < self.open_seats < len(self.tied)):
            raise ValueError("a decision's open seats do not fit those tied for them")

    @property
    def outcome(self) -> Literal["complete", "runoff", "shortfall"]:
        if self.tied:
            return "runoff"
        return "shortfall" if self.open_seats else "complete"

    def check_against(self, figures: Figures) -> None:
        """Fail closed: raises ValueError when a rule decided what these figures cannot mean."""
        if not set(self.adopted) | set(self.tied) <= set(figures.candidates):
            raise ValueError("a decision names a project that is not on the paper")
        if len(self.adopted) + self.open_seats != figures.seats:
            raise ValueError("a decision's adopted projects and open seats are not the seats")


class AdoptionRule(Protocol):
    """The interface of an adoption rule. Stateless: one object decides every poll.

    More votes must never harm a project, and no project may be passed over for one with fewer votes.
    """

    @property
    def name(self) -> str:
        """The name that a poll's rules say, such as ``majority``."""

    @property
    def version(self) -> str:
        """Changes whenever the same figures may be decided differently; a poll keeps it from its opening."""

    @property
    def takes(self) -> Collection[Unit]:
        """What its figures may be in: a share of deputies makes sense of votes, and none of points."""

    def parameters(self, given: Parameters) -> dict[str, object]:
        """The parameters checked and normalised, ready for JSON. Raises Invalid, naming the field."""

    def decide(self, figures: Figures, parameters: Parameters) -> Decision:
        """The decision, from parameters that :meth:`parameters` returned. Pure."""


class MajorityRule:
    """More than a fraction of a base; by law, for resolutions and elections, half of all deputies."""

    name = "majority"
    version = "1"
    takes: tuple[Unit, ...] = ("votes",)
    bases = ("deputies", "present", "valid")

    def parameters(self, given: Parameters) -> dict[str, object]:
        faults = Faults()
        faults.take(lambda: read_object(given, "majority", required=("of", "more_than")))
        readers = {"of": self._read_base, "more_than": self._read_share}
        read: dict[str, object] = {
            key: faults.take(partial(readers[key], given[key])) for key in readers if key in given
        }
        faults.check()
        return read

    def _read_base(self, given: object) -> str:
        return read_choice(given, "of", self.bases)

    def _read_share(self, given: object) -> str:
        share = read_fraction(given, "more_than")
        if share == 1:
            raise Fault("more_than", "must be less than the whole, or nothing could pass")
        return write_fraction(share)

    def decide(self, figures: Figures, parameters: Parameters) -> Decision:
        bases = {"deputies": figures.deputies, "present": figures.present, "valid": figures.valid}
        more_than = read_fraction(parameters["more_than"], "more_than")
        mark = pass_mark(bases[str(parameters["of"])], more_than)
        return fill_seats(figures, least=mark, mark=mark)


class PluralityRule:
    """The order of votes alone; a project that nobody chose takes no seat."""

    name = "plurality"
    version = "1"
    takes: tuple[Unit, ...] = UNITS

    def parameters(self, given: Parameters) -> dict[str, object]:
        read_object(given, "plurality")
        return {}

    def decide(self, figures: Figures, parameters: Parameters) -> Decision:
        return fill_seats(figures, least=1, mark=None)


def pass_mark(base: int, more_than: Fraction) -> int:
    """The fewest votes that are more than this fraction of the base: half of 79 → 40, half of 80 → 41."""
    return base * more_than.numerator // more_than.denominator + 1


def fill_seats(figures: Figures, *, least: int, mark: int | None) -> Decision:
    """Seats to those with ``least`` votes, most votes first; a tie across the last seat stays open."""
    passed = [candidate for candidate in figures.candidates if figures.votes[candidate] >= least]
    passed.sort(key=lambda candidate: -figures.votes[candidate])
    seats = figures.seats
    if len(passed) <= seats:
        return Decision(tuple(passed), (), seats - len(passed), mark)
    last = figures.votes[passed[seats - 1]]
    if figures.votes[passed[seats]] != last:
        return Decision(tuple(passed[:seats]), (), 0, mark)
    above = tuple(candidate for candidate in passed if figures.votes[candidate] > last)
    tied = tuple(candidate for candidate in passed if figures.votes[candidate] == last)
    return Decision(above, tied, seats - len(above), mark)


BUILT_IN_ADOPTION_RULES: Mapping[str, AdoptionRule] = {
    rule.name: rule for rule in (MajorityRule(), PluralityRule())
}
