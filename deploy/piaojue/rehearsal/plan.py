"""What a rehearsal file asks for, checked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from piaojue.rehearsal import reading
from piaojue.rehearsal.reading import Document, Fault

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """The parts of the file, by the names of its fields, with what may be left out filled in."""

    title: str
    notes: Sequence[str]
    year: int
    body: Part
    roll: Sequence[Part]
    record: Part | None
    suggestions: Sequence[Part]
    candidates: Sequence[Part]
    meeting: Part
    poll: Part
    rating: Part | None
    expect: Part | None

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Raises FileFaulty, with all that is wrong."""
        from piaojue.rehearsal.checking import check

        document = reading.read(path)
        plan = cls.of(document)
        if faults := list(check(plan)):
            raise document.refuse(faults)
        return plan

    @classmethod
    def of(cls, document: Document) -> "Plan":
        """Of the right form; what its parts say of each other is unchecked. Raises FileFaulty."""
        from marshmallow import ValidationError

        from piaojue.rehearsal.format import RehearsalSchema

        content = document.content
        if not isinstance(content, Mapping):
            raise document.refuse([Fault((), "must have fields: title, year, body, roll and so on")])
        try:
            return cls(**RehearsalSchema().load(content))
        except ValidationError as error:
            raise document.refuse(_faults(error.messages_dict, ())) from error

    def as_body(self, body: str) -> "Plan":
        """The same for a body of another id."""
        return replace(self, body={**self.body, "id": body})

    @property
    def present(self) -> list[str]:
        """The ids of the deputies who are there."""
        given = self.meeting["present"]
        return given if isinstance(given, list) else [each["id"] for each in self.roll[:given]]

    @property
    def papers(self) -> list[Any]:
        """The marks of every paper."""
        return [paper["marks"] for paper in self.poll["papers"] for _ in range(paper["times"])]

    @property
    def slips(self) -> int:
        """How many are handed out."""
        issued: int = self.poll["issued"] or len(self.papers)
        return issued

    def count_sheet(self) -> dict[str, Any]:
        """The poll as ``piaojue count`` takes it."""
        return {
            **self.poll["rules"],
            "deputies": len(self.roll),
            "present": len(self.present),
            "candidates": [each["id"] for each in self.candidates],
            "issued": self.slips,
            "papers": self.poll["papers"],
        }

    @property
    def rated(self) -> list[str]:
        """The projects on the form: those on record."""
        return [each["id"] for each in self.record["projects"]] if self.record else []

    def forms(self, rating: Part) -> list[Part]:
        """The grades on every form."""
        return [form["grades"] for form in rating["forms"] for _ in range(form["times"])]

    def rating_sheet(self, rating: Part, project: str) -> dict[str, Any]:
        """One project's forms as ``piaojue rate`` takes them."""
        return {
            "members": rating["members"],
            "scale": rating["scale"],
            "verdict": rating["verdict"],
            "forms": [
                {"times": each["times"], "marks": each["grades"].get(project, [])} for each in rating["forms"]
            ],
        }


def _faults(messages: Any, where: reading.Where) -> Iterator[Fault]:
    """marshmallow's messages, each at its place."""
    if isinstance(messages, Mapping):
        for key, inside in messages.items():
            yield from _faults(inside, where if key == "_schema" else (*where, key))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield Fault(where, str(message))
