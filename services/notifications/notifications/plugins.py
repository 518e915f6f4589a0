"""What differs between places in how people are told: the words of the templates, and the channels."""

import json
import logging
import os
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

import eventlet
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
)

from chassis.config import Amount, Listed, Location, Setting, Settings, Whole, settings_for
from chassis.config import Text as TextSetting
from chassis.plugins import PluginFaults, PluginGroup, Plugins
from notifications.domain import (
    CHINA,
    ROLES,
    ROUTES,
    Channel,
    InvalidRetries,
    Order,
    Outgoing,
    Retries,
    Route,
    Text,
    wording,
)

LANGUAGES: Final = ("zh-CN", "en")
CHANNELS: Final = PluginGroup[Channel]("piaojue.notifications.channels", Channel, decides=False)
PUBLIC: Final = "public"
"""The audience of notices, where those of messages are called by their role."""

SETTINGS: Final = (
    Setting(
        "languages",
        Listed(TextSetting(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", "the tag of a language, such as zh-CN")),
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
        Listed(TextSetting(), empty=True),
        ["file"],
        "Ways by which notices and messages leave: plugins of the group `piaojue.notifications.channels`. "
        "There are `console`, `file` and `apprise`. Whatever is enabled, HTTP shows all of them.",
    ),
    Setting(
        "channel_timeout",
        Amount(0.1, 600),
        20,
        "How long a channel may take for one notice or message.",
        unit="seconds",
    ),
    Setting("delivery_round", Whole(1, 10000), 100, "Deliveries by one channel at most in a round."),
    Setting("delivery_tries", Whole(1, 100), 8, "How often a delivery is tried before it is given up."),
    Setting("delivery_first_pause", Amount(0.01, 86400), 30, "Pause after the first try.", unit="seconds"),
    Setting("delivery_growth", Whole(1, 100), 4, "How many times as long each further pause is."),
    Setting("delivery_longest_pause", Amount(0.01, 604800), 21600, "The longest pause.", unit="seconds"),
    Setting(
        "apprise_urls",
        TextSetting(r"(?s).+", "text"),
        None,
        "Where the channel `apprise` sends to: addresses as Apprise has them, separated by spaces or lines. "
        "One alone is for notices; `deputy,clerk=…` before it says for whom else (`public` for notices).",
        secret=True,
    ),
    Setting(
        "apprise_schemes",
        Listed(TextSetting(r"[a-z0-9]+", "lower case letters and digits")),
        ["mailtos", "jsons", "wecombot", "dingtalk", "feishu"],
        "Schemes that addresses of the channel `apprise` may have.",
    ),
)
settings_for("notifications", SETTINGS)

_OWN: Final = Path(__file__).parent / "templates"


class Templates:
    """Writes texts from ``<language>/<notice or message>-<kind>.txt``: the title, an empty line, the text.

    ``folder``: a place's own templates, of which each goes before the built-in one of its name. They are
    trusted like a plugin. Texts are plain: whoever shows them in a page escapes them there.
    """

    def __init__(
        self, languages: Sequence[str] = LANGUAGES, *, zone: tzinfo = CHINA, folder: Path | None = None
    ) -> None:
        places = [_OWN] if folder is None else [folder, _OWN]
        self._environments = {language: _environment(language, zone, places) for language in languages}

    def write(self, order: Order) -> tuple[Text, ...]:
        """The text in each language. TemplateError: a template is missing, or asks for what is not there."""
        return tuple(self._write(language, order) for language in self._environments)

    def missing(self, routes: Iterable[Route]) -> tuple[str, ...]:
        """Templates that the routes need and that are not there; a start can refuse them all at once."""
        needed = {f"notice-{route.kind}" for route in routes if route.notice}
        needed |= {f"message-{route.kind}" for route in routes if route.roles}
        lacking = []
        for language, environment in self._environments.items():
            for template in sorted(needed):
                try:
                    environment.get_template(f"{template}.txt")
                except TemplateNotFound:
                    lacking.append(f"{language}/{template}.txt")
        return tuple(lacking)

    def _write(self, language: str, order: Order) -> Text:
        template = self._environments[language].get_template(f"{order.template}.txt")
        written = template.render(order.data, role=order.role, unit=order.unit).strip()
        title, _, text = written.partition("\n\n")
        return Text.fitted(language, title, text)


def _environment(language: str, zone: tzinfo, places: Iterable[Path]) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(place / language) for place in places]),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_in_one_paragraph,
    )
    environment.filters.update(wording(language, zone))
    return environment


def _in_one_paragraph(value: object) -> object:
    """A value may have lines, but none of them is empty: it cannot begin a paragraph, nor end the title."""
    if not isinstance(value, str) or len(lines := value.splitlines()) < 2:
        return value
    return "\n".join(line for each in lines if (line := each.strip()))


def templates_for(settings: Any) -> Templates:
    """The templates that a service writes with. ValueError: one is missing, or cannot be read."""
    templates = Templates(settings.languages, folder=settings.templates_folder)
    try:
        missing = templates.missing(ROUTES.values())
    except TemplateError as fault:
        raise ValueError(f"a template cannot be read: {fault}") from fault
    if missing:
        raise ValueError(f"templates are missing: {', '.join(missing)}")
    return templates


