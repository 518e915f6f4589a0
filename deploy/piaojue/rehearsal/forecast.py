"""How the polls of a file must come out, found without a suite: by the rules of ballots' domain alone.

So the papers of a further round can be judged before anything has begun, though what they may say follows
from the round before; and what the suite counts is compared with another count.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ballots
from ballots.domain import (
    BUILT_IN_ADOPTION_RULES,
    BUILT_IN_MARKING_SCHEMES,
    Attendance,
    Poll,
    PollState,
    Profile,
    Rules,
    count_sheet,
    next_round,
)
from chassis.errors import Refused
from piaojue.rehearsal.channel_forecast import Faulty, channels_of, of
from piaojue.rehearsal.papers import Part, is_held, issued_of
from piaojue.rehearsal.reading import Fault, Where

if TYPE_CHECKING:
    from piaojue.rehearsal.plan import Plan

Profiles = Mapping[str, Profile]


@dataclass(frozen=True)
class Forecast:
    """``poll``: declared, with its result. One that is not held has none."""

    poll: Poll

    @property
    def result(self) -> Mapping[str, Any] | None:
        return self.poll.result


def built_in_profiles() -> Profiles:
    """Those of a suite of our own."""
    from ballots.plugins import load_profiles

    folder = Path(str(files(ballots) / "profiles"))
    return load_profiles(sorted(folder.glob("*.yaml")), BUILT_IN_ADOPTION_RULES, BUILT_IN_MARKING_SCHEMES)


def forecasts(plan: "Plan", profiles: Profiles) -> tuple[dict[str, Forecast], list[Fault]]:
    """Of each poll by its id, and every fault of its rules and papers.

    A poll with a plugin of somebody else's is left to the suite, and so are its further rounds.
    """
    found: dict[str, Forecast] = {}
    faults: list[Fault] = []
    for place, poll in enumerate(plan.polls):
        try:
            prepared = _prepared(plan, place, found, profiles)
            if prepared is None:
                continue
            faults += _check_papers(plan, place, prepared)
            declared = None if faults else _declared(plan, place, prepared)
            if declared is not None:
                found[poll["id"]] = Forecast(declared)
        except Faulty as faulty:
            faults.append(faulty.fault)
    return found, faults


def _prepared(plan: "Plan", place: int, found: Mapping[str, Forecast], profiles: Profiles) -> Poll | None:
    """A poll with its rules and candidates; None where only the suite can tell them."""
    poll = plan.polls[place]
    if poll["follows"] is not None:
        before = found.get(poll["follows"])
        if before is None:
            return None
        return of(lambda: next_round(before.poll, id=poll["id"], title=poll["title"]), _at(place, "follows"))
    profile = None
    if poll["profile"] is not None:
        if poll["profile"] not in profiles:
            known = ", ".join(sorted(profiles))
            raise Faulty(Fault(_at(place, "profile"), f"is no profile that is loaded, which are: {known}"))
        profile = profiles[poll["profile"]]
    rules = _rules(poll, place, profile, plan.body["level"])
    if rules is None:
        return None
    return Poll.prepared(
        id=poll["id"],
        body=plan.body["id"],
        meeting=plan.meeting["id"],
        title=poll["title"],
        rules=rules,
        candidates=plan.candidates_of(poll),
        profile=profile,
    )


def _rules(poll: Part, place: int, profile: Profile | None, level: str) -> Rules | None:
    said = poll["rules"]
    if not (
        _known(said, "adoption", "rule", BUILT_IN_ADOPTION_RULES)
        and _known(said, "marking", "scheme", BUILT_IN_MARKING_SCHEMES)
    ):
        return None
    where = _at(place, "rules" if said is not None else "profile")
    if profile is None:
        return of(lambda: Rules.read(said), where)
    built_in = (BUILT_IN_ADOPTION_RULES, BUILT_IN_MARKING_SCHEMES)
    return of(lambda: profile.rules(said, level, *built_in), where)


def _known(rules: Mapping[str, Any] | None, part: str, key: str, built_in: Collection[str]) -> bool:
    """Whether a part of the rules is ours to judge: built in, or nobody's."""
    named = (rules or {}).get(part)
    name = named.get(key) if isinstance(named, Mapping) else None
    if not isinstance(name, str) or name in built_in:
        return True
    group = f"piaojue.ballots.{'adoption_rules' if part == 'adoption' else 'marking_schemes'}"
    return name not in entry_points(group=group).names


def _check_papers(plan: "Plan", place: int, poll: Poll) -> Iterator[Fault]:
    """The rules by an empty box, then paper by paper, so that each fault has its place."""
    sheet = {**poll.rules.as_json(), "deputies": plan.deputies, "present": plan.deputies}
    sheet |= {"candidates": list(poll.candidates), "papers": []}
    of(lambda: count_sheet(sheet), _at(place, "rules"))
    for number, paper in enumerate(plan.polls[place]["papers"] or ()):
        where = _at(place, "papers", number)
        try:
            counted = count_sheet({**sheet, "papers": [{"times": 1, "marks": paper["marks"]}]})
        except Refused as refusal:
            yield Fault(where, refusal.detail.removeprefix("papers.0").lstrip(": "))
        else:
            if counted["invalid"]:
                yield Fault(where, "has more marks than the rules allow: it is refused at the casting")


def _declared(plan: "Plan", place: int, poll: Poll) -> Poll | None:
    """As it is when all is done; one that is not held stays prepared. None where only the suite can tell."""
    given = plan.polls[place]
    if not is_held(given):
        return poll
    closed = replace(
        poll,
        state=PollState.CLOSED,
        issued=issued_of(given),
        attendance=Attendance(plan.deputies, len(plan.attendance.at_opening[place])),
        rules_hash="",
    )
    channels = channels_of(given, closed.ballot(), _at(place))
    if channels is None:
        return None
    papers = [(paper["times"], paper["marks"]) for paper in given["papers"] or ()]
    try:
        counted = closed.count(papers, channels=channels)
    except Refused as refusal:
        raise Faulty(Fault(_at(place, *_whose(given, refusal.field)), refusal.detail)) from refusal
    return replace(counted, state=PollState.DECLARED)


def _whose(poll: Part, field: str | None) -> Where:
    """The channel that a count is refused for, if it is for one."""
    ids = [each["id"] for each in poll["channels"]]
    if field in ids:
        return "channels", ids.index(field)
    return ("channels",) if ids else ("papers",)


def _at(place: int, *inside: str | int) -> Where:
    return ("polls", place, *inside)
