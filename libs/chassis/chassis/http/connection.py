"""One client's connection: its requests, one after the other, in a green thread of its own.

Not on a WSGI server: those at hand parse with the library for e-mail, which costs more than all that is done
for a small request, take what RFC 9112 forbids, and know timeouts for a single byte but not for a request.
What parses here is llhttp; ``docs/adr/0007-http-listener.md`` says what that leaves to us.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from time import monotonic
from typing import Any, Final

import eventlet

from chassis.errors import Refused
from chassis.http.app import log_fault
from chassis.http.front import FRONT, Front, Target
from chassis.http.incoming import Closed, Incoming
from chassis.http.messages import Reply, Request
from chassis.http.parsing import Head
from chassis.http.rendering import CONTINUE, render

BODY_OF_ANYBODY: Final = 65536
"""Bytes of a body that may come before it is known who calls, lest a thousand connections of nobody fill the
memory. Of chunks the length is not known."""
LINGER_SECONDS: Final = 2.0
LINGER_BYTES: Final = 1024 * 1024


class State(Enum):
    """What a connection is at."""

    WAITING = auto()
    READING = auto()
    REPLYING = auto()


class Connection:
    """Serves until the client has gone, asks for the end, is too slow, or sends what is not HTTP.

    ``changed`` is told of the state in which the connection now is.
    """

    def __init__(
        self, sock: Any, front: Front, timeout: float, changed: Callable[["Connection", State], None]
    ) -> None:
        self.closing = False
        self._sock = sock
        self._front = front
        self._timeout = timeout
        self._changed = changed
        self._incoming = Incoming(sock, timeout)

    def serve(self) -> None:
        """Returns when the connection is closed; raises nothing."""
        try:
            while self._exchange():
                if self._incoming.ahead:
                    eventlet.sleep(0)  # one that sends many requests at once takes turns with the others
        except (Closed, OSError):
            pass  # the client has gone, or does not take its answer
        except Exception as fault:
            log_fault(fault, "", service=FRONT)
        finally:
            self._sock.close()

    def shut(self) -> None:
        """Ends it from outside; whoever waits in ``serve`` wakes and returns."""
        self.closing = True
        with suppress(OSError):  # gone already
            self._sock.shutdown(socket.SHUT_RDWR)

    def _exchange(self) -> bool:
        """One request and its answer; False when it was the last."""
        head, unread = None, False
        try:
            head = self._head()
            target = self._front.find(head.method, head.path)
            unread = head.length != 0
            request = Request(head.method, head.path, head.query_string, head.headers)
            if target.refusal is None and unread:
                request.body = self._body(head, target)
                unread = False
        except Refused as refusal:
            unread = True
            self._changed(self, State.REPLYING)
            reply, correlation_id = self._front.refuse(refusal, head)
        else:
            self._changed(self, State.REPLYING)
            reply, correlation_id = self._front.reply(target, request)
        last = unread or reply.close or self.closing or head is None or not head.keep_alive
        self._send(reply, correlation_id, head, last)
        if unread:
            self._linger()
        return not last

    def _head(self) -> Head:
        self._changed(self, State.WAITING)
        head = self._incoming.head()
        if self.closing:  # shut while this was on its way: then nothing of it is done
            raise Closed
        self._changed(self, State.READING)
        return head

    def _body(self, head: Head, target: Target) -> bytes:
        if head.length is None or head.length > BODY_OF_ANYBODY:
            self._front.admit(target, head.headers)
        wanted = head.length is None or head.length <= target.body_limit
        if head.expects_continue and wanted and not self._incoming.ahead:
            self._sock.sendall(CONTINUE)
        return self._incoming.body(head.length, target.body_limit)

    def _send(self, reply: Reply, correlation_id: str, head: Head | None, last: bool) -> None:
        head_only = head is not None and head.method == "HEAD"
        octets = render(reply, correlation_id, head_only=head_only, close=last)
        self._sock.settimeout(self._timeout)
        sent = self._sock.send(octets)
        if sent == len(octets):
            return
        deadline = monotonic() + self._timeout
        rest = memoryview(octets)[sent:]
        while rest:
            self._sock.settimeout(max(0.001, deadline - monotonic()))
            rest = rest[self._sock.send(rest) :]

    def _linger(self) -> None:
        """Lets the client read its answer: closing on unread bytes would reset the connection before that."""
        self._sock.shutdown(socket.SHUT_WR)
        deadline, taken = monotonic() + LINGER_SECONDS, 0
        while taken < LINGER_BYTES and (left := deadline - monotonic()) > 0:
            self._sock.settimeout(left)
            octets = self._sock.recv(65536)
            if not octets:
                return
            taken += len(octets)
            eventlet.sleep(0)
