"""Bytes from one client, taken within bounds of size and time."""

import re
from time import monotonic
from typing import Any, Final

from eventlet.hubs import trampoline

from chassis.http.parsing import check_unfinished
from chassis.http.problems import BodyTooLarge, Malformed, RequestTimeout

RECEIVED: Final = 65536
CHUNK_LINE_LENGTH: Final = 256
FRAMING_SPARE: Final = 16384
"""Bytes of chunked framing beyond those of the body itself; more is not a body but work for us."""

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*+(?:;[\t -~\x80-\xff]*+)?")


class Closed(Exception):  # noqa: N818
    """Nobody is there any more, or nobody said anything for too long."""


class Incoming:
    """Reads requests one after the other. ``timeout`` is for the first byte to come, and then for the rest.

    The deadline is of the whole request: a client that sends a byte now and then does not move it.
    """

    def __init__(self, sock: Any, timeout: float) -> None:
        self._sock = sock
        self._timeout = timeout
        self._buffer = bytearray()
        self._begun = False
        self._deadline = 0.0

    @property
    def ahead(self) -> bool:
        """Whether bytes of the next request are here already."""
        return bool(self._buffer)

    def head(self) -> bytearray:
        """The next head, without the blank line. Raises Closed, or a Refused for what is no head."""
        self._begun = bool(self._buffer)
        self._deadline = monotonic() + self._timeout
        searched = 0
        while True:
            while self._buffer.startswith(b"\r\n"):  # RFC 9112 2.2: left over from the body before
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n", max(0, searched - 3))
            if end >= 0:
                break
            check_unfinished(self._buffer, searched)
            searched = len(self._buffer)
            self._receive()
        head = self._buffer[:end]
        del self._buffer[: end + 4]
        check_unfinished(head)
        return head

    def body(self, length: int | None, limit: int) -> bytes:
        """A body of this length, or a chunked one where it is None. Refuses before it holds too much."""
        if length is None:
            return self._chunked(limit)
        if length > limit:
            raise _too_large(limit)
        return self._exactly(length)

    def _chunked(self, limit: int) -> bytes:
        body = bytearray()
        framing = 0
        while True:
            line = self._line()
            found = _CHUNK_LINE.fullmatch(line)
            if found is None:
                raise Malformed("The length of a chunk cannot be read.")
            size = int(found[1], 16)
            if len(body) + size > limit:
                raise _too_large(limit)
            framing += len(line) + 4
            if framing > len(body) + FRAMING_SPARE:
                raise Malformed("The chunks are too small.")
            if size == 0:
                break
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise Malformed("A chunk is longer than its length.")
        while line := self._line():  # trailers say nothing to us
            framing += len(line)
            if framing > len(body) + FRAMING_SPARE:
                raise Malformed("The trailers are too long.")
        return bytes(body)

    def _line(self) -> bytearray:
        while (end := self._buffer.find(b"\r\n", 0, CHUNK_LINE_LENGTH)) < 0:
            if len(self._buffer) >= CHUNK_LINE_LENGTH:
                raise Malformed("A line of the chunked body is too long.")
            self._receive()
        line = self._buffer[:end]
        del self._buffer[: end + 2]
        return line

    def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._receive()
        octets = bytes(self._buffer[:length])
        del self._buffer[:length]
        return octets

    def _receive(self) -> None:
        left = self._deadline - monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            # Before recv and not only when there is nothing yet: who sends fast must not keep others waiting.
            trampoline(self._sock, read=True, timeout=left, timeout_exc=TimeoutError)
            octets = self._sock.recv(RECEIVED)
        except TimeoutError:
            if not self._begun:
                raise Closed from None
            raise RequestTimeout("The request did not arrive in time.") from None
        if not octets:
            raise Closed
        if not self._begun:
            self._begun = True
            self._deadline = monotonic() + self._timeout
        self._buffer += octets


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.")
