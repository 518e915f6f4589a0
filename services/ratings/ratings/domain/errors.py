"""What a rating refuses, each error named after the broken rule; no text holds a code or a given grade."""

from chassis.errors import Conflict, Invalid
from chassis.reading import Fault as Fault


class InvalidSheet(Invalid):
    slug = "invalid-sheet"


class InvalidRules(Invalid):
    slug = "invalid-rules"


class InvalidRating(Invalid):
    slug = "invalid-rating"


class InvalidForm(Invalid):
    """The grades are not a form of this rating; the rater may correct them and try again."""

    slug = "invalid-form"


class SeveralGrades(InvalidForm):
    slug = "several-grades"


class UnknownGrade(Invalid):
    slug = "unknown-grade"


class FormsExceedMembers(Invalid):
    slug = "forms-exceed-members"


class UnknownProject(Invalid):
    slug = "unknown-project"


class AmbiguousProject(Invalid):
    slug = "ambiguous-project"


class RatingAlreadyOpened(Conflict):
    slug = "rating-already-opened"


class RatingNotOpen(Conflict):
    slug = "rating-not-open"


class RuleChanged(Conflict):
    """The rule that is loaded is not the one, by name and version, that the rating was opened with."""

    slug = "rule-changed"


class CodeSpent(Conflict):
    slug = "code-spent"
