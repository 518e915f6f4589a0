"""The verdict: which grade a project gets as a whole. A rule takes figures; it sees no form.

Rules are plugins, entry-point group ``piaojue.ratings.verdict_rules``; the one here is built in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from chassis.reading import read_choice, read_object

Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figures:
    """``scale``: best grade first, at least three; ``counts``: valid forms, for every grade of the scale."""

    members: int
    valid: int
    scale: tuple[str, ...]
    counts: Mapping[str, int]


class VerdictRule(Protocol):
    """The interface of a verdict rule. Stateless: one object decides every rating."""

    @property
    def name(self) -> str:
        """The name that a rating's rules say, such as ``half-of-base``."""

    @property
    def version(self) -> str:
        """Changes whenever the same figures may be judged differently; a rating keeps it from its opening."""

    def parameters(self, given: Parameters) -> dict[str, object]:
        """The parameters checked and normalised, ready for JSON. Raises Invalid, naming the field."""

    def decide(self, figures: Figures, parameters: Parameters) -> str | None:
        """A grade of the scale, or None where the figures allow no verdict. Pure."""


class HalfOfBaseRule:
    """The best grade with half of the base behind it, else the best two together, else the third.

    Source: Zhenhai's rule. A fourth grade, "don't know", is never a verdict. What exactly half does has no
    default: each place says it.
    """

    name = "half-of-base"
    version = "1"
    bases = ("members", "valid")

    def parameters(self, given: Parameters) -> dict[str, object]:
        fields = read_object(given, self.name, required=("of", "exactly_half"))
        return {
            "of": read_choice(fields["of"], "of", self.bases),
            "exactly_half": read_choice(fields["exactly_half"], "exactly_half", ("passes", "fails")),
        }

    def decide(self, figures: Figures, parameters: Parameters) -> str | None:
        base = figures.members if parameters["of"] == "members" else figures.valid
        if not base:
            return None
        needed = base if parameters["exactly_half"] == "passes" else base + 1
        best, second, third = figures.scale[:3]
        if 2 * figures.counts[best] >= needed:
            return best
        if 2 * (figures.counts[best] + figures.counts[second]) >= needed:
            return second
        return third


DEFAULT_VERDICT_RULE = HalfOfBaseRule.name
BUILT_IN_VERDICT_RULES: Mapping[str, VerdictRule] = {rule.name: rule for rule in (HalfOfBaseRule(),)}
