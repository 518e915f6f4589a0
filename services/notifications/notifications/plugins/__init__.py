"""What differs between places in how people are told: the words of the templates, and the channels."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from chassis.config import Amount, Listed, Location, Setting, Switch, Text, Whole, settings_for
from chassis.plugins import PluginFaults, PluginGroup
from notifications.domain import Branching, Channel, InvalidRetries, Retries
from notifications.plugins.by_apprise import AppriseChannel, NotTaken
from notifications.plugins.plain import ConsoleChannel, FileChannel
from notifications.plugins.templating import LANGUAGES, Templates, templates_for
from notifications.plugins.webhooks import WebhookChannel

__all__ = [
    "CHANNELS",
    "LANGUAGES",
    "SETTINGS",
    "AppriseChannel",
    "ConsoleChannel",
    "FileChannel",
    "NotTaken",
    "Templates",
    "WebhookChannel",
    "channels_for",
    "retries_of",
    "templates_for",
]

CHANNELS: Final = PluginGroup[Channel]("piaojue.notifications.channels", Channel, decides=False)

SETTINGS: Final = (
    Setting(
        "languages",
        Listed(Text(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", "the tag of a language, such as zh-CN")),
        list(LANGUAGES),
        "Languages in which notices and messages are written, the first one first.",
    ),
    Setting(
        "templates_folder",
        Location(),
        None,
        "Templates of this place: `<language>/<notice or message>-<kind>.txt`; the built-in ones do for the "
        "others.",
    ),
    Setting(
        "channels",
        Listed(Text(), empty=True),
        ["file"],
        "Ways by which notices and messages leave: plugins of the group `piaojue.notifications.channels`. "
        "There are `console`, `file`, `apprise` and `webhook`. Whatever is enabled, HTTP shows all of them.",
    ),
    Setting(
        "channel_timeout",
        Amount(0.1, 600),
        20,
        "How long a channel may take for one notice or message.",
        unit="seconds",
    ),
    Setting("delivery_round", Whole(1, 10000), 100, "Deliveries by one channel at most in a round."),
    Setting("delivery_tries", Whole(1, 100), 16, "How often a delivery is tried before it is given up."),
    Setting("delivery_first_pause", Amount(0.01, 86400), 30, "Pause after the first try.", unit="seconds"),
    Setting("delivery_growth", Whole(1, 100), 4, "How many times as long each further pause is."),
    Setting("delivery_longest_pause", Amount(0.01, 604800), 21600, "The longest pause.", unit="seconds"),
    Setting(
        "apprise_urls",
        Text(r"(?s).+", "text"),
        None,
        "Where the channel `apprise` sends to: addresses as Apprise has them, separated by spaces or lines. "
        "One alone is for notices; `deputy,clerk=…` before it says for whom else (`public` for notices).",
        secret=True,
    ),
    Setting(
        "apprise_schemes",
        Listed(Text(r"[a-z0-9]+", "lower case letters and digits")),
        ["mailtos", "jsons", "wecombot", "dingtalk", "feishu"],
        "Schemes that addresses of the channel `apprise` may have.",
    ),
    Setting(
        "webhooks",
        Location(),
        None,
        "File with the endpoints of the channel `webhook`: [its format](webhooks.md).",
    ),
    Setting(
        "webhook_networks",
        Listed(Text(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?", "a network, such as 10.20.0.0/16")),
        None,
        "Networks that are not public and that endpoints of the channel `webhook` may nevertheless be in. "
        "Without them no request goes to private, loopback, link-local and other special addresses.",
    ),
    Setting(
        "webhook_plain",
        Switch(),
        False,
        "Endpoints of the channel `webhook` may be `http://`, where anybody on the way can read along.",
    ),
)
settings_for("notifications", SETTINGS)


def channels_for(settings: Any) -> Mapping[str, Channel]:
    """The channels that are enabled, opened, and the branches of those that have some in their place.

    ValueError: with all that keeps some from working.
    """
    try:
        channels = CHANNELS.load(settings.channels)
    except PluginFaults as wrong:
        raise ValueError(str(wrong)) from wrong
    faults = []
    found: dict[str, Channel] = {}
    for name, channel in channels.items():
        try:
            channel.open(settings)
            found |= channel.branches() if isinstance(channel, Branching) else {name: channel}
        except ValueError as fault:
            faults.append(f"{name}: {fault}")
        except Exception as error:  # its text may hold anything
            faults.append(f"{name}: cannot be opened: {type(error).__name__}")
    if faults:
        raise ValueError("channels cannot be used: " + "; ".join(faults))
    return found


def retries_of(settings: Any) -> Retries:
    """ValueError: the pauses do not fit each other."""
    try:
        return Retries(
            settings.delivery_tries,
            timedelta(seconds=settings.delivery_first_pause),
            settings.delivery_growth,
            timedelta(seconds=settings.delivery_longest_pause),
        )
    except InvalidRetries as fault:
        raise ValueError(f"delivery_{fault.detail}") from fault
