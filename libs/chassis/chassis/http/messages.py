"""What a handler is given and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from chassis.auth import Caller


@dataclass(slots=True)
class Request:
    """One request as it came: names of header fields in lower case, the path not yet decoded."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is not JSON, as it came. ``media_type`` and ``charset``, None if not named, in lower
    case."""

    media_type: str
    charset: str | None
    octets: bytes


@dataclass(slots=True)
class Call:
    """What an entrypoint's method is given. ``data`` and ``query`` are what the route's schemas made of them.

    On a route that ``accepts`` media types, ``data`` is a Content.
    ``caller`` is None where the route asks for no token. ``at_root`` says that the path came without the
    service's name, so the answer may speak for all services of the process.
    """

    path: Mapping[str, str]
    data: Any
    query: Any
    caller: Caller | None
    headers: Mapping[str, str]
    correlation_id: str
    at_root: bool = False


@dataclass(slots=True)
class Answer:
    """An answer that differs from its route's usual one; a method may as well return the bare content.

    ``content`` goes through the route's schema; without one it is JSON, or text or bytes for another media
    type. ``headers`` may replace the safe ones, such as ``Cache-Control`` and ``Content-Security-Policy``.
    ValueError: a status that does not exist, a header field that is not printable ASCII.
    """

    content: Any = None
    status: int | None = None
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status is not None:
            HTTPStatus(self.status)
        for text in (*self.headers, *self.headers.values(), self.media_type or ""):
            if not (text.isascii() and text.isprintable()):
                raise ValueError("header fields are printable ASCII")


@dataclass(slots=True)
class Reply:
    """An answer ready for the wire but for the headers that every answer has."""

    status: int
    body: bytes = b""
    media_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = False
