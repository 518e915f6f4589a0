"""Papers, and what comes of them."""

from typing import Any

from ballots import usecases
from ballots.domain import (
    ChannelNotSettled,
    CodeSpent,
    CodeUnknown,
    InvalidMarks,
    NotAppointed,
    Overvoted,
    PapersDoNotBalance,
    PollNotClosed,
    PollNotCounted,
    PollNotOpen,
    RecordKeyChanged,
    RuleChanged,
    SignaturesMissing,
    TallyExceedsValid,
    TooManyGuesses,
)
from ballots.schemas import (
    AcceptedSchema,
    CountSchema,
    PaperSchema,
    PollAnswerSchema,
)
from ballots.service.access import CLERK, SCRUTINEER, check_appointed
from ballots.store import EventsNotNumbered, UnknownPoll
from chassis.clock import now
from chassis.http import PUBLIC, Call, bearer, http
from chassis.plugins import PluginFailed


class PaperRoutes:
    """Papers, and what comes of them."""

    store: Any
    adoption_rules: Any
    marking_schemes: Any
    channel_kinds: Any
    code_key: Any
    casting: Any
    guesses: Any
    recorder: Any

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/papers",
        who=PUBLIC,
        body=PaperSchema(),
        answer=AcceptedSchema(),
        status=201,
        refuses=(
            *(UnknownPoll, PollNotOpen, CodeUnknown, CodeSpent, InvalidMarks, Overvoted),
            *(TooManyGuesses, RuleChanged, PluginFailed),
        ),
        body_limit=65536,
        confidential=True,
    )
    def cast_ballot(self, call: Call) -> Any:
        """Casts a paper. Whoever has the code of a slip may, once: it is the slip that was given to a deputy.

        A refused paper leaves the code good. A blank paper is accepted: an abstention. With the same `nonce`
        the same code may be sent again, and has the same answer, but changes nothing. Fill the body up with
        blanks to one length for all papers, such as 4096 bytes: TLS does not hide how long a request is.
        """
        body, poll = call.path["body"], call.path["poll"]
        with self.guesses.limited(body, poll):
            return self.casting(
                usecases.read_cast(body, poll, call.data, self.code_key, self.marking_schemes)
            )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/closing",
        who=SCRUTINEER,
        answer=PollAnswerSchema(),
        refuses=(UnknownPoll, PollNotOpen, NotAppointed),
    )
    def close_poll(self, call: Call) -> dict[str, Any]:
        """Closes a poll: nothing is accepted any more."""
        check_appointed(self.store, call)
        return usecases.close_poll(self.store, call.path["body"], call.path["poll"], now())

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/count",
        who=bearer("scrutineer", "teller"),
        answer=CountSchema(),
        refuses=(
            *(UnknownPoll, PollNotClosed, NotAppointed, RuleChanged, PluginFailed),
            *(ChannelNotSettled, PapersDoNotBalance, TallyExceedsValid),
        ),
    )
    def count_poll(self, call: Call) -> dict[str, Any]:
        """Counts a closed poll, all its channels together, if each balances.

        The result is for those who count until it is declared.
        """
        check_appointed(self.store, call)
        return usecases.count_poll(
            self.store,
            call.path["body"],
            call.path["poll"],
            self.adoption_rules,
            self.marking_schemes,
            self.channel_kinds,
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/declaration",
        who=CLERK,
        answer=PollAnswerSchema(),
        refuses=(UnknownPoll, PollNotCounted, SignaturesMissing, RecordKeyChanged, EventsNotNumbered),
    )
    def declare_result(self, call: Call) -> dict[str, Any]:
        """Declares the result, for the presidium, once all scrutineers have signed: everybody is told."""
        return usecases.declare_result(self.store, call.path["body"], call.path["poll"], self.recorder, now())
