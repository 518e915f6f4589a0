"""Channels: how papers that were not cast by code reach the count. Each is read by a plugin of its kind.

Scrutineers open the box and say how many papers are in it. Papers by hand and tallies of a hand count are
entered in batches, each twice, by two tellers; where the two differ, a scrutineer settles it paper by paper.
What a keypad system recorded is imported once, and what it rejects is looked at again. A channel that failed
is struck, and another replaces its whole count: the two are never merged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ballots.domain.channel_errors import (
    ChannelNotSettled,
    ChannelStruck,
    EntriesComplete,
    InvalidChannel,
    InvalidEntry,
    NothingToSettle,
    SameTeller,
)
from ballots.domain.channel_kinds import Ballot, BallotChannel
from ballots.domain.counting import PerChannel, Reading, check_balance, read_papers
from ballots.domain.errors import Fault, RuleChanged, TallyExceedsValid
from ballots.domain.marking import Tally
from ballots.domain.meeting import check_id
from ballots.domain.reading import read_text

CODES = "codes"
"""The channel of papers cast by code: it is always there, and nobody enters it."""
ABSENT = "absent"
"""In place of a paper that one entry has and the other has not."""
MOST_CHANNELS = 20
MOST_BATCHES = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """What one person has entered. ``by``: the teller's id."""

    by: str
    read: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a scrutineer found on a paper. ``by``: the scrutineer's id."""

    by: str
    value: object


@dataclass(frozen=True, slots=True)
class Batch:
    """Papers that were entered together. ``settled``: place → what a scrutineer found there."""

    entries: tuple[Entry, ...] = ()
    settled: Mapping[int, Found] = field(default_factory=dict)

    def entered(self, entry: Entry, needed: int) -> "Batch":
        """With one more entry; the same one again changes nothing. Raises SameTeller, EntriesComplete."""
        if entry in self.entries:
            return self
        if any(each.by == entry.by for each in self.entries):
            raise SameTeller("the second entry is made by another teller")
        if len(self.entries) >= needed:
            raise EntriesComplete(f"{needed} entries have been made, and more are not taken")
        return replace(self, entries=(*self.entries, entry))

    def at(self, place: int) -> list[object]:
        """What each entry has there."""
        return [entry.read[place] if place < len(entry.read) else ABSENT for entry in self.entries]

    @property
    def length(self) -> int:
        return max((len(entry.read) for entry in self.entries), default=0)

    def differences(self, plugin: BallotChannel, ballot: Ballot) -> list[int]:
        """Places on which a scrutineer must decide or has decided; empty while an entry is missing."""
        if len(self.entries) < plugin.entries_needed:
            return []
        rejected = set(plugin.rejects(self.entries[0].read, ballot))
        return [
            place
            for place in range(self.length)
            if place in rejected or any(each != self.at(place)[0] for each in self.at(place))
        ]

    def found(self) -> list[object]:
        """What is in it, once all is settled."""
        every = [
            self.settled[place].value if place in self.settled else self.at(place)[0]
            for place in range(self.length)
        ]
        return [each for each in every if each != ABSENT]


@dataclass(frozen=True, slots=True)
class Box:
    """How many papers were in the box. ``by``: the scrutineer's id."""

    by: str
    returned: int


