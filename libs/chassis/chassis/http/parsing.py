"""The head of an HTTP/1.1 request (RFC 9112), read strictly.

What two readers could take differently is refused, and the connection closed: a proxy in front must never
see other borders between requests than we do.
"""

import re
from dataclasses import dataclass
from typing import Final

from chassis.http.problems import ExpectationFailed, HeadersTooLarge, Malformed, TargetTooLong

REQUEST_LINE_LENGTH: Final = 8192
HEAD_LENGTH: Final = 32768
FIELDS: Final = 100
LENGTH_DIGITS: Final = 15

_ONCE: Final = frozenset(
    {"authorization", "content-length", "content-type", "expect", "host", "transfer-encoding"}
)
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
# Possessive, so that a field of many blanks and one forbidden character costs one pass.
_REQUEST_LINE = re.compile(rf"({_TOKEN}{{1,32}}) ([!\"$-~]++) HTTP/1\.([01])")
_FIELD = re.compile(rf"({_TOKEN}++):[ \t]*+([\t -~\x80-\xff]*+)")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


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


def parse_head(octets: bytes | bytearray) -> Head:
    """The head without the blank line that ends it. Raises a Refused; the connection cannot go on then."""
    lines = octets.decode("latin-1").split("\r\n")
    found = _REQUEST_LINE.fullmatch(lines[0])
    if found is None:
        raise Malformed("The request line is not one of HTTP/1.1.")
    method, target, minor = found.groups()
    headers = _fields(lines[1:])
    if minor == "1" and "host" not in headers:
        raise Malformed("The header field Host is missing.")
    path, _, query_string = _origin_form(method, target).partition("?")
    length = _length(headers, minor)
    return Head(
        method,
        path,
        query_string,
        headers,
        length,
        expects_continue="expect" in headers and _expects_continue(headers["expect"], length),
        keep_alive=minor == "1" and not ("connection" in headers and _says_close(headers["connection"])),
    )


def check_unfinished(octets: bytes | bytearray, since: int = 0) -> None:
    """Refuses a head that has not ended yet and cannot become a good one."""
    line_end = octets.find(b"\r\n")
    if (line_end if line_end >= 0 else len(octets)) > REQUEST_LINE_LENGTH:
        raise TargetTooLong(f"The request line is longer than {REQUEST_LINE_LENGTH} bytes.")
    if len(octets) > HEAD_LENGTH:
        raise HeadersTooLarge(f"The header fields are larger than {HEAD_LENGTH} bytes.")
    if _BARE_LINE_FEED.search(octets, max(0, since - 1)):
        raise Malformed("Lines must end with CR LF.")


def _fields(lines: list[str]) -> dict[str, str]:
    if len(lines) > FIELDS:
        raise HeadersTooLarge(f"There are more than {FIELDS} header fields.")
    headers: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            raise Malformed("A header field cannot be read.")
        name, value = found[1].lower(), found[2].rstrip(" \t")
        if name in headers:
            if name in _ONCE:
                raise Malformed(f"The header field {name} is there twice.")
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return headers


def _origin_form(method: str, target: str) -> str:
    if target[0] == "/":
        return target
    if target == "*" and method == "OPTIONS":
        return "/"
    if target.lower().startswith(("http://", "https://")):
        return "/" + "".join(target.split("/", 3)[3:])
    raise Malformed("The request target must begin with a slash.")


def _length(headers: dict[str, str], minor: str) -> int | None:
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if length is not None:
            raise Malformed("Content-Length and Transfer-Encoding exclude each other.")
        if minor == "0" or coding.lower() != "chunked":
            raise Malformed("The only transfer coding is chunked, of HTTP/1.1.")
        return None
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit() and len(length) <= LENGTH_DIGITS):
        raise Malformed("Content-Length is not a number of bytes.")
    return int(length)


def _expects_continue(expectation: str, length: int | None) -> bool:
    if expectation.lower() != "100-continue":
        raise ExpectationFailed("The only expectation that can be met is 100-continue.")
    return length != 0


def _says_close(connection: str) -> bool:
    return "close" in (option.strip() for option in connection.lower().split(","))
