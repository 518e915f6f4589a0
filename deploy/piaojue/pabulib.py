"""Reading Pabulib files (``.pb``), the open format in which participatory budgets publish their votes.

Three sections of fields separated by ``;``, quoted as in CSV: META says how the vote was held, PROJECTS has a
line for each project, VOTES one for each voter. What a count does not need is read over, since each city has
columns and META keys of its own. What would make it another count is refused, by section, line and rule.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

from ballots.domain import Fault, PapersDoNotBalance, UnknownCandidate
from ballots.domain.reading import read_text, shown
from chassis.errors import Invalid, Refused

_SECTIONS = ("META", "PROJECTS", "VOTES")
_COUNTED = ("approval", "choose-1")
_KEYS_READ = ("vote_type", "max_length", "num_votes", "num_projects")
_LONGEST_LINE = 2**20
_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0+)?")  # spreadsheets write 5 as 5.0
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Marks = tuple[str, ...]
Meta = Mapping[str, tuple[str, int]]
"""Each key's value, and its line."""


class InvalidPabulib(Invalid):
    slug = "invalid-pabulib"


class UnsupportedVoteType(Invalid):
    """Ranks and points: counting them as approvals would be another election."""

    slug = "unsupported-vote-type"


@dataclass(frozen=True, slots=True)
class Election:
    """``projects``: ids and names (empty where the file has none), in the file's order. ``papers``: the marks
    of each, a project once. ``notes``: what is odd in the file, but changes nothing in the count."""

    projects: Mapping[str, str]
    at_most: int
    papers: Sequence[Marks]
    notes: Sequence[str]


def read(source: BinaryIO) -> Election:
    """Raises InvalidPabulib, UnsupportedVoteType, UnknownCandidate or PapersDoNotBalance: where, and the
    rule."""
    rows = _Rows(source)
    meta = _read_meta(rows)
    kind = _vote_type(rows, meta)
    limit, listed, cast = (
        _whole_number(rows, meta, key, least)
        for key, least in (("max_length", 1), ("num_projects", 0), ("num_votes", 0))
    )
    projects = _read_projects(rows)
    papers = _read_votes(rows, projects)
    if cast is not None and cast != len(papers):
        rule = f"num_votes is {cast}, but VOTES has {len(papers)}"
        raise rows.refusal(rule, section="META", line=meta["num_votes"][1], kind=PapersDoNotBalance)
    notes = []
    if listed is not None and listed != len(projects):
        line = meta["num_projects"][1]
        notes.append(f"META, line {line}: num_projects is {listed}, but PROJECTS has {len(projects)}")
    at_most = limit or (1 if kind == "choose-1" else len(projects))
    return Election(projects, at_most, papers, notes)


class _Rows:
    """A file's rows, section by section; ``line`` is the first line of the row that was read last."""

    def __init__(self, source: BinaryIO) -> None:
        self.section, self.line = _SECTIONS[0], 1
        self._reader = csv.reader(self._lines(source), delimiter=";", skipinitialspace=True)
        self._rows = self._filled()
        self._title: str | None = None

    def of(self, section: str) -> Iterator[list[str]]:
        """The rows of the section that comes next, its header first."""
        self.section = section
        if self._title is None:
            self._title = _title(next(self._rows, []))
        if self._title != section:
            raise self.refusal(
                f"the line {section} must begin the section here; the order is {', '.join(_SECTIONS)},"
                " and a quotation mark that is not closed hides what follows it"
            )
        self._title = None
        for row in self._rows:
            self._title = _title(row)
            if self._title is not None:
                return
            yield row

    def ended(self) -> None:
        if self._title is not None:
            raise self.refusal(f"must be the last section, but {self._title} follows")

    def refusal(
        self, rule: str, *, section: str = "", line: int = 0, kind: type[Refused] = InvalidPabulib
    ) -> Refused:
        section = section or self.section
        return kind(f"{section}, line {line or self.line}: {rule}", field=section)

    def _filled(self) -> Iterator[list[str]]:
        while True:
            self.line = self._reader.line_num + 1
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                rule = (
                    "cannot be split into fields: a quotation mark is not closed, or a field holds a line end"
                )
                raise self.refusal(rule) from error
            if any(row):
                yield row

    def _lines(self, source: BinaryIO) -> Iterator[str]:
        for number in count(1):
            line = source.readline(_LONGEST_LINE + 1)
            if not line:
                return
            if len(line) > _LONGEST_LINE:
                raise self.refusal(f"has more than {_LONGEST_LINE} bytes", line=number)
            try:
                yield (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).decode()
            except UnicodeDecodeError as error:
                raise self.refusal(
                    f"must be UTF-8, which byte {error.start + 1} is not", line=number
                ) from error


