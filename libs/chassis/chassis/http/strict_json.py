"""JSON that every parser reads alike (I-JSON, RFC 7493), bounded, and without what stores refuse."""

import json
import math
import re
from typing import Any, Final

from chassis.http.problems import BodyMissing, Malformed, UnsupportedMediaType

MEDIA_TYPE: Final = "application/json"
DEPTH: Final = 32

_STRING_OR_BRACKET = re.compile(
    r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL
)  # linear: never gives a string back
_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")

encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class MalformedJson(Malformed):
    """The body is not JSON in UTF-8."""

    slug = "malformed-json"


class DuplicateKey(Malformed):
    """An object has a key twice; which one counts would be a guess."""

    slug = "json-duplicate-key"


class NumberNotFinite(Malformed):
    """NaN, infinite, or too large to be a number here."""

    slug = "json-number-not-finite"


class TooDeep(Malformed):
    """Arrays and objects are nested too deeply."""

    slug = "json-too-deep"


class ForbiddenCharacter(Malformed):
    """A string holds NUL or half of a surrogate pair."""

    slug = "json-forbidden-character"


REFUSALS: Final = (
    BodyMissing,
    MalformedJson,
    DuplicateKey,
    NumberNotFinite,
    TooDeep,
    ForbiddenCharacter,
    UnsupportedMediaType,
)


def check_media_type(content_type: str | None) -> None:
    """Refuses what does not say that it is JSON in UTF-8, such as a form on another's page."""
    if content_type == MEDIA_TYPE:
        return
    if read_media_type(content_type) in ((MEDIA_TYPE, None), (MEDIA_TYPE, "utf-8")):
        return
    raise UnsupportedMediaType("The body must be application/json in UTF-8.")


def read_media_type(content_type: str | None) -> tuple[str, str | None]:
    """A media type and its charset, if it names one, in lower case. It is empty where there is anything
    else."""
    media_type, _, parameters = (content_type or "").partition(";")
    name, _, charset = parameters.partition("=")
    match name.strip().lower():
        case "":
            return media_type.strip().lower(), None
        case "charset":
            return media_type.strip().lower(), charset.strip().strip('"').lower()
    return "", None


def decode(body: bytes) -> Any:
    """The value of a body; refuses with a slug what two parsers could read differently."""
    if not body:
        raise BodyMissing("This route needs a JSON body.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedJson("The body is not UTF-8.") from None
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        raise MalformedJson(f"{fault.msg} at line {fault.lineno}, column {fault.colno}.") from None
    except ValueError:
        raise NumberNotFinite("A number has too many digits.") from None
    if _SUSPECT_ESCAPE.search(text):
        _check_strings(value)
    return value


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEPTH:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
                if depth > DEPTH:
                    raise TooDeep(f"Nested more than {DEPTH} levels deep.")
            case "]" | "}":
                depth -= 1


def _check_strings(value: Any) -> None:
    pending = [value]
    while pending:
        match pending.pop():
            case str() as text:
                if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
                    raise ForbiddenCharacter("A string holds NUL or half of a surrogate pair.")
            case dict() as members:
                pending.extend(members)
                pending.extend(members.values())
            case list() as items:
                pending.extend(items)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateKey("An object has a key twice.")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NumberNotFinite("A number is too large.")
    return number


def _not_a_number(_constant: str) -> float:
    raise NumberNotFinite("NaN and Infinity are not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_float=_finite, parse_constant=_not_a_number
)
