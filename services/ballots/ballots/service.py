"""The service ballots: who may ask what of it, and which events it hears."""

from typing import Any

from nameko.timer import timer

from ballots import usecases
from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    InvalidBody,
    InvalidMarks,
    InvalidPoll,
    InvalidRoll,
    InvalidRules,
    MeetingAlreadyOpen,
    MeetingNotOpen,
    MoreIssuedThanPresent,
    NotDifferential,
    Overvoted,
    PollAlreadyOpened,
    PollNotClosed,
    PollNotCounted,
    PollNotOpen,
    QuorumNotMet,
    RuleChanged,
    UnknownDeputy,
)
from ballots.plugins import ADOPTION_RULES, MARKING_SCHEMES
from ballots.schemas import (
    AcceptedSchema,
    BodyAnswerSchema,
    BodySchema,
    CodesSchema,
    CountSchema,
    MeetingAnswerSchema,
    MeetingSchema,
    PaperSchema,
    PollAnswerSchema,
    PollSchema,
    RollCallSchema,
    RollSchema,
    SlipsSchema,
)
from ballots.store import (
    Ballots,
    MeetingExists,
    PollExists,
    UnknownBody,
    UnknownCandidateList,
    UnknownMeeting,
    UnknownPoll,
)
from chassis.clock import now
from chassis.events import Heard, handles
from chassis.http import PUBLIC, Call, bearer, http
from chassis.plugins import PluginFailed
from chassis.service import Plugged, Secret, Service
from chassis.store import Grouped, Stored
from piaojue_contracts.proposals import CANDIDATES_PUBLISHED_V1

CLERK = bearer("clerk")
SCRUTINEER = bearer("scrutineer")
AT_THE_MEETING = bearer("clerk", "scrutineer", "teller")