@dataclass(frozen=True, slots=True)
class StruckBatch:
    """Entries that do not stand, though they may agree; the batch is entered again. ``by``: the
    scrutineer's id."""

    by: str
    reason: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of a poll. ``issued``: papers handed out by it; ``boxes``: each time that the papers in the
    box were counted, the last holds; ``struck_batches``: what was entered and does not stand.

    ``version``: of its plugin, from its opening on. ``struck``: why its count does not stand; ``replaces``:
    the struck channel whose count this one is instead of.
    """

    id: str
    kind: str
    issued: int
    version: str = "1"
    boxes: tuple[Box, ...] = ()
    batches: Mapping[int, Batch] = field(default_factory=dict)
    struck_batches: tuple[StruckBatch, ...] = ()
    struck: str | None = None
    replaces: str | None = None

    @classmethod
    def opened(
        cls, *, id: str, plugin: BallotChannel, issued: int = 0, replaces: "Channel | None" = None
    ) -> "Channel":
        """A new one. One that replaces a struck channel counts the papers that were issued by that.

        Raises InvalidChannel.
        """
        if id == CODES:
            raise InvalidChannel("channel: codes is a channel already", field="channel")
        try:
            check_id(id, "channel")
        except Fault as fault:
            raise InvalidChannel(fault.detail, field=fault.field) from None
        if replaces is None:
            return cls(id, plugin.name, issued, plugin.version)
        if replaces.struck is None:
            raise InvalidChannel("replaces: only a struck channel is replaced", field="replaces")
        if issued:
            raise InvalidChannel("issued: it counts what the struck channel issued", field="issued")
        return cls(id, plugin.name, replaces.issued, plugin.version, replaces=replaces.id)

    @classmethod
    def codes(cls, issued: int) -> "Channel":
        """That of papers cast by code."""
        return cls(CODES, CODES, issued)

    def issue(self, papers: int) -> "Channel":
        """``papers`` more were handed out by it. Raises ChannelStruck, InvalidChannel."""
        self._check_standing()
        if self.id == CODES:
            raise InvalidChannel("channel: slips with codes are issued as slips", field="channel")
        if self.replaces is not None:
            raise InvalidChannel("channel: it counts what the struck channel issued", field="channel")
        return replace(self, issued=self.issued + papers)

    def box_opened(self, by: str, returned: int) -> "Channel":
        """A scrutineer has counted the papers in the box, unread. Raises ChannelStruck, InvalidChannel."""
        self._check_standing()
        self._check_entered()
        box = Box(by, returned)
        return self if self.boxes[-1:] == (box,) else replace(self, boxes=(*self.boxes, box))

    def entered(
        self, by: str, content: object, plugin: BallotChannel, ballot: Ballot, *, batch: int = 1
    ) -> "Channel":
        """With one more entry of a batch; the same one again changes nothing.

        Raises ChannelStruck, EntriesComplete, SameTeller, InvalidEntry, InvalidChannel, RuleChanged.
        """
        self._check_standing()
        self._check_entered()
        self._check_plugin(plugin)
        if batch not in self.batches and len(self.batches) >= MOST_BATCHES:
            raise InvalidEntry(f"batch: a channel has {MOST_BATCHES} at most", field="batch")
        try:
            read = tuple(plugin.read(content, ballot))
        except Fault as fault:
            raise InvalidEntry(fault.detail, field=fault.field) from fault
        known = self.batches.get(batch, Batch())
        return self._with(batch, known.entered(Entry(by, read), plugin.entries_needed))

    def settle(
        self,
        by: str,
        place: int,
        value: object,
        plugin: BallotChannel,
        ballot: Ballot,
        *,
        batch: int = 1,
        absent: bool = False,
    ) -> "Channel":
        """A scrutineer has looked: this is what the paper says. ``absent``: there is no such paper; one
        entry has one too many. Raises ChannelStruck, NothingToSettle, InvalidEntry, RuleChanged."""
        self._check_standing()
        self._check_plugin(plugin)
        known = self.batches.get(batch, Batch())
        if place not in known.differences(plugin, ballot):
            raise NothingToSettle("the entries do not differ there")
        if absent and ABSENT not in known.at(place):
            raise InvalidEntry("absent: every entry has this paper", field="absent")
        try:
            value = ABSENT if absent else plugin.check_settled(value, place, ballot)
        except Fault as fault:
            raise InvalidEntry(fault.detail, field=fault.field) from fault
        return self._with(batch, replace(known, settled={**known.settled, place: Found(by, value)}))

    def strike(self, reason: str) -> "Channel":
        """Its count does not stand; all that was entered stays on record. Raises ChannelStruck,
        InvalidChannel."""
        self._check_standing()
        return replace(self, struck=_reason(reason))

    def strike_batch(self, by: str, number: int, reason: str) -> "Channel":
        """What was entered of a batch does not stand, and it is entered again by two tellers, who may be the
        same. Raises ChannelStruck, NothingToSettle, InvalidChannel."""
        self._check_standing()
        if number not in self.batches:
            raise NothingToSettle("nothing was entered of this batch")
        if len(self.struck_batches) >= MOST_BATCHES:
            raise InvalidChannel(f"batch: {MOST_BATCHES} are struck at most", field="batch")
        struck = StruckBatch(by, _reason(reason), self.batches[number])
        left = {each: batch for each, batch in self.batches.items() if each != number}
        return replace(self, batches=left, struck_batches=(*self.struck_batches, struck))

    def reading(self, plugin: BallotChannel, ballot: Ballot) -> Reading:
        """What it gives to the count. Raises ChannelNotSettled, ChannelStruck, RuleChanged, or why it does
        not balance."""
        self._check_standing()
        self._check_plugin(plugin)
        if not self.boxes:
            raise ChannelNotSettled(f"{self.id}: the papers in the box are not counted", field=self.id)
        for number, batch in sorted(self.batches.items()):
            if len(batch.entries) < plugin.entries_needed:
                raise ChannelNotSettled(f"{self.id}: batch {number} lacks an entry", field=self.id)
            if set(batch.differences(plugin, ballot)) - set(batch.settled):
                raise ChannelNotSettled(f"{self.id}: batch {number} is not settled", field=self.id)
        whole = together([self._read(plugin, batch, ballot) for batch in self.batches.values()], ballot)
        check_balance(self.boxes[-1].returned, whole, field=self.id)
        return whole

    def _read(self, plugin: BallotChannel, batch: Batch, ballot: Ballot) -> Reading:
        try:
            return plugin.reading(batch.found(), ballot)
        except TallyExceedsValid as refusal:
            raise TallyExceedsValid(f"{self.id}: {refusal.detail}", field=self.id) from refusal

    def _with(self, number: int, batch: Batch) -> "Channel":
        return replace(self, batches={**self.batches, number: batch})

    def _check_standing(self) -> None:
        if self.struck is not None:
            raise ChannelStruck("the channel was struck: its count is replaced whole")

    def _check_entered(self) -> None:
        if self.id == CODES:
            raise InvalidChannel("channel: what was cast by code is entered by nobody", field="channel")

    def _check_plugin(self, plugin: BallotChannel) -> None:
        """Fail closed: a channel is read by the very plugin that it was opened with."""
        if (plugin.name, plugin.version) != (self.kind, self.version):
            raise RuleChanged(f"{self.kind} is not loaded in the version that the channel was opened with")


@dataclass(frozen=True, slots=True)
class Channels:
    """All channels of a poll that has others beside the codes: the codes first, then in the order of their
    opening. None at all: :data:`NO_CHANNELS`."""

    each: tuple[Channel, ...] = ()

    def one(self, id: str) -> Channel | None:
        """The channel of this id."""
        return next((channel for channel in self.each if channel.id == id), None)

    def add(self, channel: Channel) -> "Channels":
        """With a new one. Raises InvalidChannel where a struck one is replaced twice, or they are too
        many."""
        if len(self.each) >= MOST_CHANNELS:
            raise InvalidChannel(f"channel: a poll has {MOST_CHANNELS} at most", field="channel")
        if channel.replaces and channel.replaces in {each.replaces for each in self.each}:
            raise InvalidChannel("replaces: another channel replaces it already", field="replaces")
        return Channels((*self.each, channel))

    def standing(self) -> list[Channel]:
        """Those whose counts stand. Raises ChannelNotSettled for a struck one that nothing replaces."""
        replaced = {channel.replaces for channel in self.each}
        for channel in self.each:
            if channel.struck is not None and channel.id not in replaced:
                detail = f"{channel.id} was struck, and no other count replaces it"
                raise ChannelNotSettled(detail, field=channel.id)
        return [channel for channel in self.each if channel.struck is None]

    def readings(
        self,
        papers: Iterable[tuple[int, object]],
        plugins: Mapping[str, BallotChannel],
        ballot: Ballot,
    ) -> list[PerChannel]:
        """What each standing channel gives; ``papers`` are those cast by code, as ``(times, marks)``.

        Raises what :meth:`standing` and :meth:`Channel.reading` raise.
        """
        found = []
        for channel in self.standing():
            if channel.id == CODES:
                reading = read_papers(papers, ballot.scheme, ballot.candidates, ballot.parameters)
            else:
                reading = channel.reading(plugin_of(channel.kind, plugins), ballot)
            found.append(PerChannel(channel.id, channel.kind, channel.issued, reading))
        return found


NO_CHANNELS: Final = Channels()
"""All papers are cast by code."""


def _reason(given: str) -> str:
    try:
        return read_text(given, "reason", longest=1000)
    except Fault as fault:
        raise InvalidChannel(fault.detail, field=fault.field) from fault


def plugin_of(kind: str, plugins: Mapping[str, BallotChannel]) -> BallotChannel:
    """Raises RuleChanged where it is not loaded any more."""
    plugin = plugins.get(kind)
    if plugin is None:
        raise RuleChanged(f"{kind} is not loaded any more")
    return plugin


def together(readings: Sequence[Reading], ballot: Ballot) -> Reading:
    """One reading of several; of none, that of no papers. ``blank`` is known if every one knows it."""
    if not readings:
        return read_papers([], ballot.scheme, ballot.candidates, ballot.parameters)
    blanks = [reading.blank for reading in readings]
    tallies = {
        candidate: _added([reading.tallies[candidate] for reading in readings])
        for candidate in ballot.candidates
    }
    return Reading(
        sum(reading.valid for reading in readings),
        sum(reading.invalid for reading in readings),
        None if None in blanks else sum(blank or 0 for blank in blanks),
        tallies,
    )


def _added(tallies: Sequence[Tally]) -> Tally:
    def total(name: str) -> int | None:
        values = [getattr(tally, name) for tally in tallies]
        return None if None in values else sum(values)

    return Tally(sum(tally.votes for tally in tallies), total("against"), total("abstain"), total("papers"))
