"""What the channels of a poll must give to its count, by the rules of ballots' domain alone."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TypeVar

from ballots.domain import BUILT_IN_CHANNELS, Ballot, Channel, Channels
from chassis.errors import Refused
from piaojue.rehearsal.channel_fields import CODES
from piaojue.rehearsal.papers import Part, chief_of, slips_of
from piaojue.rehearsal.reading import Fault, Where

T = TypeVar("T")


class Faulty(Exception):
    """The file cannot come out as it says; ``fault`` says where, and why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.detail)


def of(made: Callable[[], T], where: Where) -> T:
    """What is made, unless a rule refuses it. Raises Faulty."""
    try:
        return made()
    except Refused as refusal:
        raise Faulty(Fault(where, refusal.detail)) from refusal


def channels_of(poll: Part, ballot: Ballot, where: Where) -> Channels | None:
    """As they are when all is entered, settled and struck; None where a kind is a plugin of somebody else's.
    ``where``: the place of the poll. Raises Faulty."""
    if not poll["channels"]:
        return Channels()
    found = {CODES: Channel.codes(slips_of(poll))}
    for place, given in enumerate(poll["channels"]):
        kind, at = given["kind"], (*where, "channels", place)
        if kind is None:
            found[CODES] = found[CODES].strike(given["struck"])
        elif kind in BUILT_IN_CHANNELS:
            replaced = found.get(given["replaces"])
            found[given["id"]] = _Walk(poll, given, ballot, at).counted(replaced)
        elif kind in entry_points(group="piaojue.ballots.ballot_channels").names:
            return None
        else:
            known = ", ".join(BUILT_IN_CHANNELS)
            raise Faulty(Fault((*at, "kind"), f"is no kind of channel that is loaded, which are: {known}"))
    return Channels(tuple(found.values()))


class _Walk:
    """One channel from its opening to the count."""

    def __init__(self, poll: Part, given: Part, ballot: Ballot, where: Where) -> None:
        self._poll = poll
        self._given = given
        self._ballot = ballot
        self._where = where
        self._plugin = BUILT_IN_CHANNELS[given["kind"]]

    def counted(self, replaced: Channel | None) -> Channel:
        given, chief = self._given, chief_of(self._poll) or ""
        issued = given["issued"] or 0
        channel = of(
            lambda: Channel.opened(id=given["id"], plugin=self._plugin, issued=issued, replaces=replaced),
            self._where,
        )
        if given["returned"] is not None:
            channel = channel.box_opened(given["box_by"] or chief, given["returned"])
        for number, batch in enumerate(given["batches"], 1):
            channel = self._entered(channel, number, batch)
        for number, batch in enumerate(given["batches"], 1):
            channel = self._settled(channel, number, batch)
        return channel if given["struck"] is None else channel.strike(given["struck"])

    def _entered(self, channel: Channel, number: int, batch: Part) -> Channel:
        for place, entry in enumerate(batch["entries"]):
            where = (*self._where, "batches", number - 1, "entries", place)
            channel = of(lambda: self._enter(channel, number, entry), where)  # noqa: B023  # called at once
        return channel

    def _enter(self, channel: Channel, number: int, entry: Part) -> Channel:
        return channel.entered(entry["by"], entry["content"], self._plugin, self._ballot, batch=number)

    def _settled(self, channel: Channel, number: int, batch: Part) -> Channel:
        for place, found in enumerate(batch["settled"]):
            where = (*self._where, "batches", number - 1, "settled", place)
            channel = of(lambda: self._settle(channel, number, found), where)  # noqa: B023  # called at once
        return channel

    def _settle(self, channel: Channel, number: int, found: Part) -> Channel:
        by = found["by"] or chief_of(self._poll) or ""
        return channel.settle(
            *(by, found["place"], found.get("marks"), self._plugin, self._ballot),
            batch=number,
            absent=found["absent"],
        )
