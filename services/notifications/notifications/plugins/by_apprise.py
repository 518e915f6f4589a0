"""The channel ``apprise``: mail and chats, by the library of that name."""

import logging
import re
from collections.abc import Collection
from typing import Any

import eventlet

from notifications.domain import PUBLIC, ROLES, Outgoing


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
