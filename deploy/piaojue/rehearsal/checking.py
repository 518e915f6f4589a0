"""What the parts of a rehearsal must say of each other, before a suite is troubled with them."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from ballots.domain import BUILT_IN_ADOPTION_RULES, BUILT_IN_MARKING_SCHEMES, count_sheet
from chassis.errors import Refused
from piaojue.rehearsal.plan import Part, Plan
from piaojue.rehearsal.reading import Fault, Where
from ratings.domain import BUILT_IN_VERDICT_RULES, rate_sheet


def check(plan: Plan) -> Iterator[Fault]:
    """Every fault. What only a plugin can judge is left to the suite."""
    yield from _twice(plan.roll, ("roll",))
    yield from _twice(plan.candidates, ("candidates",))
    absent = list(_check_present(plan))
    yield from absent
    if not absent and plan.slips > len(plan.present):
        yield Fault(("poll", "papers"), f"{plan.slips} slips for {len(plan.present)} deputies present")
    if len(plan.papers) > plan.slips:
        yield Fault(("poll", "papers"), f"are {len(plan.papers)}, and {plan.slips} slips are issued")
    if by_hand(plan.poll["rules"]):
        yield from _check_poll(plan)
    if plan.rating is not None:
        yield from _check_rating(plan, plan.rating)
    yield from _check_expected(plan)


def by_hand(rules: Mapping[str, Any]) -> bool:
    """Whether a poll of these rules can be counted without a suite: no rule of them is a plugin of others."""
    return _known(rules, "adoption", "rule", BUILT_IN_ADOPTION_RULES) and _known(
        rules, "marking", "scheme", BUILT_IN_MARKING_SCHEMES
    )


def rated_by_hand(rating: Part) -> bool:
    """Whether its verdicts can be found without a suite."""
    return rating["verdict"].get("rule", "") in {"", *BUILT_IN_VERDICT_RULES}


def _known(rules: Mapping[str, Any], part: str, key: str, built_in: Collection[str]) -> bool:
    named = rules.get(part)
    name = named.get(key) if isinstance(named, Mapping) else None
    if not isinstance(name, str) or name in built_in:
        return True
    group = f"piaojue.ballots.{'adoption_rules' if part == 'adoption' else 'marking_schemes'}"
    return name not in entry_points(group=group).names


def _twice(parts: Sequence[Part], where: Where) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, part in enumerate(parts):
        if part["id"] in seen:
            yield Fault((*where, place), f"{part['id']} is there twice")
        seen.add(part["id"])


def _check_present(plan: Plan) -> Iterator[Fault]:
    given, where = plan.meeting["present"], ("meeting", "present")
    if isinstance(given, int):
        if not 0 <= given <= len(plan.roll):
            yield Fault(where, f"must be from 0 to {len(plan.roll)}, which is all deputies")
        return
    due = {each["id"] for each in plan.roll}
    for place, each in enumerate(given):
        if each not in due:
            yield Fault((*where, place), "is not on the roll")
    for each, times in Counter(given).items():
        if times > 1:
            yield Fault(where, f"has {each} {times} times")


def _check_poll(plan: Plan) -> Iterator[Fault]:
    """The rules by an empty box, then paper by paper, so that each fault has its place."""
    candidates = list(dict.fromkeys(each["id"] for each in plan.candidates))
    empty = {**plan.count_sheet(), "papers": [], "issued": 0, "present": len(plan.roll)}
    empty["candidates"] = candidates
    if fault := _refusal(count_sheet, empty, ("poll", "rules")):
        yield fault
        return
    whole = {**empty, "issued": 1}
    for place, paper in enumerate(plan.poll["papers"]):
        where = ("poll", "papers", place)
        if fault := _refusal(
            count_sheet, {**whole, "papers": [{"times": 1, "marks": paper["marks"]}]}, where
        ):
            yield Fault(where, fault.detail.removeprefix("papers.0").lstrip(": "))
        elif count_sheet({**whole, "papers": [{"times": 1, "marks": paper["marks"]}]})["invalid"]:
            yield Fault(where, "has more marks than the rules allow: it is refused at the casting")


def _check_rating(plan: Plan, rating: Part) -> Iterator[Fault]:
    where: Where = ("rating",)
    if not plan.rated:
        yield Fault(where, "rates the projects on record: give them under record")
        return
    forms = sum(form["times"] for form in rating["forms"])
    if not forms <= (rating["issued"] or forms) <= rating["members"]:
        yield Fault((*where, "forms"), f"are {forms}: not more than issued, nor that more than members")
    sheet = {**plan.rating_sheet(rating, plan.rated[0]), "forms": []}
    if rated_by_hand(rating) and (fault := _refusal(rate_sheet, sheet, where)):
        yield fault
        return
    for place, form in enumerate(rating["forms"]):
        for project, grades in form["grades"].items():
            at = (*where, "forms", place, "grades", project)
            if project not in plan.rated:
                yield Fault(at, "is not on record, so it is not rated")
            elif len(grades) > 1:
                yield Fault(at, "has several grades: it is refused when it is handed in")
            elif unknown := [each for each in grades if each not in rating["scale"]]:
                yield Fault(at, f"{unknown[0]} is not a grade of the scale")


def _check_expected(plan: Plan) -> Iterator[Fault]:
    expected = plan.expect or {}
    for project in expected.get("rating") or ():
        if plan.rating is None or project not in plan.rated:
            yield Fault(("expect", "rating", project), "is not rated")


def _refusal(function: Callable[[object], object], sheet: object, where: Where) -> Fault | None:
    try:
        function(sheet)
    except Refused as refusal:
        return Fault(where, refusal.detail)
    return None
