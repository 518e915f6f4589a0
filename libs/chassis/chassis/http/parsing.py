"""What llhttp tells of a request, and refusals of what it lets through although we do not.

What two readers could take differently is refused, and the connection closed: a proxy in front must never
see other borders between requests than we do. llhttp, with no leniency set, sees to form: tokens, line ends,
folded fields, lengths that contradict each other, chunks. What is checked here it leaves to its user.
"""

from dataclasses import dataclass
from typing import Final

from chassis.http.problems import BodyTooLarge, ExpectationFailed, HeadersTooLarge, Malformed, TargetTooLong

TARGET_LENGTH: Final = 8192
HEAD_LENGTH: Final = 32768
FIELDS: Final = 100
FRAMING_SPARE: Final = 16384
"""Bytes of chunked framing beyond those of the body itself; more is not a body but work for us."""

_ONCE: Final = frozenset({"authorization", "content-type", "expect", "host"})
"""What is read here, and would come twice if it were not refused: llhttp sees to the other two."""


@dataclass(slots=True)
class Head:
    """What comes before a body. ``length`` is None where the body is chunked; names are in lower case."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    length: int | None
    expects_continue: bool
    keep_alive: bool


class HeadHeard:
    """Is told of a head by llhttp."""

    __slots__ = ("_fields", "_headers", "_target", "whole")

    def __init__(self) -> None:
        self.whole = False
        self._target = b""
        self._headers: dict[str, str] = {}
        self._fields = 0

    def on_url(self, octets: bytes) -> None:
        self._target += octets
        if len(self._target) > TARGET_LENGTH:
            raise TargetTooLong(f"The request target is longer than {TARGET_LENGTH} bytes.")

    def on_header(self, octets: bytes, content: bytes) -> None:
        self._fields += 1
        if self._fields > FIELDS:
            raise HeadersTooLarge(f"There are more than {FIELDS} header fields.")
        name, value = octets.decode("ascii").lower(), content.decode("latin-1").rstrip(" \t")
        if name in self._headers:
            if name in _ONCE:
                raise Malformed(f"The header field {name} is there twice.")
            value = f"{self._headers[name]}, {value}"
        self._headers[name] = value

    def on_headers_complete(self) -> None:
        self.whole = True

    def check(self, length: int) -> None:
        """Refuses a head of so many bytes, whole or not."""
        if length > HEAD_LENGTH:
            raise HeadersTooLarge(f"The header fields are larger than {HEAD_LENGTH} bytes.")

    def head(self, method: str, version: str) -> Head:
        """The head, once it is whole. Raises a Refused; the connection cannot go on then."""
        headers = self._headers
        if version not in ("1.0", "1.1"):
            raise Malformed("The request is not one of HTTP/1.1.")
        if version == "1.1" and "host" not in headers:
            raise Malformed("The header field Host is missing.")
        path, _, query_string = _origin_form(method, self._target.decode("ascii")).partition("?")
        length = _length(headers, version)
        expects_continue, keep_alive = _expects_continue(headers, length), _keeps_alive(headers, version)
        return Head(method, path, query_string, headers, length, expects_continue, keep_alive)


class ChunksHeard:
    """Is told of a chunked body by llhttp; not of extensions and trailers, which say nothing to us."""

    def __init__(self, limit: int) -> None:
        self.whole = False
        self.body = bytearray()
        self._limit = limit

    def on_body(self, octets: bytes) -> None:
        self.body += octets
        check_length(len(self.body), self._limit)

    def on_message_complete(self) -> None:
        self.whole = True

    def check(self, length: int) -> None:
        """Refuses so many bytes, with their framing, for what has come of the body, whole or not."""
        if length > 2 * len(self.body) + FRAMING_SPARE:
            raise Malformed("The chunks are too small, or what is beside them is too long.")


def check_length(length: int, limit: int) -> None:
    """Refuses a body of so many bytes."""
    if length > limit:
        raise BodyTooLarge(f"The body is larger than {limit} bytes.")


def _origin_form(method: str, target: str) -> str:
    if target[0] != "/":
        if target == "*" and method == "OPTIONS":
            return "/"
        if target.lower().startswith(("http://", "https://")):
            target = "/" + "".join(target.split("/", 3)[3:])
    if target[0] == "/" and "#" not in target:
        return target
    raise Malformed("The request target must be a path.")


def _length(headers: dict[str, str], version: str) -> int | None:
    coding = headers.get("transfer-encoding")
    if coding is None:
        return int(headers.get("content-length", 0))
    if version == "1.0" or coding.lower() != "chunked":
        raise Malformed("The only transfer coding is chunked, of HTTP/1.1.")
    return None


def _expects_continue(headers: dict[str, str], length: int | None) -> bool:
    expectation = headers.get("expect")
    if expectation is not None and expectation.lower() != "100-continue":
        raise ExpectationFailed("The only expectation that can be met is 100-continue.")
    return expectation is not None and length != 0


def _keeps_alive(headers: dict[str, str], version: str) -> bool:
    options = headers.get("connection")
    asks_for_end = options is not None and "close" in map(str.strip, options.lower().split(","))
    return version == "1.1" and not asks_for_end
