"""The rules of the rating: pure, standard library only; times, ids and randomness are arguments."""

from chassis.one_time_codes import (
    ALPHABET,
    CodeUnknown,
    TooManyGuesses,
    code_hash,
    format_code,
    new_code,
)
from ratings.domain import telling
from ratings.domain.codes import normalise_code
from ratings.domain.errors import (
    AmbiguousProject,
    CodeSpent,
    Fault,
    FormsExceedMembers,
    InvalidForm,
    InvalidRating,
    InvalidRules,
    InvalidSheet,
    RatingAlreadyOpened,
    RatingNotOpen,
    RuleChanged,
    SeveralGrades,
    UnknownGrade,
    UnknownProject,
)
from ratings.domain.grading import Grading, Rules, Tally, grade, share
from ratings.domain.projects import Rateable, titles_of
from ratings.domain.rating import Form, Rating, RatingState
from ratings.domain.sheet import rate_sheet
from ratings.domain.telling import OnForm
from ratings.domain.verdict import (
    BUILT_IN_VERDICT_RULES,
    DEFAULT_VERDICT_RULE,
    Figures,
    HalfOfBaseRule,
    VerdictRule,
)

__all__ = [
    "ALPHABET",
    "BUILT_IN_VERDICT_RULES",
    "DEFAULT_VERDICT_RULE",
    "AmbiguousProject",
    "CodeSpent",
    "CodeUnknown",
    "Fault",
    "Figures",
    "Form",
    "FormsExceedMembers",
    "Grading",
    "HalfOfBaseRule",
    "InvalidForm",
    "InvalidRating",
    "InvalidRules",
    "InvalidSheet",
    "OnForm",
    "Rateable",
    "Rating",
    "RatingAlreadyOpened",
    "RatingNotOpen",
    "RatingState",
    "RuleChanged",
    "Rules",
    "SeveralGrades",
    "Tally",
    "TooManyGuesses",
    "UnknownGrade",
    "UnknownProject",
    "VerdictRule",
    "code_hash",
    "format_code",
    "grade",
    "new_code",
    "normalise_code",
    "rate_sheet",
    "share",
    "telling",
    "titles_of",
]
