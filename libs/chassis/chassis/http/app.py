"""One service's side of HTTP: from a request to the reply of one of its routes."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import eventlet
import structlog
from eventlet.greenthread import getcurrent
from eventlet.semaphore import Semaphore
from marshmallow import Schema, ValidationError

from chassis.auth import EVERY_BODY, Authenticator, BodyNotAllowed, Caller, RoleNotAllowed
from chassis.errors import Forbidden, Refused
from chassis.http import strict_json
from chassis.http.access import INTERNAL
from chassis.http.bounds import check_lengths
from chassis.http.messages import Answer, Call, Content, Reply, Request
from chassis.http.problems import (
    MEDIA_TYPE,
    BodyMissing,
    BodyNotExpected,
    InternalError,
    InvalidBody,
    InvalidQuery,
    Overloaded,
    Stopping,
    UnsupportedMediaType,
    headers_of,
    problem,
    status_of,
)
from chassis.http.routing import Route, Router
from chassis.http.worker import Worker
from chassis.tracing import TRACER, Tracer

WAIT_SECONDS: Final = 10.0
"""How long a request may wait for one of the container's workers."""

_log = structlog.get_logger("chassis.http")


class ServiceApp:
    """The routes of one container, with the means to answer them."""

    def __init__(
        self,
        container: Any,
        entrypoints: Mapping[Route, Any],
        authenticator: Authenticator | None,
    ) -> None:
        self.service_name: str = container.service_name
        self.service_cls: type = container.service_cls
        self.router = Router(list(entrypoints))
        self.root_router = Router([route for route in entrypoints if route.also_at_root])
        self.tracer: Tracer | None = container.config.get(TRACER)
        self.running: set[Any] = set()
        self.stopping = False
        self._entrypoints = entrypoints
        self._authenticator = authenticator
        self._worker = Worker(container)
        self._workers_free = Semaphore(container.max_workers)

    def reply(
        self,
        route: Route,
        path: Mapping[str, str],
        request: Request,
        correlation_id: str,
        *,
        at_root: bool = False,
    ) -> Reply:
        """Answers a request to one of this app's routes; whatever happens, there is a reply."""
        current = getcurrent()
        self.running.add(current)
        try:
            if self.stopping:
                raise Stopping("The service is stopping.")
            return self._answered(route, path, request, correlation_id, at_root)
        except Refused as refusal:
            return refused(refusal, correlation_id, close=self.stopping)
        except (Exception, eventlet.Timeout) as fault:
            log_fault(fault, correlation_id, service=self.service_name, route=f"{route.method} {route.path}")
            return refused(InternalError("Something went wrong here."), correlation_id)
        finally:
            self.running.discard(current)

    def _answered(
        self, route: Route, path: Mapping[str, str], request: Request, correlation_id: str, at_root: bool
    ) -> Reply:
        caller = self.caller(route, path, request.headers)
        query = _query(route.query, request.query_string) if route.query is not None else None
        data = _content(route.accepts, request) if route.accepts else _data(route.body, request)
        call = Call(path, data, query, caller, request.headers, correlation_id, at_root)
        if route.who is INTERNAL:
            return _reply(route, self._run(route, call))
        if not self._workers_free.acquire(timeout=WAIT_SECONDS):
            raise Overloaded("Too many requests are waiting.")
        try:
            result = self._run(route, call)
        finally:
            self._workers_free.release()
        return _reply(route, result)

    def _run(self, route: Route, call: Call) -> Any:
        return self._worker.run(self._entrypoints[route], call, {"correlation_id": call.correlation_id})

    def caller(self, route: Route, path: Mapping[str, str], headers: Mapping[str, str]) -> Caller | None:
        """Who calls a route, None where that does not matter. Refuses who may not."""
        roles = route.who.roles
        if roles is None:
            return None
        if self._authenticator is None:
            raise RuntimeError("a route asks for a token and nothing is there to check it")
        token = headers.get("authorization")
        if token is None and route.who.optional:
            return None
        caller = self._authenticator.caller(token)
        try:
            _check(caller, roles, EVERY_BODY if route.who.every_body else path.get("body"))
        except Forbidden:
            if route.who.optional:
                return None
            raise
        return caller


