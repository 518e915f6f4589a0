"""What proposals refuses, each error named after the broken rule; no text holds a proposer's name."""

from chassis.errors import Conflict, Invalid, NotFound


class Fault(Invalid):
    """A value that was sent breaks a rule of form. The boundary that reads it gives it its public slug."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}", field=field)
        self.rule = rule

    def within(self, prefix: str) -> "Fault":
        """The same fault, seen from the object that holds the faulty one."""
        return Fault(f"{prefix}.{self.field}", self.rule)


class InvalidSuggestion(Invalid):
    slug = "invalid-suggestion"


class UnknownSource(InvalidSuggestion):
    """No source of this name is enabled."""

    slug = "unknown-source"


class InvalidProject(Invalid):
    slug = "invalid-project"


class InvalidCandidates(Invalid):
    slug = "invalid-candidates"


class InvalidRecord(Invalid):
    slug = "invalid-record"


class InvalidResult(Invalid):
    """What was told as a poll's result cannot be one, or is not of this body and year."""

    slug = "invalid-result"


class ProjectListedTwice(InvalidCandidates):
    slug = "project-listed-twice"


class NoCandidates(InvalidCandidates):
    slug = "no-candidates"


class OnListAndRecord(InvalidCandidates):
    """A project cannot be voted on and have been adopted before, in one year."""

    slug = "on-list-and-record"


class UnknownProject(NotFound):
    slug = "unknown-project"


class CandidatesAlreadyPublished(Conflict):
    slug = "candidates-already-published"


class CandidatesNotPublished(Conflict):
    slug = "candidates-not-published"


class AlreadyReplied(Conflict):
    slug = "already-replied"


class AlreadyTakenUp(Conflict):
    slug = "already-taken-up"
