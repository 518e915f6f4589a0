"""The check of channels: papers that came by hand or by a machine, beside those cast by code."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from piaojue_verify.strict import shown

Record = Mapping[str, Any]
Faults = Iterator[str]

_OF_PAPERS: Final = ("codes", "hand-papers", "keypad")
_FIGURES: Final = ("issued", "returned", "unreturned", "valid", "invalid", "blank")


def channels(record: Record) -> Faults:
    """A record without any is one of codes alone."""
    figures = record["reconciliation"]
    if "channels" not in record:
        if "channels" in figures:
            yield "reconciliation.channels: there are no channels beside the codes"
        return
    per_channel = figures.get("channels", [])
    standing = [each for each in record["channels"] if each["struck"] is None]
    if [each["channel"] for each in per_channel] != [each["channel"] for each in standing]:
        yield "reconciliation.channels: are not those channels that were not struck, in their order"
        return
    yield from _replaced(record["channels"])
    yield from _kinds(record["channels"])
    if standing[0]["channel"] == "codes" and per_channel[0]["invalid"]:
        yield "reconciliation.channels.0.invalid: no invalid paper can be cast by code"
    for place, (channel, found) in enumerate(zip(standing, per_channel, strict=True)):
        yield from _reconciled(channel, found, f"reconciliation.channels.{place}")
    yield from _together(figures, per_channel)


def _replaced(told: list[Record]) -> Faults:
    """One whole count in place of another: of the papers that the struck channel had issued."""
    if len({each["channel"] for each in told}) != len(told):
        yield "channels: two have the same name"
    known = {each["channel"]: each for each in told}
    instead = [each["replaces"] for each in told[1:] if each["replaces"] is not None]
    if len(set(instead)) != len(instead):
        yield "channels: a struck one is replaced twice"
    for place, each in enumerate(told):
        name = shown(each["channel"])
        if (each["struck"] is not None) != (each["channel"] in instead):
            yield f"channels.{place}.struck: {name} must be struck and replaced, or neither"
        if (each["struck"] is not None) != ("readings" in each):
            yield f"channels.{place}.readings: of {name} must be there where it was struck, and only there"
        replaced = known.get(each.get("replaces"))
        if each.get("replaces") is not None and (
            replaced is None or replaced["issued"] != each["issued"] or replaced is each
        ):
            yield f"channels.{place}.replaces: must be a channel with as many papers issued"


def _kinds(told: list[Record]) -> Faults:
    """Of those that are known here; a plugin's may be anything."""
    for place, each in enumerate(told):
        if place and each["kind"] == "codes":
            yield f"channels.{place}.kind: there is one channel of codes, the first"
        stands = each["struck"] is None
        if each["kind"] in _OF_PAPERS and "tally" in each:
            yield f"channels.{place}.tally: {each['kind']} has papers, and no tally"
        if each["kind"] == "hand-tallies" and stands != ("tally" in each):
            yield f"channels.{place}.tally: must be there where it stands, and only there"


def _reconciled(channel: Record, found: Record, path: str) -> Faults:
    for name in ("kind", "issued"):
        if channel[name] != found[name]:
            yield f"{path}.{name}: {shown(found[name])}, but the channel says {shown(channel[name])}"
    if "returned" in channel and channel["returned"] != found["returned"]:
        yield f"{path}.returned: {found['returned']}, but {channel['returned']} were in the box"
    if found["returned"] != found["valid"] + found["invalid"]:
        yield f"{path}.returned: {found['returned']}, but valid and invalid are " + (
            f"{found['valid'] + found['invalid']} together"
        )
    if found["unreturned"] != max(found["issued"] - found["returned"], 0):
        yield f"{path}.unreturned: is not what is left of issued"
    if (found["blank"] or 0) > found["valid"]:
        yield f"{path}.blank: {found['blank']} of {found['valid']} valid papers"
    for name in ("valid", "invalid", "blank") if "tally" in channel else ():
        if channel["tally"][name] != found[name]:
            yield f"{path}.{name}: {found[name]}, but the tally says {channel['tally'][name]}"


def _together(figures: Record, per_channel: list[Record]) -> Faults:
    too_many = any(each["returned"] > each["issued"] for each in per_channel)
    for name in _FIGURES:
        if name == "unreturned" and too_many:
            continue  # void: what is too much in one is not missing in another
        each = [channel[name] for channel in per_channel]
        total = None if None in each else sum(each)
        if total != figures[name]:
            yield f"reconciliation.{name}: {figures[name]}, but the channels have {total} together"
