"""Listening sockets of the process, by address: the first service opens one, the last closes it."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import eventlet
import structlog

from chassis.correlation import correlated
from chassis.http.app import ServiceApp
from chassis.http.connection import Connection, State
from chassis.http.front import Front
from chassis.http.incoming import RECEIVED
from chassis.http.problems import Overloaded, Stopping
from chassis.http.rendering import render
from chassis.http.routing import BODY_LIMIT

BACKLOG: Final = 1024
ACCEPT_PAUSE_SECONDS: Final = 0.05

_log = structlog.get_logger("chassis.http")
_listeners: dict[str, "Listener"] = {}


@dataclass(frozen=True)
class Settings:
    """Seconds and bytes. ``timeout`` is for a whole request to arrive, an idle connection, a whole answer.

    ``shared``: other processes that say so, too, may listen at the same address.
    """

    timeout: float = 30.0
    drain: float = 10.0
    body_limit: int = BODY_LIMIT
    connections: int = 1024
    shared: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Settings":
        """From the keys ``HTTP_…`` of a container's configuration."""
        return cls(
            timeout=float(config.get("HTTP_TIMEOUT_SECONDS", cls.timeout)),
            drain=float(config.get("HTTP_DRAIN_SECONDS", cls.drain)),
            body_limit=int(config.get("HTTP_BODY_LIMIT", cls.body_limit)),
            connections=int(config.get("HTTP_MAX_CONNECTIONS", cls.connections)),
            shared=bool(config.get("HTTP_SHARED", cls.shared)),
        )


class Listener:
    """Accepts connections for all services at one address, and knows what each connection is at."""

    def __init__(self, address: str, settings: Settings) -> None:
        self.front = Front(settings.body_limit)
        self._address = address
        self._settings = settings
        self._socket = _listening(address, settings.shared)
        self.host, self.port = self._socket.getsockname()[:2]
        self._connections: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}  # in the order in which they began to wait
        self._replying: set[Connection] = set()
        self._thread = eventlet.spawn(self._accept)

    def drain(self, app: ServiceApp) -> None:
        """Refuses new requests to the app and waits for those that run; after the time for it, ends them."""
        app.stopping = True
        _wait_while(app.running, self._settings.drain)
        if app.running:
            _log.warning("requests_ended_unfinished", service=app.service_name, count=len(app.running))
        for thread in list(app.running):
            eventlet.kill(thread, Stopping("The service stopped before this was done."))

    def leave(self, app: ServiceApp) -> None:
        """Idempotent. The last app that leaves closes the address and what is connected to it."""
        self.front.remove(app)
        if self.front.apps or _listeners.get(self._address) is not self:
            return
        del _listeners[self._address]
        self._thread.kill()
        self._socket.close()
        for connection in self._connections:
            connection.closing = True
        for connection in self._connections - self._replying:
            connection.shut()
        _wait_while(self._replying, self._settings.drain)
        for connection in list(self._connections):
            connection.shut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError as fault:  # such as no file descriptors left: it must not end the service
                _log.warning("connection_not_accepted", error=type(fault).__name__)
                eventlet.sleep(ACCEPT_PAUSE_SECONDS)
                continue
            if self._make_room():
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = Connection(client, self.front, self._settings.timeout, self._changed)
                self._connections.add(connection)
                self._waiting[connection] = None
                eventlet.spawn(self._serve, connection)
            else:
                self._turn_away(client)
            eventlet.sleep(0)  # those who come in crowds must not keep those who are here waiting

    def _make_room(self) -> bool:
        """Whether one more may come; when all places are taken, the one that has been idle longest goes."""
        if len(self._connections) < self._settings.connections:
            return True
        if not self._waiting:
            return False
        idle = next(iter(self._waiting))
        self._forget(idle)
        idle.shut()
        return True

    def _turn_away(self, client: Any) -> None:
        """Says so in one try, without waiting: whoever is turned away must not cost a green thread."""
        with correlated(None):
            reply, correlation_id = self.front.refuse(Overloaded("Too many connections are open."), None)
        with suppress(OSError):  # gone already, or has sent nothing yet
            client.setblocking(False)
            client.send(render(reply, correlation_id, head_only=False, close=True))
            client.shutdown(socket.SHUT_WR)
            client.recv(RECEIVED)  # what is left unread when we close would take the answer with it
        client.close()

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            self._forget(connection)

    def _changed(self, connection: Connection, state: State) -> None:
        if state is State.WAITING:
            self._replying.discard(connection)
            if not connection.closing:
                self._waiting[connection] = None
        elif state is State.READING:
            self._waiting.pop(connection, None)
        else:
            self._waiting.pop(connection, None)
            self._replying.add(connection)

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._waiting.pop(connection, None)
        self._replying.discard(connection)


def join(address: str, settings: Settings, app: ServiceApp) -> Listener:
    """The listener of this address, opened if need be, now serving the app as well."""
    listener = _listeners.get(address)
    if listener is None:
        listener = _listeners[address] = Listener(address, settings)
    listener.front.add(app)
    return listener


def _listening(address: str, shared: bool) -> Any:
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return eventlet.listen((host, int(port)), family=family, backlog=BACKLOG, reuse_port=shared)


def _wait_while(some: set[Any], seconds: float) -> None:
    deadline = monotonic() + seconds
    while some and monotonic() < deadline:
        eventlet.sleep(0.01)
