"""Channels: how papers that were not cast by code reach the count. Each is read by a plugin of its kind.

Papers by hand and tallies of a hand count are entered twice, by two tellers; where they differ, a
scrutineer settles it paper by paper. What a keypad system recorded is imported once, and what it rejects is
looked at again. Both readings are kept. A channel that failed is struck, and another replaces its whole
count: the two are never merged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ballots.domain.channel_kinds import Ballot, BallotChannel
from ballots.domain.counting import Reading, check_balance
from ballots.domain.errors import Fault, InvalidPoll
from ballots.domain.marking import Tally
from ballots.domain.reading import read_text
from chassis.errors import Conflict, Forbidden, Invalid

CODES = "codes"
"""The channel of papers cast by code: it is always there, and nobody enters it."""


class InvalidEntry(Invalid):
    """What was entered is no reading of papers; the detail names the place."""

    slug = "invalid-entry"


class SameTeller(Forbidden):
    """The second entry is made by somebody else than the first."""

    slug = "same-teller"


class EntriesComplete(Conflict):
    """As many entries as are needed have been made."""

    slug = "entries-complete"


class ChannelStruck(Conflict):
    """The channel was struck: its count is replaced whole."""

    slug = "channel-struck"


class NothingToSettle(Conflict):
    """The entries do not differ there, and the reading is not a reject."""

    slug = "nothing-to-settle"


class ChannelNotSettled(Conflict):
    """Entries are missing, or differences are not settled; or the channel was struck and nothing replaces
    it."""

    slug = "channel-not-settled"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one person has entered. ``by``: the teller's id."""

    by: str
    read: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of a poll. ``issued``: papers handed out by it; ``settled``: place → what a scrutineer
    found there.

    ``struck``: why its count does not stand; ``replaces``: the struck channel whose count this one is
    instead of.
    """

    id: str
    kind: str
    issued: int
    entries: tuple[Entry, ...] = ()
    settled: Mapping[int, object] = field(default_factory=dict)
    struck: str | None = None
    replaces: str | None = None

    @classmethod
    def opened(cls, *, id: str, kind: str, issued: int, replaces: "Channel | None" = None) -> "Channel":
        """A new one. One that replaces a struck channel counts the papers that were issued by that.

        Raises InvalidPoll.
        """
        if id == CODES or issued < 0:
            raise InvalidPoll("channel: codes is a channel already", field="channel")
        if replaces is not None:
            if replaces.struck is None:
                raise InvalidPoll("replaces: only a struck channel is replaced", field="replaces")
            return cls(id, kind, replaces.issued, replaces=replaces.id)
        return cls(id, kind, issued)

    def entered(self, by: str, content: object, plugin: BallotChannel, ballot: Ballot) -> "Channel":
        """With one more entry. Raises ChannelStruck, EntriesComplete, SameTeller, InvalidEntry."""
        self._check_standing()
        if len(self.entries) >= plugin.entries_needed:
            raise EntriesComplete(f"{plugin.entries_needed} entries have been made, and more are not taken")
        if any(entry.by == by for entry in self.entries):
            raise SameTeller("the second entry is made by another teller")
        try:
            read = tuple(plugin.read(content, ballot))
        except Fault as fault:
            raise InvalidEntry(fault.detail, field=fault.field) from fault
        return replace(self, entries=(*self.entries, Entry(by, read)))

    def differences(self, plugin: BallotChannel, ballot: Ballot) -> list[int]:
        """Places on which a scrutineer must still decide; empty while an entry is missing."""
        if len(self.entries) < plugin.entries_needed:
            return []
        first = self.entries[0].read
        open_places = set(plugin.rejects(first, ballot))
        for other in self.entries[1:]:
            longest = max(len(first), len(other.read))
            open_places |= {place for place in range(longest) if _at(first, place) != _at(other.read, place)}
        return sorted(open_places - set(self.settled))

    def settle(
        self, place: int, value: object, plugin: BallotChannel, ballot: Ballot, *, absent: bool = False
    ) -> "Channel":
        """A scrutineer has looked: this is what the paper says. ``absent``: there is no such paper; one
        entry has one too many. Raises ChannelStruck, NothingToSettle, InvalidEntry."""
        self._check_standing()
        if place not in self.differences(plugin, ballot) and place not in self.settled:
            raise NothingToSettle("the entries do not differ there")
        try:
            found = _ABSENT if absent else plugin.check_settled(value, place, ballot)
        except Fault as fault:
            raise InvalidEntry(fault.detail, field=fault.field) from fault
        return replace(self, settled={**self.settled, place: found})

    def strike(self, reason: str) -> "Channel":
        """Its count does not stand; all that was entered stays on record. Raises ChannelStruck,
        InvalidEntry."""
        self._check_standing()
        try:
            return replace(self, struck=read_text(reason, "reason", longest=1000))
        except Fault as fault:
            raise InvalidEntry(fault.detail, field=fault.field) from fault

    def reading(self, plugin: BallotChannel, ballot: Ballot) -> Reading:
        """What it gives to the count. Raises ChannelNotSettled, ChannelStruck, or why it does not balance."""
        self._check_standing()
        if len(self.entries) < plugin.entries_needed or self.differences(plugin, ballot):
            raise ChannelNotSettled(f"{self.id}: entries are missing, or differences are not settled")
        first = self.entries[0].read
        longest = max(len(entry.read) for entry in self.entries)
        found = [self.settled.get(place, _at(first, place)) for place in range(longest)]
        return plugin.reading([each for each in found if each is not _ABSENT], ballot)

    def _check_standing(self) -> None:
        if self.struck is not None:
            raise ChannelStruck("the channel was struck: its count is replaced whole")


_ABSENT = "absent"


def _at(read: Sequence[object], place: int) -> object:
    return read[place] if place < len(read) else _ABSENT


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """One channel's reconciliation."""

    channel: str
    issued: int
    reading: Reading

    def as_json(self) -> dict[str, object]:
        returned = self.reading.valid + self.reading.invalid
        return {
            "channel": self.channel,
            "issued": self.issued,
            "returned": returned,
            "unreturned": max(self.issued - returned, 0),
            "valid": self.reading.valid,
            "invalid": self.reading.invalid,
            "blank": self.reading.blank,
        }


def together(readings: Sequence[Reading], ballot: Ballot) -> Reading:
    """One reading of several channels. ``blank`` is known if every channel knows it."""
    blanks = [reading.blank for reading in readings]
    tallies = {
        candidate: _added([reading.tallies[candidate] for reading in readings])
        for candidate in ballot.candidates
    }
    whole = Reading(
        sum(reading.valid for reading in readings),
        sum(reading.invalid for reading in readings),
        None if None in blanks else sum(blank or 0 for blank in blanks),
        tallies,
    )
    check_balance(whole.valid + whole.invalid, whole)
    return whole


def _added(tallies: Sequence[Tally]) -> Tally:
    def total(name: str) -> int | None:
        values = [getattr(tally, name) for tally in tallies]
        return None if None in values else sum(values)

    return Tally(sum(tally.votes for tally in tallies), total("against"), total("abstain"), total("papers"))


def standing(channels: Sequence[Channel]) -> list[Channel]:
    """Those whose counts stand. Raises ChannelNotSettled for a struck one that nothing replaces."""
    replaced = {channel.replaces for channel in channels}
    for channel in channels:
        if channel.struck is not None and channel.id not in replaced:
            raise ChannelNotSettled(f"{channel.id} was struck, and no other count replaces it")
    return [channel for channel in channels if channel.struck is None]
