"""The decorator ``http`` and the nameko extensions behind it."""

from collections.abc import Callable
from dataclasses import replace
from inspect import cleandoc, getmembers, isfunction
from typing import Any, TypeVar

from marshmallow import Schema
from nameko.constants import WEB_SERVER_CONFIG_KEY
from nameko.exceptions import ConfigurationError
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, Entrypoint, SharedExtension, register_entrypoint

from chassis.auth import Authenticator
from chassis.errors import Refused
from chassis.http.access import Access
from chassis.http.app import ServiceApp
from chassis.http.listener import Listener, Settings, join
from chassis.http.routing import Route

Method = TypeVar("Method", bound=Callable[..., Any])

DEFAULT_ADDRESS = "127.0.0.1:8000"


def http(
    method: str,
    path: str,
    *,
    who: Access,
    body: Schema | None = None,
    query: Schema | None = None,
    answer: Schema | str | None = None,
    status: int = 200,
    refuses: tuple[type[Refused], ...] = (),
    summary: str | None = None,
    body_limit: int | None = None,
    also_at_root: bool = False,
    accepts: tuple[str, ...] = (),
    confidential: bool = False,
    other_answers: tuple[str, ...] = (),
    other_statuses: tuple[int, ...] = (),
) -> Callable[[Method], Method]:
    """Makes a method answer at ``/<service name><path>``; it is given a Call, and returns content or Answer.

    ``path`` may have parameters, as ``/bodies/<body>/things/<thing>``; a token must be good for ``<body>``.
    ``who`` is PUBLIC, INTERNAL, bearer(…) or public_and(…). ``accepts`` are media types of bodies that are no
    JSON, such as ``text/csv``; ``call.data`` is a Content then. ``answer`` is a schema, or a media type for
    an answer without one; None answers 204. ``other_answers`` are media types, and ``other_statuses``
    statuses, that an Answer may have instead. ``refuses`` lists the refusals to document; any Refused is
    answered as its kind says. ``body_limit`` is in bytes. ``also_at_root`` answers at the bare path too, for
    monitoring; there the JSON answers of several services are shown side by side, with the worst status.
    ``confidential`` is for what must not be led back to who asked: no trace of it is kept, and the
    correlation id is ours alone.
    Summary and description come from the method's docstring.
    """
    route = Route(
        *(method, path, who, body, query, answer, status, refuses, summary or "", "", body_limit),
        also_at_root=also_at_root,
        accepts=accepts,
        confidential=confidential,
        other_answers=other_answers,
        other_statuses=other_statuses,
    )

    def register(fn: Method) -> Method:
        first, _, rest = cleandoc(fn.__doc__ or "").partition("\n")
        described = replace(
            route, summary=summary or first.strip(), description=rest.strip(), handler=fn.__name__
        )
        register_entrypoint(fn, HttpEntrypoint(described))
        return fn

    return register


class HttpServer(SharedExtension):  # type: ignore[misc]
    """A container's part in the process's HTTP: gathers its routes, serves them from start to stop."""

    def __init__(self) -> None:
        self._entrypoints: dict[Route, HttpEntrypoint] = {}
        self._app: ServiceApp | None = None
        self._listener: Listener | None = None
        super().__init__()

    def register(self, entrypoint: "HttpEntrypoint") -> None:
        """Called by each entrypoint at set-up."""
        self._entrypoints[entrypoint.route] = entrypoint

    def start(self) -> None:
        """Opens the address at ``WEB_SERVER_ADDRESS``, or joins those who have."""
        config = self.container.config
        try:
            asks_for_token = any(route.who.roles is not None for route in self._entrypoints)
            authenticator = Authenticator.from_config(config) if asks_for_token else None
            self._app = ServiceApp(self.container, self._entrypoints, authenticator)
            self._listener = join(
                config.get(WEB_SERVER_CONFIG_KEY, DEFAULT_ADDRESS), Settings.from_config(config), self._app
            )
        except ValueError as fault:
            raise ConfigurationError(str(fault)) from fault

    def address(self) -> tuple[str, int]:
        """Host and real port, once started. (No property: nameko looks at those while it binds.)"""
        if self._listener is None:
            raise RuntimeError("HTTP has not started")
        return self._listener.host, self._listener.port

    def drain(self) -> None:
        """Called by each entrypoint's stop, while dependencies still work: waits for what is running."""
        if self._listener is not None and self._app is not None:
            self._listener.drain(self._app)

    def stop(self) -> None:
        """Leaves the address; the last one closes it."""
        if self._listener is not None and self._app is not None:
            self._listener.leave(self._app)

    kill = stop


class HttpEntrypoint(Entrypoint):  # type: ignore[misc]
    """One route of a service."""

    server = HttpServer()

    def __init__(self, route: Route) -> None:
        self.route = route
        super().__init__()

    def setup(self) -> None:
        """Makes the route known to the container's server."""
        self.server.register(self)

    def stop(self) -> None:
        """Returns when the container's running requests are done, or their time is up."""
        self.server.drain()


def routes(service_cls: type) -> list[Route]:
    """All HTTP routes of a service class, ordered by path and method."""
    found = [
        entrypoint.route
        for _, function in getmembers(service_cls, isfunction)
        for entrypoint in getattr(function, ENTRYPOINT_EXTENSIONS_ATTR, ())
        if isinstance(entrypoint, HttpEntrypoint)
    ]
    return sorted(found, key=lambda route: (route.path, route.method))


def address_of(container: Any) -> tuple[str, int]:
    """Host and real port where a started container answers, whatever port was asked for."""
    return next(ext.address() for ext in container.extensions if isinstance(ext, HttpServer))
