"""What the parts of a rehearsal must say of each other, before a suite is troubled with them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from chassis.errors import Refused
from piaojue.rehearsal.channel_checks import check_channel_step, check_channels, check_objections
from piaojue.rehearsal.channel_fields import TRIED
from piaojue.rehearsal.format import POLL_STEPS
from piaojue.rehearsal.papers import Part, is_held, issued_of, papers_of, slips_of
from piaojue.rehearsal.plan import Plan
from piaojue.rehearsal.reading import Fault, Where
from ratings.domain import BUILT_IN_VERDICT_RULES, rate_sheet

OF_MEETING: Final = ("due", "present", "deputies", "quorum_needed")
OF_POLL: Final = ("round", "seats", "candidates", "warnings")
"""What is known of an opened poll, beside its result."""
OF_RESULT: Final = (
    *("outcome", "adopted", "tied", "open_seats", "pass_mark", "votes", "tallies", "deputies", "present"),
    *("quorum_needed", "issued", "returned", "unreturned", "valid", "invalid", "blank", "channels"),
)
"""Of these ``channels`` are by their ids."""


def check(plan: Plan) -> Iterator[Fault]:
    """Every fault, but for rules and papers, which are for :mod:`piaojue.rehearsal.forecast`."""
    people = [*_twice(plan.roll, ("roll",)), *plan.attendance.faults]
    yield from people
    yield from _twice(plan.candidates, ("candidates",))
    yield from _twice(plan.polls, ("polls",))
    if plan.body["deputies_total"] and plan.body["deputies_total"] < len(plan.roll):
        yield Fault(("body", "deputies_total"), f"is less than the roll has, which is {len(plan.roll)}")
    yield from _unknown(plan.meeting["expect"], OF_MEETING, ("meeting", "expect"))
    for place in range(len(plan.polls)):
        yield from _check_poll(plan, place)
        if not people:  # else it is not known who is there
            yield from _check_slips(plan, place)
            yield from _check_officers(plan, place)
    if plan.rating is not None:
        yield from _check_rating(plan, plan.rating)


def rated_by_hand(rating: Part) -> bool:
    """Whether its verdicts can be found without a suite."""
    return rating["verdict"].get("rule", "") in {"", *BUILT_IN_VERDICT_RULES}


def _twice(parts: Sequence[Part], where: Where) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, part in enumerate(parts):
        if part["id"] in seen:
            yield Fault((*where, place), f"{part['id']} is there twice")
        seen.add(part["id"])


def _unknown(expect: Part | None, known: Collection[str], where: Where) -> Iterator[Fault]:
    for name in expect or ():
        if name not in known:
            yield Fault((*where, name), f"is not known here, but these are: {', '.join(known)}")


def _check_poll(plan: Plan, place: int) -> Iterator[Fault]:
    poll, where = plan.polls[place], ("polls", place)
    if poll["follows"] is not None and poll["follows"] not in [each["id"] for each in plan.polls[:place]]:
        yield Fault((*where, "follows"), "is no poll before this one")
    listed = {each["id"] for each in plan.candidates}
    for number, each in enumerate(poll["candidates"] or ()):
        if each not in listed:
            yield Fault((*where, "candidates", number), "is not on the candidate list")
    for number, incident in enumerate(poll["incidents"]):
        yield from _check_tried(poll, incident, (*where, "incidents", number))
    yield from check_channels(poll, where)
    yield from check_objections(poll, {each["id"] for each in plan.roll}, where)
    yield from _unknown(poll["expect"], (*OF_POLL, *OF_RESULT), (*where, "expect"))


def _check_slips(plan: Plan, place: int) -> Iterator[Fault]:
    poll, where = plan.polls[place], ("polls", place)
    if not is_held(poll):
        return
    issued, there, slips = slips_of(poll), plan.attendance.at_opening[place], poll["slips"]
    if issued > len(there):
        yield Fault((*where, "papers"), f"{issued} slips for {len(there)} deputies present")
    elif issued_of(poll) > len(there):
        told = f"{issued_of(poll)} papers of all channels for {len(there)} deputies present"
        yield Fault((*where, "channels"), told)
    if len(papers_of(poll)) > issued:
        yield Fault((*where, "papers"), f"are {len(papers_of(poll))}, and {issued} slips are issued")
    if poll["papers"] is None and slips["printed"] is not None:
        yield Fault((*where, "slips", "printed"), "are to be cast by code, and there are no papers")
    elif slips["printed"] is None:
        if slips["spoiled"]:
            yield Fault((*where, "slips", "spoiled"), "are exchanged by number: say how many are printed")
    elif slips["printed"] < issued + slips["spoiled"]:
        yield Fault((*where, "slips", "printed"), "are fewer than those issued and those spoiled")
    if slips["spoiled"] > issued:
        yield Fault((*where, "slips", "spoiled"), "are more than those issued")


def _check_officers(plan: Plan, place: int) -> Iterator[Fault]:
    officers, where = plan.polls[place]["officers"], ("polls", place, "officers")
    if officers is None:
        return
    there = plan.attendance.at_opening[place]
    for number, each in enumerate(officers["scrutineers"]):
        if each not in there:
            yield Fault((*where, "scrutineers", number), "is not a deputy who is there")
    if officers["chief"] not in officers["scrutineers"]:
        yield Fault((*where, "chief"), "is not among the scrutineers")


def _check_tried(poll: Part, incident: Part, where: Where) -> Iterator[Fault]:
    yield from check_channel_step(poll, incident, where)
    tried, content = incident["tried"], incident["content"]
    if tried is None:
        return
    if fault := _misfit(tried, content):
        yield Fault((*where, "with"), fault)
    if tried == "cast" and not slips_of(poll):
        yield Fault(where, "there is no slip to cast with")
    earliest = {"cast": "cast", "sign": "sign"}.get(tried, "prepare")
    if POLL_STEPS.index(incident["before"]) < POLL_STEPS.index(earliest):
        yield Fault((*where, "before"), f"is too early: there is nothing yet to {tried}")


def _misfit(tried: str, content: Any) -> str | None:
    """What is wrong with what is tried; whether it is to be refused is for the suite to say."""
    match tried:
        case "prepare":
            fits, must = content is None or isinstance(content, Mapping), "have what differs from the poll"
        case "appoint":
            fits = isinstance(content, Mapping) and isinstance(content.get("scrutineers", []), list)
            must = "have officers, and a list of scrutineers"
        case "issue":
            fits, must = type(content) is int, "be a number of slips"
        case "sign":
            fits, must = isinstance(content, str), "be the id of who signs, in quotes"
        case "cast":
            fits, must = content is not None, "be the marks of a paper"
        case _ if tried in TRIED:  # read with the file
            return None
        case _:
            fits, must = content is None, f"not be there: nothing goes with {tried}"
    return None if fits else f"must {must}"


def _check_rating(plan: Plan, rating: Part) -> Iterator[Fault]:
    where: Where = ("rating",)
    if not plan.rated:
        yield Fault(where, "rates the projects on record: give them under record")
        return
    forms = sum(form["times"] for form in rating["forms"])
    if not forms <= (rating["issued"] or forms) <= rating["members"]:
        yield Fault((*where, "forms"), f"are {forms}: not more than issued, nor that more than members")
    yield from _unknown(rating["expect"], plan.rated, (*where, "expect"))
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


def _refusal(function: Callable[[Any], object], sheet: object, where: Where) -> Fault | None:
    try:
        function(sheet)
    except Refused as refusal:
        return Fault(where, refusal.detail)
    return None
