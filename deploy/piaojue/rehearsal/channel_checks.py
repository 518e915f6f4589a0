"""What channels and objections of a poll must say of each other, and of those who act in them."""

from collections.abc import Collection, Iterator

from piaojue.rehearsal.channel_fields import CHANNEL_STEPS, CODES
from piaojue.rehearsal.papers import Part
from piaojue.rehearsal.reading import Fault, Where


def check_channels(poll: Part, where: Where) -> Iterator[Fault]:
    """``where``: the place of the poll. Of what is entered, see :mod:`piaojue.rehearsal.channel_forecast`."""
    struck: dict[str, bool] = {}
    officers = poll["officers"] or {"tellers": (), "scrutineers": ()}
    tellers = {each["id"] for each in officers["tellers"]}
    for place, channel in enumerate(poll["channels"]):
        at = (*where, "channels", place)
        if channel["id"] in struck:
            yield Fault(at, f"{channel['id']} is there twice")
        if channel["replaces"] is not None and not struck.get(channel["replaces"]):
            yield Fault((*at, "replaces"), "is no channel before this one that is struck")
        struck[channel["id"]] = channel["struck"] is not None
        yield from _check_people(channel, tellers, officers["scrutineers"], at)


def _check_people(
    channel: Part, tellers: Collection[str], scrutineers: Collection[str], at: Where
) -> Iterator[Fault]:
    """Where none were appointed, anybody may act."""
    if scrutineers and channel["box_by"] not in {None, *scrutineers}:
        yield Fault((*at, "box_by"), "is no scrutineer of this poll")
    for number, batch in enumerate(channel["batches"]):
        for place, entry in enumerate(batch["entries"]):
            if tellers and entry["by"] not in tellers:
                yield Fault((*at, "batches", number, "entries", place, "by"), "is no teller of this poll")
        for place, found in enumerate(batch["settled"]):
            if scrutineers and found["by"] not in {None, *scrutineers}:
                yield Fault((*at, "batches", number, "settled", place, "by"), "is no scrutineer of this poll")


def check_objections(poll: Part, roll: Collection[str], where: Where) -> Iterator[Fault]:
    for place, objection in enumerate(poll["objections"]):
        if objection["by"] not in roll:
            yield Fault((*where, "objections", place, "by"), "is not on the roll")


def check_channel_step(poll: Part, incident: Part, where: Where) -> Iterator[Fault]:
    """That there is the channel in whose course it happens."""
    if not {incident["before"], incident["tried"]} & {*CHANNEL_STEPS}:
        return
    known = {each["id"] for each in poll["channels"]}
    if incident["channel"] is None:
        yield Fault(where, "is about a channel, and this poll has none")
    elif incident["channel"] not in known and (
        incident["before"] in CHANNEL_STEPS or incident["channel"] != CODES
    ):
        yield Fault((*where, "channel"), "is no channel of this poll")
