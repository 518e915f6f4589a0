"""Kinds of channels: how what was entered by hand, or recorded by a machine, is read."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ballots.domain.counting import Reading, check_hand_count, read_papers
from ballots.domain.errors import Fault, TallyExceedsValid, UnknownCandidate
from ballots.domain.marking import MarkingScheme, Standing, Tally
from ballots.domain.reading import read_integer, read_list, read_object

UNREADABLE = None
"""In place of a paper's marks: nobody can tell what it says, so it is invalid."""
MOST_PAPERS = 5000
_CHOSEN = ("1",)
_LINE_ENDS = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a poll's papers may say: its marking scheme, the scheme's parameters, the candidates in their
    order."""

    scheme: MarkingScheme
    parameters: Mapping[str, object]
    candidates: tuple[str, ...]

    @property
    def places(self) -> dict[str, int]:
        return {candidate: place for place, candidate in enumerate(self.candidates)}

    def read(self, marks: object, where: str) -> object:
        """Marks in the order of the paper, or UNREADABLE; an overvoted paper stays as it is. Raises Fault."""
        if marks is UNREADABLE:
            return UNREADABLE
        try:
            return self.scheme.read(marks, self.places, self.parameters).marks
        except (Fault, UnknownCandidate) as refusal:
            raise Fault(where, refusal.detail) from None

    def is_invalid(self, marks: object) -> bool:
        """Whether a paper counts as invalid."""
        if marks is UNREADABLE:
            return True
        return self.scheme.read(marks, self.places, self.parameters).standing is Standing.OVERVOTED


class BallotChannel(Protocol):
    """The interface of a kind of channel. Stateless: one object serves every poll."""

    @property
    def name(self) -> str:
        """The name that a channel is opened with, such as ``hand-papers``."""

    @property
    def version(self) -> str:
        """Changes whenever the same content may be read differently."""

    @property
    def entries_needed(self) -> int:
        """By how many people it is entered; where by one, a machine's, the chief looks at its rejects."""

    @property
    def of_papers(self) -> bool:
        """Whether what it reads are papers, so that they can be counted again; else figures alone."""

    def read(self, content: object, ballot: Ballot) -> list[object]:
        """An entry as a list of what can differ, JSON-ready: papers, or lines of a tally. Raises Fault."""

    def rejects(self, read: Sequence[object], ballot: Ballot) -> list[int]:
        """The places that a person looks at again, though nobody differs about them."""

    def check_settled(self, value: object, place: int, ballot: Ballot) -> object:
        """What a scrutineer says is at a place, as :meth:`read` has it. Raises Fault."""

    def reading(self, settled: Sequence[object], ballot: Ballot) -> Reading:
        """What the channel gives to the count. Raises Invalid when it does not balance."""


class HandPapers:
    """Paper ballots, each typed in: a list of their marks in the order of their numbers; null: unreadable."""

    name = "hand-papers"
    version = "1"
    entries_needed = 2
    of_papers = True

    def read(self, content: object, ballot: Ballot) -> list[object]:
        papers = read_list(content, "content")
        if len(papers) > MOST_PAPERS:
            raise Fault("content", f"must have at most {MOST_PAPERS} papers")
        return [ballot.read(marks, f"content.{place}") for place, marks in enumerate(papers)]

    def rejects(self, read: Sequence[object], ballot: Ballot) -> list[int]:
        return []

    def check_settled(self, value: object, place: int, ballot: Ballot) -> object:
        return ballot.read(value, "marks")

    def reading(self, settled: Sequence[object], ballot: Ballot) -> Reading:
        papers = [(1, marks) for marks in settled if marks is not UNREADABLE]
        read = read_papers(papers, ballot.scheme, ballot.candidates, ballot.parameters)
        return replace(read, invalid=read.invalid + len(settled) - len(papers))