def _title(row: Sequence[str]) -> str | None:
    """The section that begins with this row; a spreadsheet may have filled it up with empty fields."""
    name = row[0].strip().upper() if row else ""
    return name if name in _SECTIONS and not any(row[1:]) else None


def _read_meta(rows: _Rows) -> Meta:
    section = rows.of("META")
    if [cell.strip().lower() for cell in next(section, [])[:2]] != ["key", "value"]:
        raise rows.refusal("the header must be key;value")
    meta: dict[str, tuple[str, int]] = {}
    for row in section:
        key, value = row[0].strip(), row[1].strip() if len(row) > 1 else ""
        if key in meta and key in _KEYS_READ:
            raise rows.refusal(f"{key} is given a second time")
        meta[key] = value, rows.line
    return meta


def _vote_type(rows: _Rows, meta: Meta) -> str:
    given, line = meta.get("vote_type", ("", rows.line))
    if not given:
        raise rows.refusal("vote_type is missing", section="META", line=line)
    if given.lower() not in _COUNTED:
        rule = f"vote_type is {shown(given)!r}: only {' and '.join(_COUNTED)} can be counted"
        raise rows.refusal(rule, section="META", line=line, kind=UnsupportedVoteType)
    return given.lower()


def _whole_number(rows: _Rows, meta: Meta, key: str, least: int) -> int | None:
    given, line = meta.get(key, ("", 0))
    if not given:
        return None
    match = _WHOLE.fullmatch(given)
    if match is None or int(match[1]) < least:
        raise rows.refusal(f"{key} must be a whole number, {least} or more", section="META", line=line)
    return int(match[1])


def _read_projects(rows: _Rows) -> dict[str, str]:
    section = rows.of("PROJECTS")
    header = _header(section)
    place = _column(rows, header, "project_id")
    name_place = header.index("name") if "name" in header else len(header)
    projects: dict[str, str] = {}
    for row in section:
        try:
            project = read_text(row[place].strip() if place < len(row) else "", "project_id")
        except Fault as fault:
            raise rows.refusal(fault.detail) from fault
        if project in projects:
            raise rows.refusal("project_id: is that of an earlier line")
        projects[project] = row[name_place].strip() if name_place < len(row) else ""
    if not projects:
        raise rows.refusal("must have at least one project")
    return projects


def _read_votes(rows: _Rows, projects: Mapping[str, str]) -> list[Marks]:
    section = rows.of("VOTES")
    header = _header(section)
    place, voter_place, width = _column(rows, header, "vote"), _column(rows, header, "voter_id"), len(header)
    ids = {project: project for project in projects}
    papers: list[Marks] = []
    voters: set[str] = set()
    for row in section:
        if len(row) != width:
            _check_width(rows, row, max(place, voter_place), width)
        papers.append(_read_marks(rows, row[place], ids))
        voters.add(row[voter_place].strip())
        if len(voters) != len(papers):
            raise rows.refusal("voter_id: is that of an earlier line, and nobody votes twice")
    if not papers:
        raise rows.refusal("must have at least one vote")
    rows.ended()
    return papers


def _check_width(rows: _Rows, row: Sequence[str], last_read: int, width: int) -> None:
    """Columns that are not read may be missing at the end, and empty ones be too many."""
    if len(row) <= last_read:
        raise rows.refusal("has fewer fields than the header, and so no voter or no vote")
    if any(row[width:]):
        raise rows.refusal("has more fields than the header: a field that holds ; must be quoted")


def _read_marks(rows: _Rows, vote: str, ids: Mapping[str, str]) -> Marks:
    """The ids are those of the mapping's values: one text for each project, not for each of its marks."""
    try:
        marks = [ids[mark] for mark in vote.split(",")]
    except KeyError:
        stripped = (mark.strip() for mark in vote.split(","))
        try:
            marks = [ids[mark] for mark in stripped if mark]  # no mark at all is a blank paper
        except KeyError:
            rule = "vote: names a project that PROJECTS does not have"
            raise rows.refusal(rule, kind=UnknownCandidate) from None
    return tuple(marks) if len(set(marks)) == len(marks) else tuple(dict.fromkeys(marks))


def _header(section: Iterator[list[str]]) -> list[str]:
    return [cell.strip().lower() for cell in next(section, [])]


def _column(rows: _Rows, header: Sequence[str], name: str) -> int:
    if header.count(name) != 1:
        raise rows.refusal(f"the header must have one column {name}")
    return header.index(name)
