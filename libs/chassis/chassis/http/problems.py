"""What a refused request is told: RFC 9457 bodies, and the one table from kinds to statuses."""

from http import HTTPStatus
from typing import Any, Final

from marshmallow import ValidationError

from chassis.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from chassis.reading import printable_line

MEDIA_TYPE: Final = "application/problem+json"
ERRORS_SHOWN: Final = 50
FIELD_LENGTH_SHOWN: Final = 200


class Malformed(Refused):
    """The request cannot be read."""

    slug = "malformed-request"


class MethodNotAllowed(Refused):
    """The path exists, but not for this method; ``Allow`` names those it has."""

    slug = "method-not-allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Allowed here: {allowed}.")
        self.headers = (("Allow", allowed),)


class RequestTimeout(Refused):
    """The request did not arrive whole in time."""

    slug = "request-timeout"


class TargetTooLong(Refused):
    """The request target is too long."""

    slug = "target-too-long"


class UnsupportedMediaType(Refused):
    """The body is not of a media type that this route takes: ``application/json`` in UTF-8, if it names
    none."""

    slug = "unsupported-media-type"


class ExpectationFailed(Refused):
    """The only expectation that can be met is ``100-continue``."""

    slug = "expectation-failed"


class HeadersTooLarge(Refused):
    """The header fields are too many or too long."""

    slug = "headers-too-large"


class InternalError(Refused):
    """Something unforeseen went wrong here; the log has it under the correlation id."""

    slug = "internal-error"


class RouteNotFound(NotFound):
    """There is nothing at this path."""

    slug = "route-not-found"


class BodyTooLarge(TooLarge):
    """The body is larger than this route accepts."""

    slug = "body-too-large"


class BodyMissing(Malformed):
    """This route needs a body."""

    slug = "body-missing"


class BodyNotExpected(Malformed):
    """This route takes no body."""

    slug = "body-not-expected"


class Stopping(Unavailable):
    """The service is stopping; another instance, or this one after its restart, will answer."""

    slug = "stopping"


class Overloaded(Unavailable):
    """More requests are waiting than can be served in time."""

    slug = "overloaded"


class InvalidInput(Invalid):
    """Fields are missing, unknown or break a rule; ``errors`` names each."""

    def __init__(self, fault: ValidationError) -> None:
        self.errors = field_errors(fault)
        super().__init__("; ".join(f"{e['field']}: {e['detail']}" for e in self.errors[:3]))


class InvalidBody(InvalidInput):
    """Fields of the body are missing, unknown or break a rule; ``errors`` names each."""

    slug = "invalid-body"


class InvalidQuery(InvalidInput):
    """Query parameters are missing, unknown, repeated or break a rule; ``errors`` names each."""

    slug = "invalid-query"


STATUS: Final[dict[type[Refused], HTTPStatus]] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    RequestTimeout: HTTPStatus.REQUEST_TIMEOUT,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TargetTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Refused: HTTPStatus.BAD_REQUEST,
}
RETRY_AFTER: Final[dict[type[Refused], int]] = {TooMany: 5, Unavailable: 2}


def status_of(refusal: type[Refused]) -> int:
    """The status of the nearest kind among a refusal's ancestors."""
    return next(int(STATUS[kind]) for kind in refusal.__mro__ if kind in STATUS)


def problem(refusal: Refused, correlation_id: str | None) -> dict[str, Any]:
    """The body of the answer to a refused request."""
    body: dict[str, Any] = {
        "type": f"urn:piaojue:problem:{refusal.slug}",
        "title": title(refusal.slug),
        "status": status_of(type(refusal)),
        "detail": refusal.detail,
        "slug": refusal.slug,
    }
    if refusal.field is not None:
        body["field"] = refusal.field
    if refusal.errors:
        body["errors"] = list(refusal.errors)
    body["correlation_id"] = correlation_id
    return body


def title(slug: str) -> str:
    """``poll-not-open`` read aloud: ``Poll not open``."""
    return slug.replace("-", " ").capitalize()


def headers_of(refusal: Refused) -> tuple[tuple[str, str], ...]:
    """What the status asks for besides the body: ``WWW-Authenticate``, ``Retry-After``, ``Allow``."""
    headers: tuple[tuple[str, str], ...] = getattr(refusal, "headers", ())
    if isinstance(refusal, Unauthenticated):
        headers += (("WWW-Authenticate", _challenge(refusal)),)
    for kind, seconds in RETRY_AFTER.items():
        if isinstance(refusal, kind):
            headers += (("Retry-After", str(getattr(refusal, "retry_after", seconds))),)
    return headers


def _challenge(refusal: Unauthenticated) -> str:
    if refusal.slug == "token-missing":
        return "Bearer"
    return f'Bearer error="invalid_token", error_description="{title(refusal.slug)}"'


def field_errors(fault: ValidationError) -> list[FieldError]:
    """marshmallow's nested messages as a flat list, the first ERRORS_SHOWN of them."""
    found: list[FieldError] = []
    pending: list[tuple[str, Any]] = [("", fault.messages)]
    while pending and len(found) < ERRORS_SHOWN:
        path, messages = pending.pop()
        if isinstance(messages, dict):
            inner = [(_joined(path, key), value) for key, value in messages.items()]
            pending.extend(reversed(inner))
        else:
            texts = messages if isinstance(messages, list) else [messages]
            field = printable_line(path[:FIELD_LENGTH_SHOWN])  # an unknown one may be called anything
            found.extend(FieldError(field=field, detail=str(text)) for text in texts)
    return found[:ERRORS_SHOWN]


def _joined(path: str, key: object) -> str:
    if key == "_schema":
        return path
    return f"{path}.{key}" if path else str(key)
