"""What is kept of a channel once its poll is counted: what the record says of it, and what those who count
may look at again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ballots.domain.channel_kinds import Ballot, BallotChannel
from ballots.domain.channels import (
    CODES,
    Batch,
    Box,
    Channel,
    Channels,
    Entry,
    Found,
    StruckBatch,
    plugin_of,
)
from ballots.domain.hashing import canonical, digest

Papers = Sequence[tuple[int, object]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A channel after the count. ``told``: what the record says of it.

    ``detail``: both readings and what was settled, for those who count; with a ``salt``, so that nobody finds
    it from its hash in the record. In no order of the papers: it could tell that of the box. ``papers``: what
    it gave to the count, as ``(times, marks)``; of the codes none, which are kept elsewhere.
    """

    id: str
    told: Mapping[str, Any]
    detail: Mapping[str, Any]
    papers: Papers = ()

    def as_stored(self) -> dict[str, Any]:
        """Ready for JSON."""
        papers = [list(each) for each in self.papers]
        return {"id": self.id, "told": self.told, "detail": self.detail, "papers": papers}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "Sealed":
        """From :meth:`as_stored`."""
        papers = [(times, marks) for times, marks in stored["papers"]]
        return cls(stored["id"], stored["told"], stored["detail"], papers)


def seal(
    channels: Channels,
    papers: Papers,
    plugins: Mapping[str, BallotChannel],
    ballot: Ballot,
    salts: Mapping[str, str],
) -> list[Sealed]:
    """All channels of a poll that is being counted. ``papers``: those cast by code; ``salts``: of each
    channel."""
    return [
        _seal_codes(channel, papers)
        if channel.id == CODES
        else _seal(channel, plugin_of(channel.kind, plugins), ballot, salts[channel.id])
        for channel in channels.each
    ]


def _seal_codes(channel: Channel, papers: Papers) -> Sealed:
    """Its papers are counted, or stay on record as what was struck."""
    told: dict[str, Any] = {"channel": CODES, "kind": CODES, "issued": channel.issued}
    if channel.struck is None:
        return Sealed(CODES, told | {"struck": None}, {})
    return Sealed(CODES, told | {"struck": channel.struck, "readings": [as_heaps(papers)]}, {})


def _seal(channel: Channel, plugin: BallotChannel, ballot: Ballot, salt: str) -> Sealed:
    batches = [batch for _, batch in sorted(channel.batches.items())]
    readings = [_reading(batches, turn, plugin) for turn in range(plugin.entries_needed)]
    settled = [_settled(batch, place) for batch in batches for place in batch.settled]
    detail = {
        "salt": salt,
        "boxes": [{"by": box.by, "returned": box.returned} for box in channel.boxes],
        "entered_by": sorted({entry.by for batch in batches for entry in batch.entries}),
        "readings": readings,
        "settled": sorted(settled, key=canonical),
        "struck_batches": [
            {
                "by": struck.by,
                "reason": struck.reason,
                "readings": [_reading([struck.batch], turn, plugin) for turn in range(plugin.entries_needed)],
            }
            for struck in channel.struck_batches
        ],
    }
    told = {
        "channel": channel.id,
        "kind": channel.kind,
        "version": channel.version,
        "issued": channel.issued,
        "returned": channel.boxes[-1].returned if channel.boxes else None,
        "settled": len(settled),
        "struck": channel.struck,
        "replaces": channel.replaces,
        "detail_hash": digest(detail),
    }
    if channel.struck is not None:
        return Sealed(channel.id, told | {"readings": readings}, detail)
    if plugin.of_papers:
        return Sealed(
            channel.id, told, detail, counted([each for batch in batches for each in batch.found()])
        )
    reading = channel.reading(plugin, ballot)
    tally = {
        "valid": reading.valid,
        "invalid": reading.invalid,
        "blank": reading.blank,
        "tallies": {key: tally.as_line() for key, tally in reading.tallies.items()},
    }
    return Sealed(channel.id, told | {"tally": tally}, detail)


def _reading(batches: Sequence[Batch], turn: int, plugin: BallotChannel) -> list[Any]:
    """All that was entered first, or second: papers without an order, or each batch's figures."""
    read = [batch.entries[turn].read for batch in batches if turn < len(batch.entries)]
    if not plugin.of_papers:
        return sorted([list(lines) for lines in read], key=canonical)
    return as_heaps(counted(marks for papers in read for marks in papers))


def _settled(batch: Batch, place: int) -> dict[str, Any]:
    settled = batch.settled[place]
    return {"read": batch.at(place), "found": settled.value, "by": settled.by}


def counted(marks: Iterable[object]) -> list[tuple[int, object]]:
    """Equal papers together, as ``(times, marks)``, in the order of their content."""
    return merged((1, each) for each in marks)


def merged(papers: Iterable[tuple[int, object]]) -> list[tuple[int, object]]:
    """As :func:`counted`, of papers that may be so counted already."""
    times: Counter[bytes] = Counter()
    known: dict[bytes, object] = {}
    for number, marks in papers:
        content = canonical(marks)
        times[content] += number
        known[content] = marks
    return [(times[content], known[content]) for content in sorted(times)]


def as_heaps(papers: Iterable[tuple[int, object]]) -> list[dict[str, object]]:
    """Papers as a record has them."""
    return [{"times": times, "marks": marks} for times, marks in merged(papers)]


def channel_as_stored(channel: Channel) -> dict[str, Any]:
    """What was entered, ready for JSON; of use until the count."""
    return {
        "boxes": [[box.by, box.returned] for box in channel.boxes],
        "batches": {str(number): _batch_as_stored(batch) for number, batch in channel.batches.items()},
        "struck_batches": [
            [struck.by, struck.reason, _batch_as_stored(struck.batch)] for struck in channel.struck_batches
        ],
    }


def _batch_as_stored(batch: Batch) -> dict[str, Any]:
    return {
        "entries": [[entry.by, list(entry.read)] for entry in batch.entries],
        "settled": {str(place): [found.by, found.value] for place, found in batch.settled.items()},
    }


def channel_restored(channel: Channel, stored: Mapping[str, Any]) -> Channel:
    """``channel`` with what :func:`channel_as_stored` has kept."""
    batches = {int(number): _batch_restored(batch) for number, batch in stored["batches"].items()}
    struck = tuple(
        StruckBatch(by, reason, _batch_restored(batch)) for by, reason, batch in stored["struck_batches"]
    )
    boxes = tuple(Box(by, returned) for by, returned in stored["boxes"])
    return replace(channel, boxes=boxes, batches=batches, struck_batches=struck)


def _batch_restored(stored: Mapping[str, Any]) -> Batch:
    entries = tuple(Entry(by, tuple(read)) for by, read in stored["entries"])
    return Batch(entries, {int(place): Found(by, value) for place, (by, value) in stored["settled"].items()})
