"""What ratings says: a satisfaction rating was opened, or concluded with its verdicts."""

from typing import Final

from piaojue_contracts.event_type import Data, EventType, declare
from piaojue_contracts.fields import identifier, instant, listed, percent, text, whole

PRODUCER: Final = "ratings"


class RatedProject(Data):
    """A project that is rated."""

    project = identifier("The project.")
    title = text("Its title.")


class RatingOpened(Data):
    """A rating was opened; its rules are fixed from now on."""

    body = identifier("The rating body.")
    body_name = text("The body's name.")
    rating = identifier("The rating.")
    title = text("The rating's title.")
    projects = listed(RatedProject, "The projects, in the order of the form.", least=1)
    members = whole("All members of the rating body.", least=1)
    scale = listed(text("A grade.", longest=63), "The grades, best first.", least=3)
    opened_at = instant("When it was opened.")


class GradeCount(Data):
    """One grade of the scale for one project."""

    grade = text("The grade.", longest=63)
    forms = whole("Valid forms that give it.")
    share = percent("Of the valid forms.")


class ProjectRating(Data):
    """How one project was rated."""

    project = identifier("The project.")
    title = text("Its title.")
    valid = whole("Valid forms.")
    invalid = whole("Invalid forms, left out of the shares.")
    grades = listed(GradeCount, "Every grade of the scale, best first.", least=3)
    combined = percent("The best two grades together.")
    verdict = text(
        "The grade that the rule gives to the project as a whole; empty where it gives none.",
        longest=63,
        empty=True,
    )


class RatingConcluded(Data):
    """A rating was concluded."""

    body = identifier("The rating body.")
    body_name = text("The body's name.")
    rating = identifier("The rating.")
    title = text("The rating's title.")
    members = whole("All members of the rating body.", least=1)
    issued = whole("Forms issued.")
    returned = whole("Forms returned.")
    projects = listed(ProjectRating, "Every project, in the order of the form.", least=1)
    concluded_at = instant("When it was concluded.")


RATING_OPENED_V1: Final = declare(
    EventType(
        PRODUCER,
        "rating_opened",
        1,
        RatingOpened,
        "`ratings/<body>/<rating>`",
        "A satisfaction rating was opened.",
    )
)
RATING_CONCLUDED_V1: Final = declare(
    EventType(
        PRODUCER,
        "rating_concluded",
        1,
        RatingConcluded,
        "`ratings/<body>/<rating>`",
        "A satisfaction rating was concluded.",
    )
)
