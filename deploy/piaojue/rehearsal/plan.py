"""What a rehearsal file asks for, checked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from piaojue.rehearsal import reading
from piaojue.rehearsal.attendance import Attendance, attendance_of
from piaojue.rehearsal.format import RehearsalSchema
from piaojue.rehearsal.papers import Part, read_entries
from piaojue.rehearsal.reading import Document, Fault
from piaojue.rehearsal.rolls import RollFaulty, RollFile, imported

if TYPE_CHECKING:
    from piaojue.rehearsal.forecast import Forecast, Profiles


@dataclass(frozen=True)
class Plan:
    """The parts of the file, by the names of its fields, with what may be left out filled in.

    ``roll_file``: what the roll is imported from, if it is. ``forecasts``: poll → how it must come out by the
    papers in the file, where that can be told without a suite.
    """

    title: str
    notes: Sequence[str]
    year: int
    body: Part
    roll: Sequence[Part]
    record: Part | None
    suggestions: Sequence[Part]
    candidates: Sequence[Part]
    meeting: Part
    polls: Sequence[Part]
    rating: Part | None
    roll_file: RollFile | None = None
    forecasts: Mapping[str, "Forecast"] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, profiles: "Callable[[], Profiles] | None" = None) -> "Plan":
        """``profiles``: those of the suite; the built-in ones, if left out. Raises FileFaulty, with all that
        is wrong."""
        from piaojue.rehearsal.checking import check
        from piaojue.rehearsal.forecast import built_in_profiles, forecasts

        document = reading.read(path)
        plan = cls.of(document)
        faults = list(check(plan))
        if not faults:
            named = any(poll["profile"] for poll in plan.polls)
            known = (profiles or built_in_profiles)() if named else {}
            found, faults = forecasts(plan, known)
            plan = replace(plan, forecasts=found)
        if faults:
            raise document.refuse(faults)
        return plan

    @classmethod
    def of(cls, document: Document) -> "Plan":
        """Of the right form; what its parts say of each other is unchecked. Raises FileFaulty."""
        content = document.content
        if not isinstance(content, Mapping):
            raise document.refuse([Fault((), "must have fields: title, year, body, roll and so on")])
        try:
            parts = RehearsalSchema().load(content)
            if isinstance(parts["roll"], Mapping):
                folder = Path(document.name).parent
                parts["roll_file"], parts["roll"] = imported(parts["roll"], folder)
        except ValidationError as error:
            raise document.refuse(_faults(error.messages_dict, ())) from error
        except RollFaulty as faulty:
            raise document.refuse(faulty.faults) from faulty
        if faults := list(read_entries(parts["polls"], Path(document.name).parent)):
            raise document.refuse(faults)
        return cls(**parts | {"polls": _with_officers(parts["polls"])})

    def as_body(self, body: str) -> "Plan":
        """The same for a body of another id."""
        return replace(self, body={**self.body, "id": body})

    @cached_property
    def attendance(self) -> Attendance:
        """Who is there when."""
        return attendance_of([each["id"] for each in self.roll], self.meeting, self.polls)

    @property
    def deputies(self) -> int:
        """All of them, which majorities are of."""
        return self.body["deputies_total"] or len(self.roll)

    def candidates_of(self, poll: Part) -> list[str]:
        """Those of a first round: a further one has what is left."""
        return poll["candidates"] or [each["id"] for each in self.candidates]

    def round_of(self, poll: Part) -> int:
        """1 for the first of a decision."""
        by_id = {each["id"]: each for each in self.polls}
        return 1 if poll["follows"] is None else 1 + self.round_of(by_id[poll["follows"]])

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


def _with_officers(polls: Sequence[Part]) -> list[Part]:
    """A further round has the officers of the round before, unless it has its own."""
    filled: list[Part] = []
    for poll in polls:
        before = next((each for each in filled if each["id"] == poll["follows"]), None)
        filled.append({**poll, "officers": poll["officers"] or (before and before["officers"])})
    return filled


def _faults(messages: Any, where: reading.Where) -> Iterator[Fault]:
    """marshmallow's messages, each at its place."""
    if isinstance(messages, Mapping):
        for key, inside in messages.items():
            yield from _faults(inside, where if key == "_schema" else (*where, key))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield Fault(where, str(message))
