"""Papers that are not cast by code: their channels are opened, and counted after the close of the poll."""

from typing import Any, Final

from piaojue.rehearsal.channel_fields import CHINESE_KINDS, CODES
from piaojue.rehearsal.papers import Part, chief_of
from piaojue.rehearsal.polling import Polling
from piaojue.rehearsal.year import number_of

_FIGURES: Final = ("issued", "returned", "valid", "invalid", "blank")


def open_them(polling: Polling) -> None:
    """All but those that will be in place of struck ones."""
    for channel in polling.poll["channels"]:
        if channel["kind"] is not None and channel["replaces"] is None:
            _open(polling, channel)


def count_them(polling: Polling) -> None:
    """One after the other: its box is counted, its papers are entered and settled; struck, if it failed."""
    for channel in polling.poll["channels"]:
        if channel["replaces"] is not None:
            _open(polling, channel)
        _count_box(polling, channel)
        _enter(polling, channel)
        _settle(polling, channel)
        _strike(polling, channel)


def _open(polling: Polling, channel: Part) -> None:
    with polling.year.step(CHINESE_KINDS.get(channel["kind"], "渠道"), "Channel opened") as step:
        opened = polling.calls.open_channel(channel)
        how = "issued" if channel["replaces"] is None else f"in place of {channel['replaces']}"
        step.say(f"{channel['id']}: {opened['issued']} {how}")


def _count_box(polling: Polling, channel: Part) -> None:
    polling.before("box", channel["id"])
    if channel["returned"] is None:
        return
    with polling.year.step("开箱清点", "Box counted, unread") as step:
        boxed = polling.calls.box(channel["id"], channel["returned"], channel["box_by"])
        step.say(f"{channel['id']}: {boxed['returned']} of {boxed['issued']}")


def _enter(polling: Polling, channel: Part) -> None:
    polling.before("enter", channel["id"])
    batches = enumerate(channel["batches"], 1)
    entries = [(entry, number) for number, batch in batches for entry in batch["entries"]]
    if not entries:
        return
    with polling.year.step("录入", "Papers entered") as step:
        for entry, number in entries:
            polling.calls.enter(channel["id"], entry["by"], entry["content"], number)
        differ = len(_differences(polling, channel))
        tellers = number_of(len({entry["by"] for entry, _ in entries}), "teller")
        step.say(f"{channel['id']}: by {tellers}, {differ} to settle")


def _settle(polling: Polling, channel: Part) -> None:
    polling.before("settle", channel["id"])
    batches = enumerate(channel["batches"], 1)
    settled = [(found, number) for number, batch in batches for found in batch["settled"]]
    if not settled:
        return
    with polling.year.step("复核裁定", "Differences settled") as step:
        for found, number in settled:
            said: dict[str, Any] = {"absent": True} if found["absent"] else {"marks": found["marks"]}
            polling.calls.settle(channel["id"], by=found["by"], batch=number, place=found["place"], **said)
        left = sum(not each["settled"] for each in _differences(polling, channel))
        step.say(f"{channel['id']}: {len(settled)} looked at, {left} left")


def _strike(polling: Polling, channel: Part) -> None:
    polling.before("strike", channel["id"])
    if channel["struck"] is None:
        return
    with polling.year.step("计票作废", "Channel struck") as step:
        polling.calls.strike(channel["id"], channel["struck"])
        step.say(f"{channel['id']}: on record, with the reason")


def _differences(polling: Polling, channel: Part) -> list[Any]:
    path = polling.calls.path("channels", channel["id"])
    found: list[Any] = polling.year.suite.get(path, role="scrutineer", person=chief_of(polling.poll))[
        "differences"
    ]
    return found


def tell_them(polling: Polling) -> None:
    """Into the story: what came of each channel, the struck ones too."""
    counted = {each["channel"]: each for each in polling.story["result"].get("channels", ())}
    if not counted:
        return
    shown = polling.year.suite.get(polling.calls.path("channels"), role="clerk")["channels"]
    told = polling.story["channels"] = []
    for channel in shown:
        figures = {key: channel.get(key) for key in _FIGURES} | counted.get(channel["channel"], {})
        if channel["channel"] == CODES:
            figures["returned"] = len(polling.receipts)
        told.append({**figures, **{key: channel[key] for key in ("channel", "kind", "struck", "replaces")}})
