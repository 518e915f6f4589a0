"""Listening sockets of the process, by address: the first service opens one, the last closes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import eventlet
import structlog
from eventlet import wsgi

from chassis.http.app import ServiceApp
from chassis.http.front import Front
from chassis.http.messages import Request
from chassis.http.rendering import SAFE_HEADERS
from chassis.http.routing import BODY_LIMIT

BACKLOG: Final = 1024

_log = structlog.get_logger("chassis.http")
_listeners: dict[str, "Listener"] = {}


@dataclass(frozen=True)
class Settings:
    """Seconds and bytes. ``timeout`` is for a whole request to arrive, an idle connection, a write."""

    timeout: float = 30.0
    drain: float = 10.0
    body_limit: int = BODY_LIMIT
    connections: int = 1024

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Settings":
        """From the keys ``HTTP_…`` of a container's configuration."""
        return cls(
            timeout=float(config.get("HTTP_TIMEOUT_SECONDS", cls.timeout)),
            drain=float(config.get("HTTP_DRAIN_SECONDS", cls.drain)),
            body_limit=int(config.get("HTTP_BODY_LIMIT", cls.body_limit)),
            connections=int(config.get("HTTP_MAX_CONNECTIONS", cls.connections)),
        )


class Listener:
    def __init__(self, address: str, settings: Settings) -> None:
        host, _, port = address.rpartition(":")
        self.front = Front(settings.body_limit)
        self._address = address
        self._settings = settings
        self._socket = eventlet.listen((host or "127.0.0.1", int(port)), backlog=BACKLOG, reuse_port=False)
        self.host, self.port = self._socket.getsockname()[:2]
        self._thread = eventlet.spawn(
            wsgi.server,
            self._socket,
            self._wsgi,
            log_output=False,
            debug=False,
            socket_timeout=settings.timeout,
        )

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = {name.lower(): value for name, value in environ["headers_raw"]}
        request = Request(
            environ["REQUEST_METHOD"], environ["RAW_PATH_INFO"], environ.get("QUERY_STRING", ""), headers
        )
        request.body = environ["wsgi.input"].read()
        reply, correlation_id = self.front.reply(self.front.find(request.method, request.path), request)
        fields = {**SAFE_HEADERS, "X-Correlation-Id": correlation_id, "Content-Length": str(len(reply.body))}
        if reply.media_type:
            fields["Content-Type"] = reply.media_type
        start_response(f"{reply.status} -", [*{**fields, **dict(reply.headers)}.items()])
        return [b"" if request.method == "HEAD" else reply.body]

    def drain(self, app: ServiceApp) -> None:
        app.stopping = True
        deadline = monotonic() + self._settings.drain
        while app.running and monotonic() < deadline:
            eventlet.sleep(0.01)

    def leave(self, app: ServiceApp) -> None:
        self.front.remove(app)
        if not self.front.apps:
            _listeners.pop(self._address, None)
            self._thread.kill()
            self._socket.close()


def join(address: str, settings: Settings, app: ServiceApp) -> Listener:
    """The listener of this address, opened if need be, now serving the app as well."""
    listener = _listeners.get(address)
    if listener is None:
        listener = _listeners[address] = Listener(address, settings)
    listener.front.add(app)
    return listener
