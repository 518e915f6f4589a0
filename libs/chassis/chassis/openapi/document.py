"""The OpenAPI 3.1 document of a service class."""

import re
import warnings
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from chassis.auth import REFUSALS_401, BodyNotAllowed, KeysUnavailable, RoleNotAllowed
from chassis.errors import Refused, TooMany, Unauthenticated, Unavailable
from chassis.http import INTERNAL, Route, routes, status_of, strict_json
from chassis.http import problems as generic
from chassis.http.routing import SEGMENT_LENGTH

PROBLEM: Final = "Problem"
PROBLEM_SCHEMA: Final = {
    "type": "object",
    "description": "A refused request, as RFC 9457 has it. `slug` is stable; programs should go by it.",
    "required": ["type", "title", "status", "detail", "slug", "correlation_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "slug": {"type": "string"},
        "field": {"type": "string", "description": "The offending input, as a path such as `items.0.name`."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "correlation_id": {"type": "string", "description": "Also in `X-Correlation-Id`; the logs have it."},
    },
}

OF_ANY_REQUEST: Final = (
    "What any request may be told, whatever its route lists, as a `Problem` like every refusal: 400 for what "
    "is not HTTP/1.1, or has a body that the route does not take; 404 and 405, no such path or method; 408, "
    "not here in time; 413, 414 and 431, larger than the limits; 417, an expectation that cannot be met; "
    "503, all places are taken."
)


def openapi_document(service_cls: Any) -> dict[str, Any]:
    """The document, as plain JSON data; ``info.version`` is the class's ``version``, if it has one."""
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        title=service_cls.name,
        version=str(getattr(service_cls, "version", "1")),
        openapi_version="3.1.0",
        info={"description": f"{cleandoc(service_cls.__doc__ or '')}\n\n{OF_ANY_REQUEST}"},
        plugins=[plugin],
    )
    spec.components.schema(PROBLEM, PROBLEM_SCHEMA)
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Multiple schemas resolved to the name")
        for route in routes(service_cls):
            path = re.sub(r"<(\w+)>", r"{\1}", f"/{service_cls.name}{route.path}")
            spec.path(path=path, operations={route.method.lower(): _operation(route)})
    document: dict[str, Any] = spec.to_dict()
    return document


def _schema_name(schema: type[Schema] | Schema) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__.removesuffix("Schema") or cls.__name__


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler,
        "summary": route.summary,
        "description": "\n\n".join(_description(route)),
        "security": _security(route),
        "x-who": route.who.name,
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.who.roles and not route.who.optional:
        operation["x-roles"] = sorted(route.who.roles)
    if route.who.every_body:
        operation["x-every-body"] = True
    if content := _request_content(route):
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _request_content(route: Route) -> dict[str, Any]:
    if route.body is not None:
        return {strict_json.MEDIA_TYPE: {"schema": route.body}}
    return {each: {"schema": _raw(each)} for each in route.accepts}


def _raw(media_type: str) -> dict[str, str]:
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _security(route: Route) -> list[dict[str, list[str]]]:
    if not route.who.roles:
        return []
    return [{}, {"bearer": []}] if route.who.optional else [{"bearer": []}]


def _description(route: Route) -> Iterable[str]:
    if route.description:
        yield route.description
    yield route.who.description
    if route.also_at_root:
        yield f"Also at `{route.path}`."


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": SEGMENT_LENGTH},
        }
        for name in route.parameters
    ]
    if route.query is not None:
        parameters.append({"in": "query", "schema": route.query})
    return parameters


def _responses(route: Route) -> dict[str, Any]:
    """The answer, and the refusals; a status of both has the media types of both."""
    status = 204 if route.answer is None and route.status == 200 else route.status
    content = _answer_content(route)
    done: dict[str, Any] = {"description": "Done."}
    if content:
        done["content"] = content
    responses = {str(status): done, **_refusals(route)}
    for other in map(str, route.other_statuses):
        response = responses.setdefault(other, {"description": "Answered so, too."})
        response["content"] = {**content, **response.get("content", {})}
    return responses


def _answer_content(route: Route) -> dict[str, Any]:
    if route.answer is None:
        return {}
    schema: Schema | dict[str, str]
    if isinstance(route.answer, str):
        media_type = route.answer
        schema = {} if media_type == strict_json.MEDIA_TYPE else {"type": "string"}
    else:
        media_type, schema = strict_json.MEDIA_TYPE, route.answer
    return {media_type: {"schema": schema}} | {each: {"schema": _raw(each)} for each in route.other_answers}


def _refusals(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[type[Refused]]] = {}
    for refusal in refusals_of(route):
        by_status.setdefault(status_of(refusal), []).append(refusal)
    return {str(status): _problem_response(by_status[status]) for status in sorted(by_status)}


def refusals_of(route: Route) -> list[type[Refused]]:
    """Each refusal that a route may answer, the declared ones first, none twice."""
    return list(dict.fromkeys([*route.refuses, *_generic_refusals(route)]))


def _generic_refusals(route: Route) -> Iterable[type[Refused]]:
    if route.parameters:
        yield generic.RouteNotFound  # what a parameter holds may be too long, or not printable
    if route.who.roles:
        yield from (*REFUSALS_401, KeysUnavailable)
    if route.who.roles and not route.who.optional:
        yield RoleNotAllowed
        if route.who.every_body or "body" in route.parameters:
            yield BodyNotAllowed
    if route.body is not None:
        yield from (*strict_json.REFUSALS, generic.InvalidBody)
    elif route.accepts:
        yield from (generic.BodyMissing, generic.UnsupportedMediaType)
    elif route.method != "GET":
        yield generic.BodyNotExpected
    if route.method != "GET":
        yield generic.BodyTooLarge
    if route.query is not None:
        yield generic.InvalidQuery
    if route.who is not INTERNAL:
        yield generic.Overloaded
    yield from (generic.Stopping, generic.InternalError)


def _problem_response(refusals: list[type[Refused]]) -> dict[str, Any]:
    slugs = [refusal.slug for refusal in refusals]
    lines = [f"- `{refusal.slug}`: {_first_line(refusal)}" for refusal in refusals]
    schema = {
        "allOf": [
            {"$ref": f"#/components/schemas/{PROBLEM}"},
            {"properties": {"slug": {"enum": slugs}}},
        ]
    }
    response: dict[str, Any] = {
        "description": "\n".join(lines),
        "content": {generic.MEDIA_TYPE: {"schema": schema}},
    }
    if issubclass(refusals[0], Unauthenticated):
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if issubclass(refusals[0], TooMany | Unavailable):
        response["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return response


def _first_line(refusal: type[Refused]) -> str:
    return cleandoc(refusal.__doc__ or "").partition("\n")[0]
