"""Forms, their counts and shares, and the rules that judge them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.errors import Invalid
from chassis.reading import read_choice, read_list, read_object, read_text
from ratings.domain.errors import Fault, FormsExceedMembers, InvalidRules, UnknownGrade
from ratings.domain.verdict import BUILT_IN_VERDICT_RULES, DEFAULT_VERDICT_RULE, Figures, VerdictRule

FEWEST_GRADES = 3
LONGEST_GRADE = 63


@dataclass(frozen=True, slots=True)
class Rules:
    """``scale``: best grade first; ``verdict``: the rule's name; ``parameters``: as it checked them."""

    scale: tuple[str, ...]
    verdict: str
    parameters: Mapping[str, object]

    def __post_init__(self) -> None:
        if len(self.scale) < FEWEST_GRADES or len(set(self.scale)) != len(self.scale):
            raise InvalidRules("scale: must have at least three grades, each once", field="scale")

    @classmethod
    def read(cls, given: object, verdict_rules: Mapping[str, VerdictRule] | None = None) -> "Rules":
        """From untrusted JSON: ``scale`` and ``verdict`` of a rating sheet. Raises InvalidRules."""
        try:
            return read_rules(read_object(given, "rules", required=("scale", "verdict")), verdict_rules)
        except Fault as fault:
            raise InvalidRules(fault.detail, field=fault.field) from fault

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Rules":
        """From :meth:`as_json`, unchecked by the plugin: the rules of an old rating outlive it."""
        parameters = dict(read_object(stored["verdict"], "verdict", optional=None))
        name = str(parameters.pop("rule"))
        return cls(tuple(str(grade) for grade in read_list(stored["scale"], "scale")), name, parameters)

    def as_json(self) -> dict[str, object]:
        return {"scale": list(self.scale), "verdict": {"rule": self.verdict, **self.parameters}}


@dataclass(frozen=True, slots=True)
class Tally:
    """The forms of one project: valid ones by grade (every grade of the scale), and the invalid ones."""

    counts: Mapping[str, int]
    invalid: int

    @property
    def valid(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Grading:
    """What the raters said of one project. ``verdict`` is None where there is no valid form to judge by."""

    tally: Tally
    combined: int
    verdict: str | None

    def as_json(self) -> dict[str, object]:
        valid = self.tally.valid
        return {
            "valid": valid,
            "invalid": self.tally.invalid,
            "counts": dict(self.tally.counts),
            "shares": {grade: share(forms, valid) for grade, forms in self.tally.counts.items()},
            "combined": share(self.combined, valid),
            "verdict": self.verdict,
        }


def grade(rules: Rules, members: int, tally: Tally, rule: VerdictRule) -> Grading:
    """Raises FormsExceedMembers; ValueError where a rule's verdict is not on the scale (it fails closed)."""
    forms = tally.valid + tally.invalid
    if forms > members:
        raise FormsExceedMembers(f"{forms} forms from {members} members", field="members")
    verdict = rule.decide(Figures(members, tally.valid, rules.scale, tally.counts), rules.parameters)
    if verdict is not None and verdict not in rules.scale:
        raise ValueError("a verdict rule answered with a grade that is not on the scale")
    return Grading(tally, sum(tally.counts[name] for name in rules.scale[:2]), verdict)


def share(forms: int, valid: int) -> str:
    """Percent of the valid forms, two decimals, half up: 25 of 28 → 89.29. Of no forms: 0.00."""
    if not valid:
        return "0.00"
    hundredths = (2 * forms * 10_000 + valid) // (2 * valid)
    return f"{hundredths // 100}.{hundredths % 100:02}"


def read_forms(forms: Iterable[tuple[int, object]], scale: Sequence[str]) -> Tally:
    """Reads ``(times, grades)`` pairs one by one; a form is valid with exactly one grade."""
    counts: Counter[str] = Counter()
    invalid = 0
    for number, (times, grades) in enumerate(forms):
        marked = read_grades(grades, f"forms.{number}", scale)
        if len(marked) == 1:
            counts[marked[0]] += times
        else:
            invalid += times
    return Tally({name: counts[name] for name in scale}, invalid)


def read_grades(given: object, field: str, scale: Sequence[str]) -> list[str]:
    """The grades that a form marks, in the scale's order. Raises Fault or UnknownGrade."""
    grades = [read_text(entry, field) for entry in read_list(given, field)]
    if len(set(grades)) != len(grades):
        raise Fault(field, "must not mark a grade twice")
    if not set(grades) <= set(scale):
        raise UnknownGrade(f"{field}: a mark is for a grade that is not on the scale", field=field)
    return sorted(grades, key=scale.index)


def read_rules(fields: Mapping[str, object], verdict_rules: Mapping[str, VerdictRule] | None = None) -> Rules:
    """From the rule fields of an object that may hold others too. Raises Fault."""
    known = BUILT_IN_VERDICT_RULES if verdict_rules is None else verdict_rules
    given = read_object(fields["verdict"], "verdict", optional=None)
    name = read_choice(given.get("rule", DEFAULT_VERDICT_RULE), "verdict.rule", known)
    try:
        parameters = known[name].parameters({key: value for key, value in given.items() if key != "rule"})
    except Fault as fault:
        path = (fault.field or "").removeprefix(f"{name}.")
        raise Fault("verdict" if path == name else f"verdict.{path}", fault.rule) from fault
    except Invalid as refusal:
        raise Fault(f"verdict.{refusal.field or name}", refusal.detail) from refusal
    return Rules(_read_scale(fields["scale"]), name, parameters)


def _read_scale(given: object) -> tuple[str, ...]:
    scale = [
        read_text(entry, f"scale.{place}", longest=LONGEST_GRADE)
        for place, entry in enumerate(read_list(given, "scale"))
    ]
    if len(scale) < FEWEST_GRADES:
        raise Fault("scale", f"must have at least {FEWEST_GRADES} grades")
    if len(set(scale)) != len(scale):
        raise Fault("scale", "must not have a grade twice")
    return tuple(scale)
