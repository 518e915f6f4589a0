"""Asking while things die: again until the answer is known, and what was told is remembered."""

from collections.abc import Collection
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Event, Lock
from time import monotonic
from typing import Any

from tests.support.http_server import Response
from tests.support.running import Region

PAUSE = 0.05


class NotTold(AssertionError):
    """No answer that says what is so came in time, or one came that should not; the text has the last."""


@dataclass
class Told:
    """``status`` and ``slug`` of the answer that says what is so. ``again``: an answer before it was lost, or
    was 503, so what was asked for may have been done by then."""

    status: int
    slug: str | None
    content: Any
    again: bool

    @property
    def done(self) -> bool:
        return self.status < 300


@dataclass
class Asking:
    """A client of a region; every request ends ``within`` seconds. ``lost`` and ``unavailable`` count
    answers."""

    region: Region
    within: float = 90.0
    lost: int = 0
    unavailable: int = 0
    _lock: Lock = field(default_factory=Lock)

    def once(self, method: str, path: str, body: object = None, role: str | None = None) -> Response | None:
        """One request; None: its answer was lost, and nobody knows what became of it."""
        try:
            return self.region.call(method, path, body, roles=[role] if role else [])
        except (OSError, HTTPException, ValueError):
            with self._lock:
                self.lost += 1
            return None

    def until_told(
        self,
        method: str,
        path: str,
        body: object = None,
        role: str | None = None,
        *,
        refused: Collection[str] = (),
    ) -> Told:
        """Asks until the answer is none of a service that is away. Refusals have to be among ``refused``.

        NotTold.
        """
        deadline, again, seen = monotonic() + self.within, False, "no answer"
        while monotonic() < deadline:
            answer = self.once(method, path, body, role)
            if answer is not None and answer.status != 503:
                return _told(method, path, answer, again, refused)
            if answer is not None:
                seen = f"503 {answer.json.get('slug')}"
                with self._lock:
                    self.unavailable += 1
            again = True
            pause(PAUSE)
        raise NotTold(f"{method} {path}: not within {self.within:g} s, at last {seen}")

    def done(
        self, method: str, path: str, body: object = None, role: str = "clerk", *, already: str = ""
    ) -> Told:
        """As :meth:`until_told` of what must succeed. ``already``: the refusal of what was done before, which
        is as good when an answer was lost. NotTold."""
        told = self.until_told(method, path, body, role, refused=[already])
        if not (told.done or told.again):
            raise NotTold(f"{method} {path}: {told.slug}, and no answer was lost")
        return told


def _told(method: str, path: str, answer: Response, again: bool, refused: Collection[str]) -> Told:
    content = answer.json if answer.body else None
    slug = None if answer.status < 300 else str(content["slug"])
    if slug is not None and slug not in refused:
        raise NotTold(f"{method} {path}: {answer.status} {slug}")
    return Told(answer.status, slug, content, again)


def pause(seconds: float, until: Event | None = None) -> None:
    """A person who waits before trying again; ``until`` ends it at once."""
    (until or Event()).wait(seconds)