class BallotsService(Service):
    """The poll of the deputies, from the roll call to the declared result."""

    name = "ballots"
    store = Stored(Ballots)
    adoption_rules = Plugged(ADOPTION_RULES, "adoption_rules")
    marking_schemes = Plugged(MARKING_SCHEMES, "marking_schemes")
    code_key = Secret("code_key")
    casting = Grouped(usecases.cast_ballots)

    @http("PUT", "/bodies/<body>", who=CLERK, body=BodySchema(), refuses=(InvalidBody,))
    def register_body(self, call: Call) -> None:
        """Registers a body, or changes its name and level. Idempotent."""
        usecases.register_body(self.store, call.path["body"], call.data)

    @http("GET", "/bodies/<body>", who=AT_THE_MEETING, answer=BodyAnswerSchema(), refuses=(UnknownBody,))
    def show_body(self, call: Call) -> dict[str, Any]:
        """A body, and how many deputies its roll has."""
        return usecases.show_body(self.store, call.path["body"])

    @http("PUT", "/bodies/<body>/deputies", who=CLERK, body=RollSchema(), refuses=(UnknownBody, InvalidRoll))
    def replace_roll(self, call: Call) -> None:
        """Replaces the roll of a body, whole or not at all. Meetings keep the roll they were called with."""
        usecases.replace_roll(self.store, call.path["body"], call.data["deputies"])

    @http(
        "GET",
        "/bodies/<body>/candidates/<year>",
        who=AT_THE_MEETING,
        answer="application/json",
        refuses=(UnknownCandidateList,),
    )
    def show_candidates(self, call: Call) -> dict[str, Any]:
        """The candidate list of a year, as it came from proposals."""
        return usecases.show_candidates(self.store, call.path["body"], _year(call))

    @http(
        "POST",
        "/bodies/<body>/meetings",
        who=CLERK,
        body=MeetingSchema(),
        answer=MeetingAnswerSchema(),
        status=201,
        refuses=(UnknownBody, InvalidRoll, MeetingExists),
    )
    def call_meeting(self, call: Call) -> dict[str, Any]:
        """Calls a meeting. All deputies on the roll are due to attend."""
        return usecases.call_meeting(self.store, call.path["body"], call.data)

    @http(
        "GET",
        "/bodies/<body>/meetings/<meeting>",
        who=AT_THE_MEETING,
        answer=MeetingAnswerSchema(),
        refuses=(UnknownMeeting,),
    )
    def show_meeting(self, call: Call) -> dict[str, Any]:
        """Due and present at this time."""
        return usecases.show_meeting(self.store, call.path["body"], call.path["meeting"])

    @http(
        "PUT",
        "/bodies/<body>/meetings/<meeting>/roll-call",
        who=CLERK,
        body=RollCallSchema(),
        answer=MeetingAnswerSchema(),
        refuses=(UnknownMeeting, UnknownDeputy),
    )
    def call_roll(self, call: Call) -> dict[str, Any]:
        """Says who is present. An earlier roll call stays on record."""
        return usecases.call_roll(
            self.store, call.path["body"], call.path["meeting"], call.data["present"], now()
        )

    @http(
        "POST",
        "/bodies/<body>/meetings/<meeting>/opening",
        who=CLERK,
        answer=MeetingAnswerSchema(),
        refuses=(UnknownMeeting, QuorumNotMet, MeetingAlreadyOpen),
    )
    def open_meeting(self, call: Call) -> dict[str, Any]:
        """Opens a meeting that has its quorum."""
        return usecases.open_meeting(self.store, call.path["body"], call.path["meeting"], now())

    @http(
        "POST",
        "/bodies/<body>/polls",
        who=CLERK,
        body=PollSchema(),
        answer=PollAnswerSchema(),
        status=201,
        refuses=(UnknownMeeting, UnknownCandidateList, InvalidRules, InvalidPoll, PollExists),
    )
    def prepare_poll(self, call: Call) -> dict[str, Any]:
        """Prepares a poll on the candidate list of a year."""
        return usecases.prepare_poll(
            self.store, call.path["body"], call.data, self.adoption_rules, self.marking_schemes
        )

    @http("GET", "/bodies/<body>/polls/<poll>", who=PUBLIC, answer=PollAnswerSchema(), refuses=(UnknownPoll,))
    def show_poll(self, call: Call) -> dict[str, Any]:
        """A poll: its rules and its turnout, and the result once it is declared."""
        return usecases.show_poll(self.store, call.path["body"], call.path["poll"])

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/opening",
        who=CLERK,
        answer=PollAnswerSchema(),
        refuses=(
            *(UnknownPoll, PollAlreadyOpened, MeetingNotOpen, QuorumNotMet, NotDifferential, InvalidPoll),
            *(RuleChanged, PluginFailed),
        ),
    )
    def open_poll(self, call: Call) -> dict[str, Any]:
        """Opens a poll: its rules and candidates are fixed from now on."""
        return usecases.open_poll(
            self.store,
            call.path["body"],
            call.path["poll"],
            self.adoption_rules,
            self.marking_schemes,
            now(),
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/slips",
        who=CLERK,
        body=SlipsSchema(),
        answer=CodesSchema(),
        status=201,
        refuses=(UnknownPoll, PollNotOpen, MoreIssuedThanPresent),
    )
    def issue_slips(self, call: Call) -> dict[str, Any]:
        """Makes codes for slips that are handed out now. They are shown this once: print, seal, shuffle
        them."""
        codes = usecases.issue_slips(
            self.store, call.path["body"], call.path["poll"], call.data["slips"], self.code_key
        )
        return {"codes": codes}

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/papers",
        who=PUBLIC,
        body=PaperSchema(),
        answer=AcceptedSchema(),
        status=201,
        refuses=(
            *(UnknownPoll, PollNotOpen, CodeUnknown, CodeSpent, InvalidMarks, Overvoted),
            *(RuleChanged, PluginFailed),
        ),
        body_limit=65536,
    )
    def cast_ballot(self, call: Call) -> Any:
        """Casts a paper. Whoever has the code of a slip may, once: it is the slip that was given to a deputy.

        A refused paper leaves the code good. A blank paper is accepted: an abstention.
        """
        return self.casting(
            usecases.read_cast(
                call.path["body"], call.path["poll"], call.data, self.code_key, self.marking_schemes
            )
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/closing",
        who=SCRUTINEER,
        answer=PollAnswerSchema(),
        refuses=(UnknownPoll, PollNotOpen),
    )
    def close_poll(self, call: Call) -> dict[str, Any]:
        """Closes a poll: nothing is accepted any more."""
        return usecases.close_poll(self.store, call.path["body"], call.path["poll"], now())

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/count",
        who=bearer("scrutineer", "teller"),
        answer=CountSchema(),
        refuses=(UnknownPoll, PollNotClosed, RuleChanged, PluginFailed),
    )
    def count_poll(self, call: Call) -> dict[str, Any]:
        """Counts a closed poll. The result is for those who count until it is declared."""
        return usecases.count_poll(
            self.store, call.path["body"], call.path["poll"], self.adoption_rules, self.marking_schemes
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/declaration",
        who=CLERK,
        answer=PollAnswerSchema(),
        refuses=(UnknownPoll, PollNotCounted),
    )
    def declare_result(self, call: Call) -> dict[str, Any]:
        """Declares the result, for the presidium: everybody is told."""
        return usecases.declare_result(self.store, call.path["body"], call.path["poll"], now())

    @handles(CANDIDATES_PUBLISHED_V1)
    def candidates_published(self, heard: Heard) -> None:
        """Keeps the list, so that polls can be held on it."""
        usecases.keep_candidate_list(heard.store, heard.data)

    @timer(interval=1)  # type: ignore[untyped-decorator]  # nameko has no types
    def tell_turnout(self) -> None:
        """Tells how many have voted so far in open polls."""
        usecases.tell_turnout(self.store, now())


def _year(call: Call) -> int:
    text = call.path["year"]
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise UnknownCandidateList("No candidate list has such a year.", field="year")
    return int(text)
