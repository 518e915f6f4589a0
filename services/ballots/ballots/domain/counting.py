"""The count: refusals first, then no quorum, then void, then what the adoption rule decides."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ballots.domain.adoption import AdoptionRule, Decision, Figures
from ballots.domain.errors import (
    Fault,
    MoreIssuedThanPresent,
    MorePresentThanDeputies,
    PapersDoNotBalance,
    TallyExceedsValid,
    UnknownCandidate,
)
from ballots.domain.marking import MarkingScheme, Standing, Tally
from ballots.domain.rules import Rules, quorum_needed


@dataclass(frozen=True, slots=True)
class Attendance:
    """All deputies of the body, and those present."""

    deputies: int
    present: int

    def __post_init__(self) -> None:
        if self.present > self.deputies:
            raise MorePresentThanDeputies(
                f"{self.present} present of {self.deputies} deputies", field="present"
            )


@dataclass(frozen=True, slots=True)
class Reading:
    """What the papers say, or a hand count of them. ``blank`` is None where a hand count does not tell it."""

    valid: int
    invalid: int
    blank: int | None
    tallies: Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class PerChannel:
    """What one channel gives to the count. ``issued``: papers handed out by it."""

    channel: str
    kind: str
    issued: int
    reading: Reading

    @property
    def returned(self) -> int:
        return self.reading.valid + self.reading.invalid

    def as_json(self) -> dict[str, object]:
        """Its reconciliation."""
        return {
            "channel": self.channel,
            "kind": self.kind,
            "issued": self.issued,
            "returned": self.returned,
            "unreturned": max(self.issued - self.returned, 0),
            "valid": self.reading.valid,
            "invalid": self.reading.invalid,
            "blank": self.reading.blank,
        }


@dataclass(frozen=True, slots=True)
class Count:
    """A poll's result. ``decision`` is None where nothing may be decided: without a quorum, or void.

    ``channels``: where there are others than the codes, what each gives; they are ``reading`` together.
    """

    outcome: str
    decision: Decision | None
    attendance: Attendance
    seats: int
    quorum_needed: int
    issued: int
    returned: int
    reading: Reading
    channels: Sequence[PerChannel] = ()

    def as_json(self) -> dict[str, object]:
        decision, tallies = self.decision, self.reading.tallies
        detailed = decision is not None and any(
            tally.against is not None or tally.papers is not None for tally in tallies.values()
        )
        return {
            "outcome": self.outcome,
            "adopted": list(decision.adopted) if decision else [],
            "tied": list(decision.tied) if decision else [],
            "open_seats": decision.open_seats if decision else self.seats,
            "pass_mark": decision.pass_mark if decision else None,
            "votes": {key: tally.votes for key, tally in tallies.items()} if decision else None,
            "tallies": {key: tally.as_json() for key, tally in tallies.items()} if detailed else None,
            "deputies": self.attendance.deputies,
            "present": self.attendance.present,
            "quorum_needed": self.quorum_needed,
            "issued": self.issued,
            "returned": self.returned,
            "unreturned": max(self.issued - self.returned, 0),
            "valid": self.reading.valid,
            "invalid": self.reading.invalid,
            "blank": self.reading.blank,
            **({"channels": [each.as_json() for each in self.channels]} if self.channels else {}),
        }


def read_papers(
    papers: Iterable[tuple[int, object]],
    scheme: MarkingScheme,
    candidates: Sequence[str],
    parameters: Mapping[str, object],
) -> Reading:
    """Reads ``(times, marks)`` pairs one by one, in any order; ``times`` equal papers cost as much as one."""
    places = {candidate: place for place, candidate in enumerate(candidates)}
    by_points = scheme.gives == "points"
    votes: Counter[str] = Counter()
    naming: Counter[str] = Counter() if by_points else votes
    against: Counter[str] = Counter()
    standings: Counter[Standing] = Counter()
    for number, (times, marks) in enumerate(papers):
        try:
            paper = scheme.read(marks, places, parameters)
        except Fault as fault:
            raise fault.within(f"papers.{number}") from fault
        except UnknownCandidate as refusal:
            field = f"papers.{number}"
            raise UnknownCandidate(f"{field}: {refusal.detail}", field=field) from refusal
        standings[paper.standing] += times
        for candidate, points in paper.votes.items():
            votes[candidate] += points * times
            if by_points:
                naming[candidate] += times
        for candidate in paper.against:
            against[candidate] += times
    valid = standings[Standing.MARKED] + standings[Standing.BLANK]
    _check_possible(votes, naming, against, valid, places)
    tallies = {key: scheme.tally(votes[key], against[key], valid, naming[key]) for key in candidates}
    return Reading(valid, standings[Standing.OVERVOTED], standings[Standing.BLANK], tallies)


def _check_possible(
    votes: Mapping[str, int],
    naming: Mapping[str, int],
    against: Mapping[str, int],
    valid: int,
    candidates: Collection[str],
) -> None:
    """Fail closed: raises ValueError when a scheme has read what no papers can say."""
    if not (votes.keys() | against.keys()) <= set(candidates):
        raise ValueError("a marking scheme read a project that is not on the paper")
    for key in candidates:
        if not 0 <= naming[key] <= votes[key] or naming[key] + against[key] > valid:
            raise ValueError("a marking scheme read more or less of a project than the papers can give it")


def count(
    rules: Rules,
    attendance: Attendance,
    issued: int,
    returned: int,
    reading: Reading,
    adoption_rule: AdoptionRule,
    channels: Sequence[PerChannel] = (),
) -> Count:
    """The result of papers read or counted by hand; candidates in the order of the reading's tallies.

    More papers back than were issued, of all or in one of ``channels``, and the whole poll is void.
    """
    rules.check_differential(tuple(reading.tallies))
    check_issued(issued, attendance.present)
    check_balance(returned, reading)
    needed = quorum_needed(attendance.deputies, rules.quorum)
    decision = None
    if attendance.present < needed:
        outcome = "no-quorum"
    elif returned > issued or any(each.returned > each.issued for each in channels):
        outcome = "void"
    else:
        figures = _figures(rules, attendance, reading)
        decision = adoption_rule.decide(figures, rules.adoption.parameters)
        decision.check_against(figures)
        outcome = decision.outcome
    return Count(outcome, decision, attendance, rules.seats, needed, issued, returned, reading, channels)


def _figures(rules: Rules, attendance: Attendance, reading: Reading) -> Figures:
    tallies = reading.tallies
    votes = {key: tally.votes for key, tally in tallies.items()}
    papers = {key: tally.votes if tally.papers is None else tally.papers for key, tally in tallies.items()}
    return Figures(
        attendance.deputies, attendance.present, reading.valid, rules.seats, tuple(tallies), votes, papers
    )


def check_issued(issued: int, present: int) -> None:
    """No proxies: at most one paper for each deputy present."""
    if issued > present:
        raise MoreIssuedThanPresent(f"{issued} papers issued to {present} deputies present", field="issued")


def check_balance(returned: int, reading: Reading, field: str = "returned") -> None:
    read = reading.valid + reading.invalid
    if returned != read:
        raise PapersDoNotBalance(
            f"{returned} papers returned, but {reading.valid} valid and {reading.invalid} invalid are {read}",
            field=field,
        )


def check_tallies(reading: Reading, scheme: MarkingScheme, parameters: Mapping[str, object]) -> None:
    """A hand count's line of a project must be possible. Raises TallyExceedsValid, naming it."""
    for candidate, tally in reading.tallies.items():
        try:
            scheme.check_tally(tally, reading.valid, parameters)
        except TallyExceedsValid as refusal:
            raise _impossible(f"tallies.{candidate}", refusal.detail) from refusal


