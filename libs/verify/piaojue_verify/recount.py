"""The count made again, from the rules of the poll in words:

A project's votes are the valid papers that mark it, or mark it *for*. A paper with more marks than it may
have is invalid, and none of its marks counts; one without a mark is valid, an abstention. Without the
quorum nothing is decided; nor where more papers came back than were issued. Else the seats go to those over
the mark, most votes first. Equal votes that reach across the last seat leave those seats to a runoff among
the equals. Where papers came by several channels, they are counted together, and the figures of a channel
that was counted by hand are added to them; more papers back than issued in one of them void all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from piaojue_verify.form import fraction
from piaojue_verify.strict import shown

KNOWN_VERSION: Final = "1"
_RULES: Final = {"seats", "marking", "adoption", "quorum", "differential"}
_MARKING: Final[Mapping[str, set[str]]] = {"choose": {"at_most"}, "for-against": set()}
_ADOPTION: Final[Mapping[str, set[str]]] = {"majority": {"of", "more_than"}, "plurality": set()}
_WORDS: Final = ("for", "against", "abstain")

Record = Mapping[str, Any]


class UnknownRules(Exception):
    """The poll was decided by rules that are not known here, as those of a plugin; the text says which."""


class Misfit(Exception):
    """The record breaks the rules that it names; the text begins with the field."""


@dataclass(slots=True)
class _Box:
    """The papers, opened and sorted."""

    votes: Counter[str] = field(default_factory=Counter)
    against: Counter[str] = field(default_factory=Counter)
    valid: int = 0
    invalid: int = 0
    blank: int | None = 0

    def add_blank(self, papers: int | None) -> None:
        """Once a hand count does not tell, the whole is unknown."""
        self.blank = None if self.blank is None or papers is None else self.blank + papers


def recount(record: Record) -> dict[str, Any]:
    """The result that the papers give by the rules. Raises UnknownRules or Misfit."""
    rules = record["rules"]
    check_known(rules, record["versions"])
    candidates = [candidate["project"] for candidate in record["candidates"]]
    box = _opened(record, candidates)
    for path, tally in tallies(record):
        _add_tally(box, tally, rules["marking"], candidates, path)
    deputies, present = record["attendance"]["deputies"], record["attendance"]["present"]
    issued, returned = record["reconciliation"]["issued"], box.valid + box.invalid
    result = {
        "deputies": deputies,
        "present": present,
        "quorum_needed": quorum_needed(deputies, rules["quorum"]),
        "issued": issued,
        "returned": returned,
        "unreturned": issued - returned if issued > returned else 0,
        "valid": box.valid,
        "invalid": box.invalid,
        "blank": box.blank,
    }
    per_channel = record["reconciliation"].get("channels", [])
    if per_channel:
        result["channels"] = per_channel  # of each channel alone the papers tell nothing; see the checks
    if present < result["quorum_needed"]:
        return result | _undecided("no-quorum", rules["seats"])
    if returned > issued or any(each["returned"] > each["issued"] for each in per_channel):
        return result | _undecided("void", rules["seats"])
    bases = {"deputies": deputies, "present": present, "valid": box.valid}
    return result | _tallied(box, candidates, rules) | _decided(box.votes, candidates, rules, bases)


def tallies(record: Record) -> list[tuple[str, Record]]:
    """The figures of the channels that were counted by hand, with their paths."""
    return [
        (f"channels.{place}.tally", channel["tally"])
        for place, channel in enumerate(record.get("channels", []))
        if "tally" in channel
    ]


def _add_tally(
    box: _Box, tally: Record, marking: Mapping[str, Any], candidates: Sequence[str], path: str
) -> None:
    if set(tally["tallies"]) != set(candidates):
        _misfit(f"{path}.tallies", "must have a line for each project on the paper")
    lines = [
        _line(line, marking["scheme"], tally["valid"], f"{path}.tallies.{shown(candidate)}")
        for candidate, line in tally["tallies"].items()
    ]
    _check_possible(lines, tally, marking, path)
    box.valid += tally["valid"]
    box.invalid += tally["invalid"]
    box.add_blank(tally["blank"])
    for candidate, (votes, against) in zip(tally["tallies"], lines, strict=True):
        box.votes[candidate] += votes
        box.against[candidate] += against


def _check_possible(
    lines: Sequence[tuple[int, int]], tally: Record, marking: Mapping[str, Any], path: str
) -> None:
    """Papers that are not blank give each project one vote at most, and all together as many as the rules
    allow; and each of them marks something."""
    marked = tally["valid"] - (tally["blank"] or 0)
    if marked < 0:
        _misfit(f"{path}.blank", "must be no more than valid")
    if any(votes + against > marked for votes, against in lines):
        _misfit(f"{path}.tallies", f"has more of a project than {marked} papers that are not blank can give")
    if marking["scheme"] != "choose":
        return
    given = sum(votes for votes, _ in lines)
    if given > marked * marking["at_most"]:
        _misfit(f"{path}.tallies", f"has {given} votes, more than {marked} papers can give")
    if tally["blank"] is not None and given < marked:
        _misfit(f"{path}.blank", f"leaves {marked} papers that are not blank, with {given} marks")


def _line(line: object, scheme: str, valid: int, path: str) -> tuple[int, int]:
    """For and against. As many votes as valid papers there are at most; each paper says one of the three."""
    if scheme == "choose":
        if type(line) is not int or not 0 <= line <= valid:
            _misfit(path, f"must be votes, {valid} at most")
        return line, 0
    if not isinstance(line, Mapping) or set(line) != set(_WORDS):
        _misfit(path, f"must have {', '.join(_WORDS)}")
    if any(type(number) is not int or number < 0 for number in line.values()):
        _misfit(path, "must have whole numbers")
    if sum(line.values()) != valid:
        _misfit(path, f"must be {valid} together")
    return line["for"], line["against"]


def check_known(rules: Mapping[str, Any], versions: Mapping[str, str]) -> None:
    """Raises UnknownRules where anything of the rules is not known here, Misfit where a parameter is
    missing."""
    for name in rules:
        if name not in _RULES:
            raise UnknownRules(f"rules.{shown(name)} is a rule that this program does not know")
    for kind, key, known in (("marking", "scheme", _MARKING), ("adoption", "rule", _ADOPTION)):
        name = rules[kind][key]
        if name not in known:
            raise UnknownRules(f"the {kind} {shown(name)} is not known to this program: a plugin's, perhaps")
        if versions[kind] != KNOWN_VERSION:
            raise UnknownRules(f"version {shown(versions[kind])} of the {kind} {name} is not known here")
        parameters = set(rules[kind]) - {key}
        for parameter in sorted(parameters - known[name]):
            raise UnknownRules(f"rules.{kind}.{shown(parameter)} is not known to this program")
        for parameter in sorted(known[name] - parameters):
            raise Misfit(f"rules.{kind}.{parameter}: is missing")


def quorum_needed(deputies: int, quorum: str) -> int:
    """The fewest who are at least this share of all deputies."""
    numerator, denominator = _fraction(quorum, "rules.quorum")
    needed, rest = divmod(deputies * numerator, denominator)
    return needed + 1 if rest else needed


def _fraction(given: object, path: str) -> tuple[int, int]:
    found = fraction(given)
    if found is None:
        raise Misfit(f'{path}: must be a share such as "1/2"')
    return found


def _opened(record: Record, candidates: Sequence[str]) -> _Box:
    box, marking = _Box(), record["rules"]["marking"]
    at_most = marking.get("at_most", 0)
    if marking["scheme"] == "choose" and (type(at_most) is not int or at_most < 1):
        raise Misfit("rules.marking.at_most: must be a whole number, at least 1")
    places = {candidate: place for place, candidate in enumerate(candidates)}
    for number, paper in enumerate(record["papers"]):
        path = f"papers.{number}.marks"
        if paper["marks"] is None and "channels" in record:  # nobody could read it
            box.invalid += paper["times"]
        elif marking["scheme"] == "choose":
            _add_chosen(box, paper, _chosen(paper["marks"], places, path), at_most)
        else:
            _add_said(box, paper["times"], _said(paper["marks"], places, path))
    return box


def _chosen(marks: object, places: Mapping[str, int], path: str) -> list[str]:
    if not isinstance(marks, list):
        _misfit(path, "must be a list of projects")
    before = -1
    for mark in marks:
        place = places.get(mark) if isinstance(mark, str) else None
        if place is None:
            _misfit(path, "marks what is not on the paper")
        if place <= before:
            _misfit(path, "marks a project twice, or not in the order of the paper")
        before = place
    return marks


def _add_chosen(box: _Box, paper: Record, marks: Sequence[str], at_most: int) -> None:
    times = paper["times"]
    if len(marks) > at_most:
        box.invalid += times
        return
    box.valid += times
    box.add_blank(0 if marks else times)
    for mark in marks:
        box.votes[mark] += times


def _said(marks: object, places: Mapping[str, int], path: str) -> Mapping[str, str]:
    if not isinstance(marks, Mapping):
        _misfit(path, "must be an object: what is said of each project")
    for project, word in marks.items():
        if project not in places:
            _misfit(path, "marks what is not on the paper")
        if not isinstance(word, str) or word not in _WORDS:
            _misfit(path, f"must say one of {', '.join(_WORDS)}")
    return marks


def _add_said(box: _Box, times: int, marks: Mapping[str, str]) -> None:
    box.valid += times
    box.add_blank(0 if marks else times)
    for project, word in marks.items():
        if word == "for":
            box.votes[project] += times
        elif word == "against":
            box.against[project] += times


def _misfit(path: str, why: str) -> NoReturn:
    raise Misfit(f"{path}: {why}")


def _undecided(outcome: str, seats: int) -> dict[str, Any]:
    return {
        **{"outcome": outcome, "adopted": [], "tied": [], "open_seats": seats},
        **{"pass_mark": None, "votes": None, "tallies": None},
    }


def _tallied(box: _Box, candidates: Sequence[str], rules: Mapping[str, Any]) -> dict[str, Any]:
    votes = {candidate: box.votes[candidate] for candidate in candidates}
    if rules["marking"]["scheme"] == "choose":
        return {"votes": votes, "tallies": None}
    tallies = {
        candidate: {
            "for": votes[candidate],
            "against": box.against[candidate],
            "abstain": box.valid - votes[candidate] - box.against[candidate],
        }
        for candidate in candidates
    }
    return {"votes": votes, "tallies": tallies}


def _decided(
    votes: Counter[str], candidates: Sequence[str], rules: Mapping[str, Any], bases: Mapping[str, int]
) -> dict[str, Any]:
    mark = _pass_mark(rules["adoption"], bases)
    open_seats = rules["seats"]
    adopted: list[str] = []
    tied: list[str] = []
    for equals in _by_votes(votes, candidates, least=1 if mark is None else mark):
        if not open_seats:
            break
        if len(equals) > open_seats:
            tied = equals
            break
        adopted += equals
        open_seats -= len(equals)
    outcome = "runoff" if tied else "shortfall" if open_seats else "complete"
    return {
        **{"outcome": outcome, "adopted": adopted, "tied": tied},
        **{"open_seats": open_seats, "pass_mark": mark},
    }


def _pass_mark(adoption: Mapping[str, Any], bases: Mapping[str, int]) -> int | None:
    """The fewest votes that are more than the fraction of the base."""
    if adoption["rule"] == "plurality":
        return None
    if not isinstance(adoption["of"], str) or adoption["of"] not in bases:
        _misfit("rules.adoption.of", f"must be one of {', '.join(bases)}")
    numerator, denominator = _fraction(adoption["more_than"], "rules.adoption.more_than")
    if numerator == denominator:
        _misfit("rules.adoption.more_than", "must be less than the whole")
    return bases[adoption["of"]] * numerator // denominator + 1


def _by_votes(votes: Counter[str], candidates: Sequence[str], least: int) -> list[list[str]]:
    """Those with at least so many votes, most votes first, equals together and in the paper's order."""
    equals: dict[int, list[str]] = {}
    for candidate in candidates:
        equals.setdefault(votes[candidate], []).append(candidate)
    return [equals[number] for number in sorted(equals, reverse=True) if number >= least]
