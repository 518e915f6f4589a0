"""What proposals says: suggestions, the candidate list, projects under implementation."""

from typing import Final

from piaojue_contracts.event_type import Data, EventType, declare
from piaojue_contracts.fields import amount, choice, date, identifier, instant, listed, text, year

PRODUCER: Final = "proposals"


class SuggestionReceived(Data):
    """A suggestion, without its proposer."""

    body = identifier("The body whose projects are solicited.")
    year = year()
    suggestion = identifier("The suggestion.")
    title = text("What is suggested, in a line.")
    source = text("The plugin that it came by: `deputies`, `residents`, `hotline` or another.", longest=63)
    received_at = instant("When it was received.")


class Project(Data):
    """A candidate project, or a livelihood project."""

    project = identifier("The project.")
    title = text("Its title.")
    content = text("What is to be done.", longest=4000)
    implementing_unit = text("The unit that carries it out.")
    budget = amount("What it costs, in yuan.")
    fund_source = text("Where the funds come from.")
    finish_by = date("The day by which it is finished.")


class CandidatesPublished(Data):
    """The candidate list of a body and year; it is published once, and fixed from then on."""

    body = identifier("The body that will vote.")
    body_name = text("The body's name.")
    year = year()
    candidates = listed(Project, "The candidate projects, in the order of the paper.", least=1)
    published_at = instant("When the list was published.")


class ImplementationStarted(Data):
    """Projects are under implementation: by a declared result, or adopted before and put on record."""

    body = identifier("The body that adopted them.")
    body_name = text("The body's name.")
    year = year()
    origin = choice("How they came to be adopted: by a declared result, or on record.", "result", "record")
    projects = listed(Project, "The projects.", least=1)
    started_at = instant("Since when.")


SUGGESTION_RECEIVED_V1: Final = declare(
    EventType(
        PRODUCER,
        "suggestion_received",
        1,
        SuggestionReceived,
        "`suggestions/<suggestion>`",
        "A suggestion was received; a reply is owed to its proposer.",
    )
)
CANDIDATES_PUBLISHED_V1: Final = declare(
    EventType(
        PRODUCER,
        "candidates_published",
        1,
        CandidatesPublished,
        "`bodies/<body>/<year>`",
        "The candidate list of a body and year was published.",
    )
)
IMPLEMENTATION_STARTED_V1: Final = declare(
    EventType(
        PRODUCER,
        "implementation_started",
        1,
        ImplementationStarted,
        "`bodies/<body>/<year>`",
        "Adopted projects are under implementation; a later rating may name them.",
    )
)
