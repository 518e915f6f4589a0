"""The life of a rating: prepared, open, concluded. Each step returns a new rating or raises."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import Enum

from chassis.reading import read_id, read_integer, read_list, read_object, read_text
from ratings.domain.errors import (
    Fault,
    FormsExceedMembers,
    InvalidForm,
    InvalidRating,
    RatingAlreadyOpened,
    RatingNotOpen,
    RuleChanged,
    SeveralGrades,
    UnknownGrade,
)
from ratings.domain.grading import Rules, grade, read_forms, read_grades
from ratings.domain.verdict import BUILT_IN_VERDICT_RULES, VerdictRule

Form = dict[str, list[str]]


class RatingState(Enum):
    PREPARED = "prepared"
    OPEN = "open"
    CONCLUDED = "concluded"


@dataclass(frozen=True, slots=True)
class Rating:
    """A satisfaction rating (满意度测评) of one or more projects, all on one form.

    ``members``: all members of the rating body; ``issued``: forms handed out; ``version``: of the verdict
    rule, fixed at opening; ``results``: project → the JSON of its :class:`Grading`, from the conclusion on.
    """

    id: str
    body: str
    title: str
    rules: Rules
    projects: tuple[str, ...]
    members: int
    state: RatingState = RatingState.PREPARED
    issued: int = 0
    version: str | None = None
    results: Mapping[str, Mapping[str, object]] | None = None
    opened_at: datetime | None = None
    concluded_at: datetime | None = None

    def __post_init__(self) -> None:
        try:
            for name in ("id", "body"):
                read_id(getattr(self, name), name)
            read_text(self.title, "title", longest=300)
            read_integer(self.members, "members", least=1)
            for place, project in enumerate(self.projects):
                read_id(project, f"projects.{place}")
            if not self.projects or len(set(self.projects)) != len(self.projects):
                raise Fault("projects", "must name at least one project, and none twice")
        except Fault as fault:
            raise InvalidRating(fault.detail, field=fault.field) from fault
        if (self.state is RatingState.PREPARED) != (self.version is None):
            raise InvalidRating("state: an opened rating, and no other, has its rule's version fixed")
        if (self.state is RatingState.CONCLUDED) != (self.results is not None):
            raise InvalidRating("state: a concluded rating, and no other, has results")

    @classmethod
    def prepared(
        cls, *, id: str, body: str, title: str, rules: Rules, projects: Sequence[str], members: int
    ) -> "Rating":
        """A new rating; ``projects``, not empty and none twice, in the form's order."""
        return cls(id, body, title, rules, tuple(projects), members)

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Rating":
        """From :meth:`as_stored`."""
        values = {field.name: stored[field.name] for field in fields(cls)}
        values["rules"] = Rules.restored(read_object(stored["rules"], "rules", optional=None))
        values["projects"] = tuple(read_list(stored["projects"], "projects"))
        values["state"] = RatingState(stored["state"])
        return cls(**values)  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values: JSON objects, lists, texts and numbers, and times as datetimes."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["rules"] = self.rules.as_json()
        values["projects"] = list(self.projects)
        values["state"] = self.state.value
        return values

    def open(self, now: datetime, verdict_rules: Mapping[str, VerdictRule] | None = None) -> "Rating":
        """Raises RatingAlreadyOpened, or RuleChanged where the verdict rule is no longer loaded."""
        if self.state is not RatingState.PREPARED:
            raise RatingAlreadyOpened("the rating was opened before: its rules are fixed")
        version = self._rule(verdict_rules).version
        return replace(self, state=RatingState.OPEN, opened_at=now, version=version)

    def issue(self, forms: int) -> "Rating":
        """``forms`` more are handed out, to members only. Raises RatingNotOpen or FormsExceedMembers."""
        self.check_open()
        if forms < 1:
            raise InvalidRating("forms: at least one is issued at a time", field="forms")
        if self.issued + forms > self.members:
            raise FormsExceedMembers(
                f"{self.issued + forms} forms issued to {self.members} members", field="forms"
            )
        return replace(self, issued=self.issued + forms)

    def accept(self, form: object) -> Form:
        """The grades to keep, for every project in the form's order.

        A project without a grade is accepted, and the form is invalid for it.
        Raises RatingNotOpen, SeveralGrades or InvalidForm.
        """
        self.check_open()
        try:
            given = read_object(form, "grades", optional=self.projects)
            kept = {
                project: read_grades(given.get(project, []), f"grades.{project}", self.rules.scale)
                for project in self.projects
            }
        except (Fault, UnknownGrade) as refusal:
            raise InvalidForm(refusal.detail, field=refusal.field) from None
        if any(len(grades) > 1 for grades in kept.values()):
            raise SeveralGrades("one grade for each project: take the others away", field="grades")
        return kept

    def conclude(
        self,
        forms: Iterable[tuple[int, Mapping[str, object]]],
        now: datetime,
        verdict_rules: Mapping[str, VerdictRule] | None = None,
    ) -> "Rating":
        """Judges each project on its own forms, given as ``(times, form)``.

        Raises RatingNotOpen, RuleChanged or FormsExceedMembers.
        """
        self.check_open()
        rule, returned = self._rule(verdict_rules), list(forms)
        results = {}
        for project in self.projects:
            of_project = ((times, form.get(project, [])) for times, form in returned)
            tally = read_forms(of_project, self.rules.scale)
            results[project] = grade(self.rules, self.members, tally, rule).as_json()
        concluded_at = max(now, self.opened_at or now)  # the clock may have been set back meanwhile
        return replace(self, state=RatingState.CONCLUDED, concluded_at=concluded_at, results=results)

    def check_open(self) -> None:
        if self.state is not RatingState.OPEN:
            raise RatingNotOpen("the rating is not open")

    def _rule(self, loaded: Mapping[str, VerdictRule] | None) -> VerdictRule:
        """Fail closed: a rating is judged by the very rule that it was opened with."""
        known = BUILT_IN_VERDICT_RULES if loaded is None else loaded
        rule = known.get(self.rules.verdict)
        if rule is None or (self.version is not None and rule.version != self.version):
            raise RuleChanged("the rating's verdict rule is not loaded in the version that opened it")
        return rule
