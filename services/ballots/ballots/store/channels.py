"""Channels: what was entered until the count, and what is kept of it after."""

from typing import Any, Final

from sqlalchemy import Integer, column, select, table, update

from ballots.domain import (
    CODES,
    Channel,
    Channels,
    Poll,
    Sealed,
    UnknownChannel,
    channel_as_stored,
    channel_restored,
)
from ballots.store.rows import BallotsRepository
from chassis.errors import Conflict
from chassis.store import Document

channels: Final = table(
    "channels",
    *map(column, ("body", "poll", "id", "kind", "version", "struck", "replaces")),
    *(column(name, Integer) for name in ("number", "issued")),
    *(column(name, Document) for name in ("entered", "sealed")),
)


class ChannelExists(Conflict):
    """The poll has a channel of this id."""

    slug = "channel-exists"


class PollChannels(BallotsRepository):
    """Channels. The poll is locked by whoever changes one."""

    def channels(self, poll: Poll) -> Channels:
        """Those of a poll, the codes first; none where it has no others. Before the count."""
        rows = list(self._rows(poll))
        if not rows:
            return Channels()
        by_others = sum(row.issued for row in rows if row.id != CODES and row.replaces is None)
        return Channels(tuple(_channel(row, poll.issued - by_others) for row in rows))

    def boxes(self, poll: Poll) -> int:
        """How many channels other than the codes it has whose papers are to be counted."""
        return sum(row.struck is None and row.id != CODES for row in self._rows(poll))

    def channel(self, poll: Poll, id: str) -> Channel:
        """UnknownChannel."""
        found = self.channels(poll).one(id)
        if found is None:
            raise UnknownChannel("The poll has no channel of this id.", field="channel")
        return found

    def add_channel(self, poll: Poll, channel: Channel) -> None:
        """ChannelExists. The first one brings that of the codes along."""
        self.have_codes(poll)
        self._insert(poll, channel, max(row.number for row in self._rows(poll)) + 1)

    def have_codes(self, poll: Poll) -> None:
        """That papers cast by code are a channel, where they were all there is."""
        if not list(self._rows(poll)):
            self._insert(poll, Channel.codes(0), 1)

    def save_channel(self, poll: Poll, channel: Channel) -> None:
        self.connection.execute(
            update(channels)
            .where(*_of(poll), channels.c.id == channel.id)
            .values(issued=channel.issued, struck=channel.struck, entered=channel_as_stored(channel))
        )

    def seal_channels(self, poll: Poll, sealed: list[Sealed]) -> None:
        """In place of what was entered, in the order of the papers in the box; the boxes' numbers stay."""
        for each in sealed:
            boxes = [[box["by"], box["returned"]] for box in each.detail.get("boxes", [])]
            left = {"boxes": boxes, "batches": {}, "struck_batches": []}
            self.connection.execute(
                update(channels)
                .where(*_of(poll), channels.c.id == each.id)
                .values(entered=left, sealed=each.as_stored())
            )

    def sealed_channels(self, poll: Poll) -> list[Sealed]:
        """Those of a counted poll."""
        return [Sealed.restored(row.sealed) for row in self._rows(poll) if row.sealed is not None]

    def _rows(self, poll: Poll) -> Any:
        return self.connection.execute(select(channels).where(*_of(poll)).order_by(channels.c.number))

    def _insert(self, poll: Poll, channel: Channel, number: int) -> None:
        values = {
            **{"body": poll.body, "poll": poll.id, "id": channel.id, "number": number},
            **{"kind": channel.kind, "version": channel.version, "issued": channel.issued},
            **{"replaces": channel.replaces, "entered": channel_as_stored(channel)},
        }
        taken = ChannelExists("The poll has a channel of this id.", field="channel")
        self.insert_new(channels, values, taken)


def _channel(row: Any, by_codes: int) -> Channel:
    issued = by_codes if row.id == CODES else row.issued
    channel = Channel(row.id, row.kind, issued, row.version, struck=row.struck, replaces=row.replaces)
    return channel if row.entered is None else channel_restored(channel, row.entered)


def _of(poll: Poll) -> tuple[Any, Any]:
    return channels.c.body == poll.body, channels.c.poll == poll.id
