"""Channels of papers that are not cast by code: opened and issued while the poll is open, entered after its
close, by those who were appointed to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ballots.domain import (
    CODES,
    BallotChannel,
    Channel,
    ChiefLooksAgain,
    InvalidChannel,
    Officers,
    Poll,
    PollState,
    UnknownChannel,
    plugin_of,
    telling,
)
from ballots.store import Ballots
from ballots.usecases.common import ChannelKinds, MarkingSchemes, by_plugin, subject_of
from chassis.store import Store
from piaojue_contracts.ballots import CHANNEL_STRUCK_V1


def open_channel(
    store: Store[Ballots], body: str, poll_id: str, given: Mapping[str, Any], kinds: ChannelKinds
) -> dict[str, Any]:
    """Opens a channel of a poll that is not closed; one that replaces a struck one, until the count.

    Raises UnknownPoll, UnknownChannel, InvalidChannel, ChannelExists, PollNotOpen, PollNotClosed,
    MoreIssuedThanPresent.
    """
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        if given["kind"] not in kinds:
            raise UnknownChannel(f"No such kind of channel is loaded: {', '.join(kinds)} are.", field="kind")
        replaced = ballots.channel(poll, given["replaces"]) if given["replaces"] else None
        if replaced is None:
            poll.check_not_closed()
        elif poll.state is not PollState.OPEN:
            poll.check_closed("a struck channel is replaced before the count")
        channel = Channel.opened(
            id=given["channel"], plugin=kinds[given["kind"]], issued=given["issued"], replaces=replaced
        )
        ballots.channels(poll).add(channel)
        if given["issued"]:
            ballots.save_poll(poll.issue(given["issued"]))
        ballots.add_channel(poll, channel)
        return _shown(channel)


def issue_papers(
    store: Store[Ballots], body: str, poll_id: str, channel_id: str, papers: int
) -> dict[str, Any]:
    """``papers`` more were handed to deputies present. Not idempotent.

    Raises UnknownPoll, UnknownChannel, PollNotOpen, MoreIssuedThanPresent, ChannelStruck, InvalidChannel.
    """
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        channel = ballots.channel(poll, channel_id).issue(papers)
        ballots.save_poll(poll.issue(papers))
        return _saved(ballots, poll, channel)


def count_box(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    channel_id: str,
    person: str,
    returned: int,
) -> dict[str, Any]:
    """A scrutineer says how many papers are in the box; said again, the last holds, and all are kept.

    Raises UnknownPoll, PollNotClosed, NotAppointed, UnknownChannel, ChannelStruck, InvalidChannel.
    """
    with store.transaction() as ballots:
        poll = _closed(ballots, body, poll_id)
        _check_scrutineer(ballots.officers(poll), person)
        channel = ballots.channel(poll, channel_id).box_opened(person, returned)
        return _saved(ballots, poll, channel)


def enter_batch(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    channel_id: str,
    person: str,
    given: Mapping[str, Any],
    kinds: ChannelKinds,
    schemes: MarkingSchemes,
) -> dict[str, Any]:
    """A teller enters a batch. Idempotent: the same content by the same teller changes nothing.

    Raises UnknownPoll, PollNotClosed, NotAppointed, UnknownChannel, InvalidEntry, SameTeller,
    EntriesComplete, ChannelStruck, InvalidChannel, RuleChanged.
    """
    with store.transaction() as ballots:
        poll = _closed(ballots, body, poll_id)
        ballots.officers(poll).check_appointed(person, ["teller"])
        channel = ballots.channel(poll, channel_id)
        plugin, ballot = _plugin(channel, kinds), poll.ballot(schemes)
        changed = by_plugin(
            kinds,
            channel.kind,
            lambda: channel.entered(person, given["content"], plugin, ballot, batch=given["batch"]),
        )
        return _saved(ballots, poll, changed)


def settle_difference(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    channel_id: str,
    person: str,
    given: Mapping[str, Any],
    kinds: ChannelKinds,
    schemes: MarkingSchemes,
) -> dict[str, Any]:
    """A scrutineer has looked at a paper on which entries differ; the chief, where a machine rejects it.

    Raises UnknownPoll, PollNotClosed, NotAppointed, ChiefLooksAgain, UnknownChannel, NothingToSettle,
    InvalidEntry, ChannelStruck, RuleChanged.
    """
    with store.transaction() as ballots:
        poll = _closed(ballots, body, poll_id)
        channel = ballots.channel(poll, channel_id)
        plugin, ballot = _plugin(channel, kinds), poll.ballot(schemes)
        _check_scrutineer(ballots.officers(poll), person, chief=plugin.entries_needed == 1)
        changed = by_plugin(
            kinds,
            channel.kind,
            lambda: channel.settle(
                *(person, given["place"], given.get("marks"), plugin, ballot),
                batch=given["batch"],
                absent=given["absent"],
            ),
        )
        return _saved(ballots, poll, changed)


def strike_channel(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    channel_id: str,
    person: str,
    reason: str,
    now: datetime,
) -> dict[str, Any]:
    """A scrutineer strikes a channel that failed; that of the codes once the poll is closed. Everybody is
    told that it was struck, and in the record why.

    Raises UnknownPoll, PollNotOpen, PollNotClosed, NotAppointed, UnknownChannel, ChannelStruck,
    InvalidChannel.
    """
    with store.transaction() as ballots:
        poll = ballots.poll_to_change(body, poll_id)
        if channel_id == CODES or poll.state is not PollState.OPEN:
            poll.check_closed(
                "papers by code are struck between the close and the count"
                if channel_id == CODES
                else "a channel is struck before the count"
            )
        _check_scrutineer(ballots.officers(poll), person)
        if channel_id == CODES:
            ballots.have_codes(poll)
        channel = ballots.channel(poll, channel_id).strike(reason)
        ballots.save_channel(poll, channel)
        ballots.publish(
            CHANNEL_STRUCK_V1,
            subject=subject_of(poll),
            data=telling.channel_struck(poll, channel, now),
        )
        return _shown(channel)


def strike_batch(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    channel_id: str,
    batch: int,
    person: str,
    reason: str,
) -> dict[str, Any]:
    """A scrutineer strikes what was entered of a batch, which is then entered again; it is kept.

    Raises UnknownPoll, PollNotClosed, NotAppointed, UnknownChannel, ChannelStruck, NothingToSettle,
    InvalidChannel.
    """
    with store.transaction() as ballots:
        poll = _closed(ballots, body, poll_id)
        _check_scrutineer(ballots.officers(poll), person)
        channel = ballots.channel(poll, channel_id).strike_batch(person, batch, reason)
        return _saved(ballots, poll, channel)


def show_channels(store: Store[Ballots], body: str, poll_id: str) -> dict[str, Any]:
    """How far each channel of a poll is, and nothing of what its papers say. Raises UnknownPoll."""
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        channels = ballots.channels(poll)
        return {"channels": [_shown(channel) for channel in channels.each]}


def show_channel(
    store: Store[Ballots],
    body: str,
    poll_id: str,
    channel_id: str,
    kinds: ChannelKinds,
    schemes: MarkingSchemes,
) -> dict[str, Any]:
    """With what is to be settled, paper by paper, once both entries are made; after the count, with both
    readings, in no order. Raises UnknownPoll, UnknownChannel, RuleChanged."""
    with store.reading() as ballots:
        poll = ballots.poll(body, poll_id)
        channel = ballots.channel(poll, channel_id)
        shown = _shown(channel)
        sealed = {each.id: each.detail for each in ballots.sealed_channels(poll)}
        if channel.id in sealed:
            return shown | {"detail": sealed[channel.id] or None}
        if channel.id == CODES or poll.state is not PollState.CLOSED:
            return shown
        return shown | {"differences": _differences(channel, kinds, poll, schemes)}


def _differences(
    channel: Channel, kinds: ChannelKinds, poll: Poll, schemes: MarkingSchemes
) -> list[dict[str, Any]]:
    plugin, ballot = _plugin(channel, kinds), poll.ballot(schemes)
    return [
        {
            "batch": number,
            "place": place,
            "read": batch.at(place),
            "settled": place in batch.settled,
            "found": batch.settled[place].value if place in batch.settled else None,
        }
        for number, batch in sorted(channel.batches.items())
        for place in batch.differences(plugin, ballot)
    ]


def _saved(ballots: Ballots, poll: Poll, channel: Channel) -> dict[str, Any]:
    ballots.save_channel(poll, channel)
    return _shown(channel)


def _shown(channel: Channel) -> dict[str, Any]:
    """Nothing of what is on the papers."""
    return {
        "channel": channel.id,
        "kind": channel.kind,
        "issued": channel.issued,
        "returned": channel.boxes[-1].returned if channel.boxes else None,
        "struck": channel.struck,
        "replaces": channel.replaces,
        "batches": [
            {"batch": number, "entered_by": [entry.by for entry in batch.entries]}
            for number, batch in sorted(channel.batches.items())
        ],
    }


def _closed(ballots: Ballots, body: str, poll_id: str) -> Poll:
    """Locked. PollNotClosed."""
    poll = ballots.poll_to_change(body, poll_id)
    poll.check_closed("what is in a box is nobody's to know before the close, nor changed after the count")
    return poll


def _plugin(channel: Channel, kinds: ChannelKinds) -> BallotChannel:
    if channel.id == CODES:
        raise InvalidChannel("channel: what was cast by code is entered by nobody", field="channel")
    return plugin_of(channel.kind, kinds)


def _check_scrutineer(officers: Officers, person: str, *, chief: bool = False) -> None:
    officers.check_appointed(person, ["scrutineer"])
    if chief and officers.chief and officers.chief.id != person:
        raise ChiefLooksAgain("what a machine rejects is looked at again by the chief scrutineer")
