"""What proposals refuses, each error named after the broken rule; no text holds a proposer's name."""

from chassis.errors import Conflict, Invalid, NotFound
from chassis.reading import Fault as Fault


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