def check_hand_count(reading: Reading, scheme: MarkingScheme, parameters: Mapping[str, object]) -> None:
    """All its lines together must be such as papers can give: none gives more than the rules allow, and one
    that is not blank marks something. A count sheet, which comes from anywhere, is not asked for that.

    Raises TallyExceedsValid, naming the line.
    """
    check_tallies(reading, scheme, parameters)
    if reading.blank is not None and reading.blank > reading.valid:
        raise _impossible("blank", f"{reading.blank} blank papers, of {reading.valid} valid ones")
    marked = reading.valid - (reading.blank or 0)
    for candidate, tally in reading.tallies.items():
        if _naming(tally) > marked:
            detail = f"{_naming(tally)} papers mark it, of {marked} that are not blank"
            raise _impossible(f"tallies.{candidate}", detail)
    _check_sums(reading, marked, scheme.most_votes(parameters))


def _check_sums(reading: Reading, marked: int, most: int | None) -> None:
    tallies = reading.tallies.values()
    votes = sum(tally.votes for tally in tallies)
    if most is not None and votes > marked * most:
        detail = f"{votes} are given together, but {marked} papers give {marked * most} at most"
        raise _impossible("tallies", detail)
    marks = sum(_naming(tally) for tally in tallies)
    abstaining = any(tally.abstain is not None for tally in tallies)  # which is a mark, too
    if reading.blank is not None and not abstaining and marks < marked:
        raise _impossible("blank", f"{marked} papers are not blank, but there are {marks} marks")


def _naming(tally: Tally) -> int:
    """How many papers are for it or against it."""
    return (tally.votes if tally.papers is None else tally.papers) + (tally.against or 0)


def _impossible(field: str, why: str) -> TallyExceedsValid:
    return TallyExceedsValid(f"{field}: {why}", field=field)
