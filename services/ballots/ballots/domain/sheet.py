"""Count sheets: one poll's figures in one JSON object, counted without a service."""

from collections.abc import Iterator, Mapping, Sequence

from ballots.domain.adoption import BUILT_IN_ADOPTION_RULES, AdoptionRule
from ballots.domain.counting import (
    Attendance,
    Count,
    Reading,
    check_balance,
    check_issued,
    check_tallies,
    count,
    read_papers,
)
from ballots.domain.errors import Fault, InvalidSheet, PapersDoNotBalance, UnknownCandidate
from ballots.domain.marking import BUILT_IN_MARKING_SCHEMES, MarkingScheme, Tally
from ballots.domain.reading import read_candidates, read_integer, read_list, read_object, shown
from ballots.domain.rules import OPTIONAL_RULE_FIELDS, RULE_FIELDS, Rules, read_rules

_ALWAYS = ("deputies", "present", "candidates", *RULE_FIELDS)
_OF_TALLIES = ("tallies", "valid", "invalid", "issued", "returned")


def count_sheet(
    sheet: object,
    adoption_rules: Mapping[str, AdoptionRule] | None = None,
    marking_schemes: Mapping[str, MarkingScheme] | None = None,
) -> dict[str, object]:
    """The result of an untrusted count sheet, ready for JSON; without mappings, by the built-in rules.

    Raises a refusal with a slug of its own for each broken rule, and InvalidSheet, naming the field, for
    whatever is malformed.
    """
    rules = BUILT_IN_ADOPTION_RULES if adoption_rules is None else adoption_rules
    schemes = BUILT_IN_MARKING_SCHEMES if marking_schemes is None else marking_schemes
    try:
        return _counted(sheet, rules, schemes).as_json()
    except Fault as fault:
        raise InvalidSheet(fault.detail, field=fault.field) from fault


def _counted(
    sheet: object, adoption_rules: Mapping[str, AdoptionRule], schemes: Mapping[str, MarkingScheme]
) -> Count:
    fields = _read_fields(sheet)
    candidates = read_candidates(fields["candidates"])
    rules = read_rules(fields, adoption_rules, schemes)
    deputies = read_integer(fields["deputies"], "deputies", least=1)
    attendance = Attendance(deputies, read_integer(fields["present"], "present"))
    rules.check_differential(candidates)
    scheme = schemes[rules.marking.name]
    if "papers" in fields:
        issued, returned, reading = _from_papers(fields, scheme, candidates, rules)
    else:
        issued, returned, reading = _from_tallies(fields, scheme, candidates)
    check_issued(issued, attendance.present)
    check_balance(returned, reading)
    check_tallies(reading, scheme, rules.marking.parameters)
    return count(rules, attendance, issued, returned, reading, adoption_rules[rules.adoption.name])


def _read_fields(sheet: object) -> Mapping[str, object]:
    known = (*OPTIONAL_RULE_FIELDS, "papers", *_OF_TALLIES)
    fields = read_object(sheet, "sheet", required=_ALWAYS, optional=known)
    if "papers" not in fields:
        if "tallies" not in fields:
            raise Fault("papers", "is missing, and so are tallies: one of the two must be given")
        return read_object(sheet, "sheet", required=(*_ALWAYS, *_OF_TALLIES), optional=known)
    for name in ("tallies", "valid", "invalid"):
        if name in fields:
            raise Fault(name, "is given by a hand count instead of papers, not beside them")
    return fields


def _from_papers(
    fields: Mapping[str, object], scheme: MarkingScheme, candidates: Sequence[str], rules: Rules
) -> tuple[int, int, Reading]:
    papers = _each_paper(read_list(fields["papers"], "papers"), candidates)
    reading = read_papers(papers, scheme, candidates, rules.marking.parameters)
    number = reading.valid + reading.invalid
    returned = read_integer(fields.get("returned", number), "returned")
    if returned != number:
        raise PapersDoNotBalance(
            f"{returned} papers returned, but {number} are on the sheet", field="returned"
        )
    return read_integer(fields.get("issued", returned), "issued"), returned, reading


def _each_paper(papers: Sequence[object], candidates: Sequence[str]) -> Iterator[tuple[int, object]]:
    for place, paper in enumerate(papers):
        if not _stands_for_several(paper, candidates):
            yield 1, paper
            continue
        field = f"papers.{place}"
        several = read_object(paper, field, required=("times", "marks"))
        yield read_integer(several["times"], f"{field}.times", least=1), several["marks"]


def _stands_for_several(paper: object, candidates: Sequence[str]) -> bool:
    """``{"times": n, "marks": …}``, and not the paper of projects whose ids are "times" and "marks"."""
    if not isinstance(paper, Mapping):
        return False
    if isinstance(paper.get("marks"), Mapping | list | tuple):
        return True
    # A mark is a word or a rank; so is ``times``, where no project is called that.
    return any(
        name in paper and name not in candidates and not isinstance(paper[name], str)
        for name in ("times", "marks")
    )


def _from_tallies(
    fields: Mapping[str, object], scheme: MarkingScheme, candidates: Sequence[str]
) -> tuple[int, int, Reading]:
    lines = read_object(fields["tallies"], "tallies", required=candidates, optional=None)
    for name in lines:
        if name not in candidates:
            raise UnknownCandidate(f"tallies.{shown(name)}: is not on the paper", field="tallies")
    tallies = {candidate: _read_line(scheme, lines[candidate], candidate) for candidate in candidates}
    valid, invalid = (read_integer(fields[name], name) for name in ("valid", "invalid"))
    issued, returned = (read_integer(fields[name], name) for name in ("issued", "returned"))
    return issued, returned, Reading(valid, invalid, None, tallies)


def _read_line(scheme: MarkingScheme, line: object, candidate: str) -> Tally:
    try:
        return scheme.read_tally(line)
    except Fault as fault:
        path = (fault.field or "").removeprefix("tally")
        raise Fault(f"tallies.{candidate}{path}", fault.rule) from fault
