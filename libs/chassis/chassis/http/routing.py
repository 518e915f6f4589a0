"""Routes: what they declare, and how one is found for a request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from marshmallow import RAISE, Schema

from chassis.errors import Refused
from chassis.http.access import Access
from chassis.http.bounds import boundless
from chassis.http.problems import MethodNotAllowed, RouteNotFound

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY_LIMIT: Final = 1024 * 1024
NO_BODY_LIMIT: Final = 1024
"""Bytes that are read where no body is taken: enough for the ``{}`` that some clients send."""
SEGMENT_LENGTH: Final = 200

_PARAMETER = re.compile(r"<([a-z][a-z0-9_]*)>")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_STATUSES: Final = frozenset(status for status in HTTPStatus if 200 <= status < 400)

Handler = str
"""The name of the service's method."""


@dataclass(frozen=True, eq=False)
class Route:
    """One method on one path of a service, and all that is said about it. Checked when made: at import.

    ``path`` is written without the service's prefix. ``answer`` is a schema, or a media type without one.
    ``accepts`` are the media types of a body that no schema reads. ``confidential``: no trace, and nothing
    by which a client names its request, leads to what was done. ``other_answers`` are media types, and
    ``other_statuses`` those of an answer of the usual sort, that the method may choose instead.
    """

    method: str
    path: str
    who: Access
    body: Schema | None = None
    query: Schema | None = None
    answer: Schema | str | None = None
    status: int = 200
    refuses: tuple[type[Refused], ...] = ()
    summary: str = ""
    description: str = ""
    body_limit: int | None = None
    also_at_root: bool = False
    handler: Handler = ""
    accepts: tuple[str, ...] = ()
    confidential: bool = False
    other_answers: tuple[str, ...] = ()
    other_statuses: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise TypeError(f"{self.method} {self.path}: {fault}")

    def _faults(self) -> Sequence[str]:
        faults = []
        if not isinstance(self.who, Access):
            faults.append("`who` must be PUBLIC, INTERNAL, bearer(…) or public_and(…)")
        if self.method not in METHODS:
            faults.append(
                f"the method must be one of {', '.join(METHODS)}; HEAD and OPTIONS come by themselves"
            )
        if not self.path.startswith("/") or (self.path != "/" and self.path.endswith("/")):
            faults.append("a path begins with a slash and does not end with one")
        if (self.body is not None or self.accepts) and self.method in ("GET", "DELETE"):
            faults.append("a GET or DELETE has no body")
        if self.body is not None and self.accepts:
            faults.append("a body is read by a schema or accepted as it comes, not both")
        if not all(_MEDIA_TYPE.fullmatch(each) for each in self.accepts):
            faults.append("`accepts` holds media types in lower case, without parameters")
        for schema in (self.body, self.query):
            if schema is not None and schema.unknown != RAISE:
                faults.append("unknown fields must be refused")
            if schema is not None and (lists := boundless(schema)):
                faults.append(f"lists need a greatest length: {', '.join(lists)}")
        if not all(isinstance(each, type) and issubclass(each, Refused) for each in self.refuses):
            faults.append("`refuses` holds subclasses of Refused")
        if self.status not in _STATUSES:
            faults.append("an answer has a status that exists, from 200 to 399")
        if self.also_at_root and self.parameters:
            faults.append("a route with parameters cannot be at the root too")
        return faults

    @property
    def takes_body(self) -> bool:
        """Whether there is anything to be read."""
        return self.body is not None or bool(self.accepts)

    @cached_property
    def segments(self) -> tuple[str | None, ...]:
        """The path's segments, None for a parameter."""
        return tuple(None if _PARAMETER.fullmatch(part) else part for part in _split(self.path))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters in the path, in order."""
        return tuple(_PARAMETER.findall(self.path))


class Router:
    """Finds routes by the decoded segments of a path; a literal segment goes before a parameter."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_length: dict[int, list[tuple[tuple[str | None, ...], dict[str, Route]]]] = {}
        for route in routes:
            self._add(route)
        for templates in self._by_length.values():
            templates.sort(key=lambda template: [segment is None for segment in template[0]])

    def _add(self, route: Route) -> None:
        templates = self._by_length.setdefault(len(route.segments), [])
        methods = next((methods for segments, methods in templates if segments == route.segments), None)
        if methods is None:
            methods = {}
            templates.append((route.segments, methods))
        if route.method in methods:
            raise TypeError(f"{route.method} {route.path} is declared twice")
        methods[route.method] = route

    def find(self, method: str, segments: Sequence[str]) -> tuple[Route, dict[str, str]]:
        """The route and its path parameters. Raises RouteNotFound or MethodNotAllowed."""
        for template, methods in self._by_length.get(len(segments), ()):
            for wanted, given in zip(template, segments, strict=True):
                if wanted is not None and wanted != given:
                    break
            else:
                route = methods.get("GET" if method == "HEAD" else method)
                if route is None:
                    raise MethodNotAllowed(_allowed(methods))
                values = [given for wanted, given in zip(template, segments, strict=True) if wanted is None]
                return route, dict(zip(route.parameters, values, strict=True))
        raise RouteNotFound("There is nothing at this path.")


def segments_of(path: str) -> list[str]:
    """The decoded segments of a raw path. Raises RouteNotFound for what no route's parameter may hold."""
    segments = _split(path)
    if "%" in path:
        try:
            segments = [unquote(segment, errors="strict") for segment in segments]
        except UnicodeDecodeError:
            raise RouteNotFound("The path is not UTF-8.") from None
    for segment in segments:
        if not segment or len(segment) > SEGMENT_LENGTH or _UNPRINTABLE.search(segment):
            raise RouteNotFound("There is nothing at this path.")
    return segments


def _split(path: str) -> list[str]:
    return path[1:].split("/") if path != "/" else []


def _allowed(methods: Mapping[str, Route]) -> str:
    names = [method for method in METHODS if method in methods]
    if "GET" in names:
        names.append("HEAD")
    return ", ".join([*names, "OPTIONS"])
