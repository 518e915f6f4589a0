"""Bytes from one client, taken within bounds of size and time."""

from time import monotonic
from typing import Any, Final

from eventlet.hubs import trampoline
from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from chassis.http.parsing import ChunksHeard, Head, HeadHeard, check_length
from chassis.http.problems import Malformed, RequestTimeout

RECEIVED: Final = 65536

_CHUNKED_HEAD: Final = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


class Closed(Exception):
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

    def head(self) -> Head:
        """The next head. Raises Closed, or a Refused for what is no head."""
        self._begun = bool(self._buffer)
        self._deadline = monotonic() + self._timeout
        heard = HeadHeard()
        parser = HttpRequestParser(heard)
        self._feed(parser, heard)
        return heard.head(parser.get_method().decode("ascii"), parser.get_http_version())

    def body(self, length: int | None, limit: int) -> bytes:
        """A body of this length, or a chunked one where it is None. Refuses before it holds too much."""
        if length is None:
            return self._chunked(limit)
        check_length(length, limit)
        while len(self._buffer) < length:
            self._receive()
        return self._take(length)

    def _chunked(self, limit: int) -> bytes:
        heard = ChunksHeard(limit)
        parser = HttpRequestParser(heard)  # not that of the head: after one with Upgrade it takes no body
        parser.feed_data(_CHUNKED_HEAD)
        self._feed(parser, heard)
        return bytes(heard.body)

    def _feed(self, parser: HttpRequestParser, heard: HeadHeard | ChunksHeard) -> None:
        """As far as the part that is heard goes, and no further: what follows may be another request.

        llhttp does not say how far it came. But both parts end with a blank line, so they do not end before
        the first one, and while there is none, or one may have begun already, a line at a time is safe.
        """
        fed = 0
        while not heard.whole:
            if not self._buffer:
                self._receive()
            blank = -1 if fed else self._buffer.find(b"\r\n\r\n")
            octets = self._take(
                blank + 4 if blank >= 0 else self._buffer.find(b"\n") + 1 or len(self._buffer)
            )
            fed += len(octets)
            try:
                parser.feed_data(octets)
            except HttpParserUpgrade:
                pass  # the head is whole, and a server may ignore what it asks for
            except HttpParserCallbackError as fault:
                raise fault.__context__ or fault from None
            except HttpParserError as fault:
                raise Malformed(f"This is not HTTP/1.1: {fault}.") from None
            heard.check(fed)

    def _take(self, length: int) -> bytes:
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