def channels_for(settings: Any) -> Plugins[Channel]:
    """The channels that are enabled, opened. ValueError: with all that keeps some from working."""
    try:
        channels = CHANNELS.load(settings.channels)
    except PluginFaults as wrong:
        raise ValueError(str(wrong)) from wrong
    faults = []
    for name, channel in channels.items():
        try:
            channel.open(settings)
        except ValueError as fault:
            faults.append(f"{name}: {fault}")
        except Exception as error:  # its text may hold anything
            faults.append(f"{name}: cannot be opened: {type(error).__name__}")
    if faults:
        raise ValueError("channels cannot be used: " + "; ".join(faults))
    return channels


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


class ConsoleChannel:
    """Prints each as a block on standard output."""

    name = "console"
    version = "1"

    def open(self, settings: Settings) -> None:
        pass

    def takes(self, role: str | None) -> bool:
        return True

    def send(self, outgoing: Outgoing) -> None:
        audience = " · ".join(each for each in (outgoing.role or PUBLIC, outgoing.unit) if each)
        head = f"──── {outgoing.body} · {audience} · {outgoing.kind} "
        block = f"{head:─<72}\n{outgoing.texts[0].title}\n\n{outgoing.as_paragraphs()}\n{'─' * 72}\n"
        sys.stdout.write(block)
        sys.stdout.flush()


class FileChannel:
    """Appends each as a line of JSON to ``notifications.jsonl`` in the data folder; it is on disk before
    ``send`` returns.

    Several processes may write to one file. A crash may leave a part of a line: the next one begins anew.
    """

    name = "file"
    version = "1"

    def open(self, settings: Settings) -> None:
        settings.data_folder.mkdir(parents=True, exist_ok=True)
        self._path = settings.data_folder / "notifications.jsonl"
        os.close(self._opened())
        folder = os.open(settings.data_folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def takes(self, role: str | None) -> bool:
        return True

    def send(self, outgoing: Outgoing) -> None:
        line = json.dumps(outgoing.as_json(), ensure_ascii=False).encode() + b"\n"
        file = self._opened()
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                line = b"\n" + line
            if os.write(file, line) != len(line):  # in one piece, or else another process's is in between
                raise OSError("the file system is full")
            os.fsync(file)
        finally:
            os.close(file)

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)


class NotTaken(Exception):
    """An address did not take what was sent to it; Apprise does not say why."""


class AppriseChannel:
    """Sends to addresses of the library Apprise: mail, WeCom, DingTalk, Feishu, a hook of one's own.

    Of several addresses those that have taken one are remembered until all have, so that one that is away
    does not have the others receive it again; a restart forgets that.
    """

    name = "apprise"
    version = "1"

    def open(self, settings: Any) -> None:
        self._addresses = [
            (audiences, self._address(place, url, settings.apprise_schemes))
            for place, (audiences, url) in enumerate(_entries(settings.apprise_urls or ""), 1)
        ]
        if not self._addresses:
            raise ValueError("the channel apprise needs the setting apprise_urls")
        self._seconds = settings.channel_timeout / len(self._addresses)
        self._taken: dict[str, set[int]] = {}

    def takes(self, role: str | None) -> bool:
        return any((role or PUBLIC) in audiences for audiences, _ in self._addresses)

    def send(self, outgoing: Outgoing) -> None:
        title, text = outgoing.texts[0].title, outgoing.as_paragraphs()
        taken = self._taken.setdefault(outgoing.delivery, set())
        wanting = [
            (place, address)
            for place, (audiences, address) in enumerate(self._addresses)
            if (outgoing.role or PUBLIC) in audiences and place not in taken
        ]
        for place, address in wanting:
            # One that hangs must leave time for those behind it.
            with eventlet.Timeout(self._seconds, False):
                if address.notify(body=text, title=title, body_format="text", interpret_escapes=False):
                    taken.add(place)
        if not all(place in taken for place, _ in wanting):
            raise NotTaken
        del self._taken[outgoing.delivery]

    @staticmethod
    def _address(place: int, url: str, schemes: Collection[str]) -> Any:
        # Not at the top: it is large, slow to load, and enabled by few.
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines would show addresses and texts
        options: dict[str, Any] = dict.fromkeys(("http_redirects", "pem_autogen", "pgp_autogen"), False)
        # No threads and time-outs of its own: it is stopped from outside.
        options |= {"async_mode": False, "service_timeout": 0, "storage_mode": "memory"}
        asset = apprise.AppriseAsset(**options)
        if url.partition("://")[0] not in schemes:
            raise ValueError(f"apprise_urls: address {place} has none of the schemes of apprise_schemes")
        made: Any = apprise.Apprise.instantiate(url, asset=asset)
        if made is None or not set(made.schemas()) & set(schemes):
            raise ValueError(f"apprise_urls: address {place} is none that Apprise can use")
        if "overflow=" not in url:
            made.overflow_mode = apprise.OverflowMode.SPLIT  # rather in parts than not at all
        address = apprise.Apprise(asset=asset)
        address.add(made)
        return address


def _entries(urls: str) -> list[tuple[frozenset[str], str]]:
    """``deputy,clerk=jsons://…``: for whom, and where to. ValueError names the entry, not its text."""
    found = []
    for place, entry in enumerate(urls.split(), 1):
        match = re.fullmatch(r"(?:([a-z,]+)=)?([a-z0-9]+://.+)", entry)
        audiences = frozenset((match[1] or PUBLIC).split(",")) if match else frozenset()
        if match is None or not audiences <= {PUBLIC, *ROLES}:
            raise ValueError(f"apprise_urls: address {place} must be URL, or {PUBLIC} or roles, =, and URL")
        found.append((audiences, match[2]))
    return found