def _check(caller: Caller, roles: Collection[str], body: str | None) -> None:
    if caller.roles.isdisjoint(roles):
        raise RoleNotAllowed(f"This needs a role of: {', '.join(sorted(roles))}.")
    if body is not None and not caller.may_act_for(body):
        named = "every body" if body == EVERY_BODY else "this body"
        raise BodyNotAllowed(f"The token is not good for {named}.")


def _data(schema: Schema | None, request: Request) -> Any:
    if schema is None:
        if request.body and request.body != b"{}":
            raise BodyNotExpected("This route takes no body.")
        return None
    _check_coding(request.headers)
    strict_json.check_media_type(request.headers.get("content-type"))
    document = strict_json.decode(request.body)
    try:
        check_lengths(schema, document)
        return schema.load(document)
    except ValidationError as fault:
        raise InvalidBody(fault) from None


def _content(accepts: Collection[str], request: Request) -> Content:
    _check_coding(request.headers)
    media_type, charset = strict_json.read_media_type(request.headers.get("content-type"))
    if media_type not in accepts or (charset is not None and not media_type.startswith("text/")):
        raise UnsupportedMediaType(f"The body must be one of: {', '.join(accepts)}.")
    if not request.body:
        raise BodyMissing("This route needs a body.")
    return Content(media_type, charset, request.body)


def _check_coding(headers: Mapping[str, str]) -> None:
    """Nothing is unpacked here: what comes small stays small, and a proxy that unpacks reads nothing else."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("The body must come as it is, without a content coding.")


def _query(schema: Schema, query_string: str) -> Any:
    given: dict[str, str] = {}
    try:
        for name, value in parse_qsl(
            query_string,
            keep_blank_values=True,
            strict_parsing=bool(query_string),
            errors="strict",
            max_num_fields=50,
        ):
            if name in given:
                raise ValidationError({name: ["Given twice."]})
            if "\0" in value:
                raise ValidationError({name: ["Holds NUL."]})
            given[name] = value
        return schema.load(given)
    except ValidationError as fault:
        raise InvalidQuery(fault) from None
    except ValueError:
        raise InvalidQuery(ValidationError("Not a query string.")) from None


def _reply(route: Route, result: Any) -> Reply:
    answer = result if isinstance(result, Answer) else Answer(result)
    status = answer.status or route.status
    headers = tuple(answer.headers.items())
    content = answer.content
    if isinstance(route.answer, Schema) and answer.media_type is None:
        content = route.answer.dump(content)
        media_type = strict_json.MEDIA_TYPE
    else:
        media_type = answer.media_type or (
            route.answer if isinstance(route.answer, str) else strict_json.MEDIA_TYPE
        )
    if content is None and route.answer is None:
        return Reply(204 if status == 200 else status, headers=headers)
    return Reply(status, _encoded(content, media_type), media_type, headers)


def _encoded(content: Any, media_type: str) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str) and media_type != strict_json.MEDIA_TYPE:
        return content.encode()
    return strict_json.encode(content).encode()


def refused(refusal: Refused, correlation_id: str | None, *, close: bool = False) -> Reply:
    """The reply that tells of a refusal."""
    body = strict_json.encode(problem(refusal, correlation_id)).encode(errors="replace")
    return Reply(status_of(type(refusal)), body, MEDIA_TYPE, headers_of(refusal), close)


def log_fault(fault: BaseException, correlation_id: str, **where: str) -> None:
    """Logs where something unforeseen happened; logging sees to it that no exception's text is in it."""
    _log.error("request_failed", exc_info=fault, correlation_id=correlation_id, **where)
