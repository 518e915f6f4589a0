"""Replies as bytes, with the headers that every answer has."""

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from chassis.http.messages import Reply

SAFE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

_heads: dict[tuple[int, str | None], str] = {}
_date = (0, "")


def render(reply: Reply, correlation_id: str, *, head_only: bool, close: bool) -> bytes:
    """The whole answer. A 204 has no body and no length; one to HEAD the length of the body left out."""
    lines = [_head(reply), f"Date: {_today()}\r\nX-Correlation-Id: {correlation_id}\r\n"]
    bodiless = reply.status in _BODILESS
    if not bodiless:
        lines.append(f"Content-Length: {len(reply.body)}\r\n")
    lines.append("Connection: close\r\n\r\n" if close else "\r\n")
    head = "".join(lines).encode("ascii")
    return head if head_only or bodiless else head + reply.body


def _head(reply: Reply) -> str:
    """The part that recurs, remembered for answers without headers of their own."""
    if reply.headers:
        return _new_head(reply)
    key = reply.status, reply.media_type
    head = _heads.get(key)
    if head is None:
        head = _heads[key] = _new_head(reply)
    return head


def _new_head(reply: Reply) -> str:
    status = HTTPStatus(reply.status)
    headers = {**SAFE_HEADERS}
    if reply.media_type is not None:
        headers["Content-Type"] = reply.media_type
    own = {name.lower() for name, _ in reply.headers}
    lines = [f"{name}: {value}" for name, value in headers.items() if name.lower() not in own]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n" + "".join(f"{line}\r\n" for line in lines)


def _today() -> str:
    """RFC 9110's Date, made once a second."""
    global _date
    now = int(time.time())
    if now != _date[0]:
        _date = now, formatdate(now, usegmt=True)
    return _date[1]
