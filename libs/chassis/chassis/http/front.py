"""Finds the service that a request is for. Several services of a process may stand behind one front."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from time import perf_counter
from typing import Final

from chassis import correlation, metrics
from chassis.errors import Refused
from chassis.http import strict_json
from chassis.http.app import ServiceApp, log_fault, refused
from chassis.http.messages import Reply, Request
from chassis.http.parsing import Head
from chassis.http.problems import InternalError, MethodNotAllowed, RouteNotFound, Stopping
from chassis.http.routing import BODY_LIMIT, NO_BODY_LIMIT, Route, segments_of
from chassis.http.traced import record_request
from chassis.tracing import Tracer

FRONT: Final = "front"
"""What metrics call the service of an answer that belongs to no single one."""
UNMATCHED: Final = "unmatched"
INDEX: Final = "/"


@dataclass(slots=True)
class Target:
    """Where a request goes: a route of one app, a root route of several, the index, or a refusal."""

    body_limit: int = NO_BODY_LIMIT
    route: Route | None = None
    path: dict[str, str] = field(default_factory=dict)
    apps: Sequence[ServiceApp] = ()
    at_root: bool = False
    refusal: Refused | None = None


class Front:
    """Dispatches by the first segment of the path, which is the service's name."""

    def __init__(self, body_limit: int = BODY_LIMIT) -> None:
        self._body_limit = body_limit
        self._apps: dict[str, ServiceApp] = {}
        self._left: set[str] = set()

    @property
    def apps(self) -> Sequence[ServiceApp]:
        """In the order of their names."""
        return [self._apps[name] for name in sorted(self._apps)]

    def add(self, app: ServiceApp) -> None:
        """Raises ValueError if a service of this name is there already."""
        if app.service_name in self._apps:
            raise ValueError(f"the service {app.service_name} is served at this address already")
        self._apps[app.service_name] = app
        self._left.discard(app.service_name)

    def remove(self, app: ServiceApp) -> None:
        """Idempotent."""
        if self._apps.get(app.service_name) is app:
            del self._apps[app.service_name]
            self._left.add(app.service_name)

    def find(self, method: str, path: str) -> Target:
        """Where a request goes, known before its body has come; never raises."""
        try:
            return self._find(method, segments_of(path))
        except Refused as refusal:
            return Target(refusal=refusal)

    def _find(self, method: str, segments: Sequence[str]) -> Target:
        app = self._apps.get(segments[0]) if segments else None
        if app is not None:
            route, path = app.router.find(method, segments[1:])
            return Target(self._limit(route), route, path, (app,))
        if segments and segments[0] in self._left:  # nobody on the way is to hear that there is no such thing
            raise Stopping("The service is stopping.")
        if not segments:
            if method not in ("GET", "HEAD"):
                raise MethodNotAllowed("GET, HEAD, OPTIONS")
            return Target(at_root=True)
        return self._find_at_root(method, segments)

    def _find_at_root(self, method: str, segments: Sequence[str]) -> Target:
        apps, found = [], None
        for app in self.apps:
            try:
                found, _ = app.root_router.find(method, segments)
            except RouteNotFound:
                continue
            apps.append(app)
        if found is None:
            raise RouteNotFound("There is nothing at this path.")
        return Target(self._limit(found), found, {}, apps, at_root=True)

    def _limit(self, route: Route) -> int:
        return route.body_limit or (self._body_limit if route.takes_body else NO_BODY_LIMIT)

    def admit(self, target: Target, headers: Mapping[str, str]) -> None:
        """Refuses who may not call, before the body has come."""
        if target.route is not None and not target.at_root:
            target.apps[0].caller(target.route, target.path, headers)

    def reply(self, target: Target, request: Request) -> tuple[Reply, str]:
        """Answers and measures; returns the reply and the correlation id it goes under. Never raises."""
        started = perf_counter()
        tracer = None if target.at_root or not target.apps else target.apps[0].tracer
        correlation_id = _entered(target, request.headers, tracer)
        try:
            reply = self._reply(target, request, correlation_id)
        except Exception as fault:
            log_fault(fault, correlation_id, service=FRONT)
            reply = refused(InternalError("Something went wrong here."), correlation_id)
        service = FRONT if target.at_root or not target.apps else target.apps[0].service_name
        path = target.route.path if target.route else INDEX if target.at_root else UNMATCHED
        _observe(service, request.method, path, reply, started)
        if tracer is not None and target.route is not None:
            record_request(tracer, service, target.route, reply.status, started)
        return reply, correlation_id

    def refuse(self, refusal: Refused, head: Head | None) -> tuple[Reply, str]:
        """The answer to what could not be read as a request, measured like others. ``head`` may be known."""
        started = perf_counter()
        target = Target() if head is None else self.find(head.method, head.path)
        correlation_id = _entered(target, {} if head is None else head.headers, None)
        reply = refused(refusal, correlation_id)
        _observe(FRONT, head.method if head is not None else "", UNMATCHED, reply, started)
        return reply, correlation_id

    def _reply(self, target: Target, request: Request, correlation_id: str) -> Reply:
        if target.refusal is not None:
            if isinstance(target.refusal, MethodNotAllowed) and request.method == "OPTIONS":
                return Reply(204, headers=target.refusal.headers)
            return refused(target.refusal, correlation_id)
        if target.route is None:
            return self._index()
        if target.at_root:
            return _merged(target, request, correlation_id)
        return target.apps[0].reply(target.route, target.path, request, correlation_id)

    def _index(self) -> Reply:
        items = "".join(
            f'<li><a href="/{name}/docs">{name}</a> {escape(_first_line(app.service_cls))}'
            for name, app in sorted(self._apps.items())
        )
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Services</title><h1>Services</h1><ul>{items}</ul></html>"
        )
        return Reply(200, page.encode(), "text/html; charset=utf-8")


def _entered(target: Target, headers: Mapping[str, str], tracer: Tracer | None) -> str:
    if target.route is not None and target.route.confidential:
        return correlation.enter_confidential()
    ratio = 0.0 if tracer is None else tracer.ratio
    return correlation.enter(headers.get("x-correlation-id"), headers.get("traceparent"), ratio)


def _merged(target: Target, request: Request, correlation_id: str) -> Reply:
    """JSON of every service, with the worst status; of what the process has once, as metrics, the last one's.

    That one comes after all services were asked, so that each has had the occasion to measure.
    """
    replies = {}
    for app in target.apps:
        route, _ = app.root_router.find(request.method, segments_of(request.path))
        replies[app.service_name] = app.reply(route, {}, request, correlation_id, at_root=True)
    for reply in reversed(replies.values()):
        if reply.status == 200 and reply.media_type != strict_json.MEDIA_TYPE:
            return reply
    services = {name: json.loads(reply.body) for name, reply in replies.items() if reply.body}
    status = max(reply.status for reply in replies.values())
    return Reply(status, strict_json.encode({"services": services}).encode(), strict_json.MEDIA_TYPE)


def _observe(service: str, method: str, route: str, reply: Reply, started: float) -> None:
    metrics.http_observed(
        service=service, method=method, route=route, status=reply.status, seconds=perf_counter() - started
    )


def _first_line(service_cls: type) -> str:
    return (service_cls.__doc__ or "").strip().partition("\n")[0]