class KeypadImport(HandPapers):
    """Anonymous responses of a keypad system, as CSV: a column for each candidate, a row for each response.

    A cell is empty, or ``1`` for a mark where projects are chosen, or for, against, abstain. With one
    candidate an empty line is a response without a mark; with several it is none, and only the last lines may
    be empty. What the rules reject is looked at again by the chief scrutineer.
    """

    name = "keypad"
    entries_needed = 1

    def read(self, content: object, ballot: Ballot) -> list[object]:
        if not isinstance(content, str):
            raise Fault("content", "must be CSV in a text")
        heads, *rows = _csv_rows(content) or [[]]
        if sorted(heads) != sorted(ballot.candidates):
            raise Fault("content", f"row 1 must have the columns {', '.join(ballot.candidates)}")
        if len(heads) > 1:
            while rows and _is_empty_line(rows[-1]):
                rows.pop()
        if len(rows) > MOST_PAPERS:
            raise Fault("content", f"must have at most {MOST_PAPERS} responses")
        return [self._response(heads, row or [""], number, ballot) for number, row in enumerate(rows, 2)]

    def _response(self, heads: Sequence[str], row: Sequence[str], number: int, ballot: Ballot) -> object:
        where, words = f"row {number}", _words(ballot.scheme)
        if len(row) != len(heads):
            empty = ", and is empty" if _is_empty_line(row) else ""
            raise Fault(where, f"must have {len(heads)} columns{empty}")
        said = {head: cell.strip() for head, cell in zip(heads, row, strict=True) if cell.strip()}
        for head, word in said.items():
            if words and word not in words:
                raise Fault(where, f"column {head} must be empty or {' or '.join(words)}")
        marks: object = list(said) if words == _CHOSEN else said
        return ballot.read(marks, where)

    def rejects(self, read: Sequence[object], ballot: Ballot) -> list[int]:
        return [place for place, marks in enumerate(read) if ballot.is_invalid(marks)]


def _csv_rows(content: str) -> list[list[str]]:
    """The rows, an empty line as one without cells, whatever ends the lines."""
    lines = _LINE_ENDS.sub("\n", content.removeprefix("\ufeff"))
    try:
        return list(csv.reader(io.StringIO(lines), strict=True))
    except csv.Error:
        raise Fault("content", "must be CSV, with its quotes closed") from None


def _is_empty_line(row: Sequence[str]) -> bool:
    return not "".join(row).strip() and len(row) < 2


def _words(scheme: MarkingScheme) -> tuple[str, ...]:
    """What a filled cell may say; nothing where the scheme alone knows."""
    return _CHOSEN if scheme.name == "choose" else tuple(getattr(scheme, "words", ()))


class HandTallies:
    """A hand count's figures: ``valid``, ``invalid``, ``blank`` where it is known, and a line for each
    project."""

    name = "hand-tallies"
    version = "1"
    entries_needed = 2
    of_papers = False

    def read(self, content: object, ballot: Ballot) -> list[object]:
        fields = read_object(
            content, "content", required=("valid", "invalid", "tallies"), optional=("blank",)
        )
        lines = read_object(fields["tallies"], "content.tallies", required=ballot.candidates)
        blank = fields.get("blank")
        head = {
            "valid": read_integer(fields["valid"], "content.valid"),
            "invalid": read_integer(fields["invalid"], "content.invalid"),
            "blank": None if blank is None else read_integer(blank, "content.blank"),
        }
        for candidate in ballot.candidates:
            _read_line(ballot, lines[candidate], f"content.tallies.{candidate}")
        read = [head, *(lines[candidate] for candidate in ballot.candidates)]
        try:
            self.reading(read, ballot)
        except TallyExceedsValid as refusal:
            rule = refusal.detail.removeprefix(f"{refusal.field}: ")
            raise Fault(f"content.{refusal.field}", rule) from None
        return read

    def rejects(self, read: Sequence[object], ballot: Ballot) -> list[int]:
        return []

    def check_settled(self, value: object, place: int, ballot: Ballot) -> object:
        if place:
            _read_line(ballot, value, "marks")
            return value
        fields = read_object(value, "marks", required=("valid", "invalid"), optional=("blank",))
        blank = fields.get("blank")
        return {
            "valid": read_integer(fields["valid"], "marks.valid"),
            "invalid": read_integer(fields["invalid"], "marks.invalid"),
            "blank": None if blank is None else read_integer(blank, "marks.blank"),
        }

    def reading(self, settled: Sequence[object], ballot: Ballot) -> Reading:
        head: Any = settled[0]
        tallies = {
            candidate: ballot.scheme.read_tally(line)
            for candidate, line in zip(ballot.candidates, settled[1:], strict=True)
        }
        reading = Reading(head["valid"], head["invalid"], head["blank"], tallies)
        check_hand_count(reading, ballot.scheme, ballot.parameters)
        return reading


def _read_line(ballot: Ballot, line: object, where: str) -> Tally:
    try:
        return ballot.scheme.read_tally(line)
    except Fault as fault:
        raise Fault(where, fault.rule) from fault


BUILT_IN_CHANNELS: Mapping[str, BallotChannel] = {
    channel.name: channel for channel in (HandPapers(), HandTallies(), KeypadImport())
}
