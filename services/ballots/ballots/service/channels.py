"""Channels of papers that are not cast by code."""

from typing import Any

from ballots import usecases
from ballots.domain import (
    ChannelStruck,
    ChiefLooksAgain,
    EntriesComplete,
    InvalidChannel,
    InvalidEntry,
    MoreIssuedThanPresent,
    NotAppointed,
    NothingToSettle,
    PollNotClosed,
    PollNotOpen,
    RuleChanged,
    SameTeller,
    UnknownChannel,
)
from ballots.schemas import (
    BoxSchema,
    ChannelAnswerSchema,
    ChannelSchema,
    ChannelsSchema,
    EntrySchema,
    IssuePapersSchema,
    SettlementSchema,
    ShownChannelSchema,
    StrikeSchema,
)
from ballots.service.access import AT_THE_MEETING, CLERK, SCRUTINEER, check_appointed, sub
from ballots.store import ChannelExists, UnknownPoll
from chassis.clock import now
from chassis.http import Call, bearer, http
from chassis.plugins import PluginFailed

TELLER = bearer("teller")
THOSE_WHO_COUNT = bearer("scrutineer", "teller")
ENTRY_LIMIT = 4 * 1024 * 1024


class ChannelRoutes:
    """Channels of papers that are not cast by code."""

    store: Any
    channel_kinds: Any
    marking_schemes: Any

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/channels",
        who=CLERK,
        body=ChannelSchema(),
        answer=ChannelAnswerSchema(),
        status=201,
        refuses=(
            *(UnknownPoll, UnknownChannel, InvalidChannel, ChannelExists),
            *(PollNotOpen, PollNotClosed, MoreIssuedThanPresent),
        ),
    )
    def open_channel(self, call: Call) -> dict[str, Any]:
        """Opens a channel, before the poll is closed; in place of a struck one, until it is counted."""
        return usecases.open_channel(
            self.store, call.path["body"], call.path["poll"], call.data, self.channel_kinds
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/channels/<channel>/issue",
        who=CLERK,
        body=IssuePapersSchema(),
        answer=ChannelAnswerSchema(),
        refuses=(
            *(UnknownPoll, UnknownChannel, PollNotOpen, MoreIssuedThanPresent),
            *(ChannelStruck, InvalidChannel),
        ),
    )
    def issue_papers(self, call: Call) -> dict[str, Any]:
        """Says that more papers of a channel are handed to deputies present. Each call adds to them."""
        return usecases.issue_papers(self.store, *_named(call), call.data["papers"])

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/channels/<channel>/box",
        who=SCRUTINEER,
        body=BoxSchema(),
        answer=ChannelAnswerSchema(),
        refuses=(UnknownPoll, UnknownChannel, PollNotClosed, NotAppointed, ChannelStruck, InvalidChannel),
    )
    def count_box(self, call: Call) -> dict[str, Any]:
        """Says how many papers are in the box, after the close and before any is read.

        Counted again, the last number holds; all are kept.
        """
        return usecases.count_box(self.store, *_named(call), sub(call), call.data["returned"])

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/channels/<channel>/entries",
        who=TELLER,
        body=EntrySchema(),
        answer=ChannelAnswerSchema(),
        status=201,
        refuses=(
            *(UnknownPoll, UnknownChannel, PollNotClosed, NotAppointed, InvalidEntry, SameTeller),
            *(EntriesComplete, ChannelStruck, InvalidChannel, RuleChanged, PluginFailed),
        ),
        body_limit=ENTRY_LIMIT,
    )
    def enter_batch(self, call: Call) -> dict[str, Any]:
        """Enters a batch of papers, a tally, or what a keypad system recorded. The second teller's entry is
        made without sight of the first.

        The same entry sent again changes nothing.
        """
        return usecases.enter_batch(
            *(self.store, *_named(call), sub(call), call.data, self.channel_kinds, self.marking_schemes)
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/channels/<channel>/settlements",
        who=SCRUTINEER,
        body=SettlementSchema(),
        answer=ChannelAnswerSchema(),
        refuses=(
            *(UnknownPoll, UnknownChannel, PollNotClosed, NotAppointed, ChiefLooksAgain, NothingToSettle),
            *(InvalidEntry, ChannelStruck, InvalidChannel, RuleChanged, PluginFailed),
        ),
    )
    def settle_difference(self, call: Call) -> dict[str, Any]:
        """Says what a paper says on which two entries differ; or, the chief, one that a machine rejects."""
        return usecases.settle_difference(
            *(self.store, *_named(call), sub(call), call.data, self.channel_kinds, self.marking_schemes)
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/channels/<channel>/strike",
        who=SCRUTINEER,
        body=StrikeSchema(),
        answer=ChannelAnswerSchema(),
        refuses=(
            *(UnknownPoll, UnknownChannel, PollNotClosed, NotAppointed),
            *(ChannelStruck, InvalidChannel),
        ),
    )
    def strike_channel(self, call: Call) -> dict[str, Any]:
        """Strikes a channel that failed. Another one must replace its whole count; both stay on record."""
        return usecases.strike_channel(self.store, *_named(call), sub(call), call.data["reason"], now())

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/channels/<channel>/batches/<batch>/strike",
        who=SCRUTINEER,
        body=StrikeSchema(),
        answer=ChannelAnswerSchema(),
        refuses=(
            *(UnknownPoll, UnknownChannel, PollNotClosed, NotAppointed, NothingToSettle),
            *(ChannelStruck, InvalidChannel),
        ),
    )
    def strike_batch(self, call: Call) -> dict[str, Any]:
        """Strikes what was entered of a batch, though both entries may agree; it is entered again, and what
        was struck is kept."""
        return usecases.strike_batch(self.store, *_named(call), _batch(call), sub(call), call.data["reason"])

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/channels",
        who=AT_THE_MEETING,
        answer=ChannelsSchema(),
        refuses=(UnknownPoll,),
    )
    def show_channels(self, call: Call) -> dict[str, Any]:
        """How far each channel is; nothing of what is on its papers."""
        return usecases.show_channels(self.store, call.path["body"], call.path["poll"])

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/channels/<channel>",
        who=THOSE_WHO_COUNT,
        answer=ShownChannelSchema(),
        refuses=(UnknownPoll, UnknownChannel, NotAppointed, RuleChanged),
    )
    def show_channel(self, call: Call) -> dict[str, Any]:
        """What is to be settled, paper by paper, once all entries of a batch are made."""
        check_appointed(self.store, call)
        return usecases.show_channel(self.store, *_named(call), self.channel_kinds, self.marking_schemes)


def _batch(call: Call) -> int:
    text = call.path["batch"]
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise NothingToSettle("a batch is named by its number", field="batch")
    return int(text)


def _named(call: Call) -> tuple[str, str, str]:
    return call.path["body"], call.path["poll"], call.path["channel"]
