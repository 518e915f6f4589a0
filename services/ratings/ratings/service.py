"""The service ratings: who may ask what of it, and which events it hears."""

from typing import Any

from chassis.clock import now
from chassis.events import Heard, handles
from chassis.guessing import guesses_for
from chassis.http import PUBLIC, Call, bearer, http
from chassis.plugins import PluginFailed
from chassis.service import Made, Plugged, Secret, Service
from chassis.store import Grouped, Stored
from piaojue_contracts.proposals import IMPLEMENTATION_STARTED_V1
from ratings import usecases
from ratings.domain import (
    AmbiguousProject,
    CodeSpent,
    CodeUnknown,
    FormsExceedMembers,
    InvalidForm,
    InvalidRating,
    InvalidRules,
    RatingAlreadyOpened,
    RatingNotOpen,
    RuleChanged,
    SeveralGrades,
    TooManyGuesses,
    UnknownProject,
)
from ratings.plugins import VERDICT_RULES
from ratings.schemas import (
    AcceptedSchema,
    CodesSchema,
    FormSchema,
    RateablesSchema,
    RatingAnswerSchema,
    RatingSchema,
    SlipsSchema,
)
from ratings.store import RatingExists, Ratings, UnknownRating

CLERK = bearer("clerk")
SCRUTINEER = bearer("scrutineer")


class RatingsService(Service):
    """The satisfaction rating of earlier projects, from the form to the verdict."""

    name = "ratings"
    store = Stored(Ratings)
    verdict_rules = Plugged(VERDICT_RULES, "verdict_rules")
    code_key = Secret("code_key")
    guesses = Made(guesses_for)
    handing_in = Grouped(usecases.hand_in_forms)

    @http("GET", "/bodies/<body>/projects", who=CLERK, answer=RateablesSchema())
    def show_projects(self, call: Call) -> dict[str, Any]:
        """The projects under implementation, which may be rated, as word of them came from proposals."""
        return usecases.show_projects(self.store, call.path["body"])

    @http(
        "POST",
        "/bodies/<body>/ratings",
        who=CLERK,
        body=RatingSchema(),
        answer=RatingAnswerSchema(),
        status=201,
        refuses=(
            *(InvalidRules, InvalidRating, UnknownProject, AmbiguousProject, RatingExists),
            PluginFailed,
        ),
    )
    def prepare_rating(self, call: Call) -> dict[str, Any]:
        """Prepares a rating of projects that are under implementation."""
        return usecases.prepare_rating(self.store, call.path["body"], call.data, self.verdict_rules)

    @http(
        "GET",
        "/bodies/<body>/ratings/<rating>",
        who=PUBLIC,
        answer=RatingAnswerSchema(),
        refuses=(UnknownRating,),
    )
    def show_rating(self, call: Call) -> dict[str, Any]:
        """A rating: its rules and how many forms are in, and the results once it is concluded."""
        return usecases.show_rating(self.store, call.path["body"], call.path["rating"])

    @http(
        "POST",
        "/bodies/<body>/ratings/<rating>/opening",
        who=CLERK,
        answer=RatingAnswerSchema(),
        refuses=(UnknownRating, RatingAlreadyOpened, RuleChanged),
    )
    def open_rating(self, call: Call) -> dict[str, Any]:
        """Opens a rating: its rules are fixed from now on."""
        return usecases.open_rating(
            self.store, call.path["body"], call.path["rating"], self.verdict_rules, now()
        )

    @http(
        "POST",
        "/bodies/<body>/ratings/<rating>/slips",
        who=CLERK,
        body=SlipsSchema(),
        answer=CodesSchema(),
        status=201,
        refuses=(UnknownRating, RatingNotOpen, FormsExceedMembers),
    )
    def issue_slips(self, call: Call) -> dict[str, Any]:
        """Makes codes for slips that are handed out now. They are shown this once: print, seal, shuffle
        them."""
        codes = usecases.issue_slips(
            self.store, call.path["body"], call.path["rating"], call.data["slips"], self.code_key
        )
        return {"codes": codes}

    @http(
        "POST",
        "/bodies/<body>/ratings/<rating>/forms",
        who=PUBLIC,
        body=FormSchema(),
        answer=AcceptedSchema(),
        status=201,
        refuses=(
            *(UnknownRating, RatingNotOpen, CodeUnknown, CodeSpent, InvalidForm, SeveralGrades),
            TooManyGuesses,
        ),
        body_limit=65536,
        confidential=True,
    )
    def hand_in_form(self, call: Call) -> Any:
        """Hands a form in. Whoever has the code of a slip may, once: it is the slip that was given to a
        member.

        A refused form leaves the code good. A project without a grade is accepted: the form is invalid for
        it. Fill the body up with blanks to one length for all forms, such as 4096 bytes: TLS does not hide
        how long a request is.
        """
        body, rating = call.path["body"], call.path["rating"]
        with self.guesses.limited(body, rating):
            return self.handing_in(usecases.read_form(body, rating, call.data, self.code_key))

    @http(
        "POST",
        "/bodies/<body>/ratings/<rating>/conclusion",
        who=SCRUTINEER,
        answer=RatingAnswerSchema(),
        refuses=(UnknownRating, RatingNotOpen, RuleChanged, PluginFailed),
    )
    def conclude_rating(self, call: Call) -> dict[str, Any]:
        """Concludes a rating: nothing is accepted any more, and everybody is told the verdicts."""
        return usecases.conclude_rating(
            self.store, call.path["body"], call.path["rating"], self.verdict_rules, now()
        )

    @handles(IMPLEMENTATION_STARTED_V1)
    def implementation_started(self, heard: Heard) -> None:
        """Keeps the projects, so that they can be rated."""
        usecases.keep_projects(heard.store, heard.data)
