"""What is read as a request, and what is refused since two readers could take it differently.

It holds llhttp to its strictness too, lest another version of it, or a leniency, goes unnoticed.
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from chassis.http.incoming import Closed, Incoming
from chassis.http.parsing import FIELDS, FRAMING_SPARE, HEAD_LENGTH, TARGET_LENGTH, Head

LIMIT = 50_000


class Fed(Incoming):
    """Gets these pieces instead of what a socket receives, and then the end."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(None, 5)
        self._pieces = iter(pieces)

    def _receive(self) -> None:
        try:
            self._buffer += next(self._pieces)
        except StopIteration:
            raise Closed from None


def head(*fields: str, line: str = "POST /north/things HTTP/1.1", host: bool = True) -> Head:
    lines = [line, *(["Host: h"] if host else []), *fields, "", ""]
    return Fed("\r\n".join(lines).encode("latin-1")).head()


def chunked(octets: bytes, limit: int = LIMIT) -> bytes:
    return Fed(octets).body(None, limit)


def slug_of(read, *args, **kwargs) -> str:
    with pytest.raises(Refused) as refused:
        read(*args, **kwargs)
    return refused.value.slug


def test_a_head_is_read():
    found = head("Content-Length: 12", "X-Thing:  a b\t", line="POST /north/a%20b?x=1&y HTTP/1.1")
    assert found == Head(
        "POST",
        "/north/a%20b",
        "x=1&y",
        {"host": "h", "content-length": "12", "x-thing": "a b"},
        length=12,
        expects_continue=False,
        keep_alive=True,
    )


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a?b", "/a"),
        ("http://h.example/a/b", "/a/b"),
        ("HTTP://h.example", "/"),
        ("//a", "//a"),
    ],
)
def test_a_target_is_a_path_or_has_one(target, path):
    assert head(line=f"GET {target} HTTP/1.1").path == path


@pytest.mark.parametrize(
    "line",
    [
        "GET /",
        "GET / HTTP/0.9",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "PRI * HTTP/2.0",
        "GET / HTTP/1.1 ",
        "GET / HTTP/1.1\r",
        "GET / http/1.1",
        "GET h.example:80 HTTP/1.1",
        "CONNECT h.example:80 HTTP/1.1",
        "GET ftp://h.example/a HTTP/1.1",
        "GET * HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /\x00 HTTP/1.1",
        "GET /\xe9 HTTP/1.1",
        "GET /#part HTTP/1.1",
        "GET http://h.example/#part HTTP/1.1",
        "G@T / HTTP/1.1",
        "get / HTTP/1.1",
        "BREW / HTTP/1.1",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1\r\n folded: a",
        "",
    ],
)
def test_a_request_line_that_is_not_one_is_refused(line):
    assert slug_of(head, line=line) == "malformed-request"


@pytest.mark.parametrize(
    "field",
    [
        "X-Thing : a",
        " folded: a",
        "\tfolded",
        "no colon",
        ": no name",
        "X-Thing: a\x00b",
        "X-Thing: a\rb",
        "X-Thing: a\nb",
        "X-Thing: a\r\n folded",
        "X-Thing:\r\n\tfolded",
        "X-Thing: a\x7fb",
        "X-Thing\xa0: a",
        "X(Thing): a",
        "X-Th\xefng: a",
        "Host: twice",
        "Authorization: a\r\nAuthorization: b",
    ],
)
def test_a_field_that_cannot_be_read_one_way_only_is_refused(field):
    assert slug_of(head, field) == "malformed-request"


def test_fields_that_may_be_there_twice_are_joined():
    assert head("X-Thing: a", "x-thing: b").headers["x-thing"] == "a, b"


def test_a_request_without_host_is_refused_unless_it_is_of_http_1_0():
    with pytest.raises(Refused):
        head(host=False)
    assert head(host=False, line="GET / HTTP/1.0").path == "/"


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: -1"],
        ["Content-Length: +1"],
        ["Content-Length: 1_0"],
        ["Content-Length: 0x1"],
        ["Content-Length: 1 2"],
        ["Content-Length: 1, 1"],
        ["Content-Length:"],
        ["Content-Length: \xb2"],
        ["Content-Length: " + "9" * 20],
        ["Content-Length: 1", "Content-Length: 1"],
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 1"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: \x0bchunked"],
        ["Transfer-Encoding: chunked;a=b"],
        ["Transfer-Encoding:"],
    ],
)
def test_a_length_that_two_readers_could_take_differently_is_refused(fields):
    assert slug_of(head, *fields) == "malformed-request"


def test_chunks_are_not_of_http_1_0():
    assert slug_of(head, "Transfer-Encoding: chunked", line="POST / HTTP/1.0") == "malformed-request"


def test_a_chunked_body_has_no_length_and_none_has_the_length_0():
    assert head("Transfer-Encoding: Chunked").length is None
    assert head().length == 0


@pytest.mark.parametrize(
    ("line", "fields", "kept"),
    [
        ("GET / HTTP/1.1", [], True),
        ("GET / HTTP/1.1", ["Connection: upgrade, Close"], False),
        ("GET / HTTP/1.1", ["Connection: keep-alive"], True),
        ("GET / HTTP/1.0", ["Connection: keep-alive"], False),
    ],
)
def test_a_connection_is_kept_unless_the_client_says_otherwise(line, fields, kept):
    assert head(*fields, line=line).keep_alive is kept


def test_expectations():
    assert head("Expect: 100-Continue", "Content-Length: 1").expects_continue
    assert not head("Expect: 100-continue").expects_continue
    assert slug_of(head, "Expect: a miracle") == "expectation-failed"


def test_too_many_fields_are_refused():
    head(*(f"X-{n}: a" for n in range(FIELDS - 1)))
    assert slug_of(head, *(f"X-{n}: a" for n in range(FIELDS))) == "headers-too-large"


def test_a_head_may_be_as_long_as_its_limits():
    assert head(line=f"GET /{'a' * (TARGET_LENGTH - 1)} HTTP/1.1").method == "GET"
    assert slug_of(head, line=f"GET /{'a' * TARGET_LENGTH} HTTP/1.1") == "target-too-long"
    rest = HEAD_LENGTH - len("GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n")
    assert head("X: " + "a" * rest, line="GET / HTTP/1.1").path == "/"
    assert slug_of(head, "X: " + "a" * (rest + 1), line="GET / HTTP/1.1") == "headers-too-large"


@pytest.mark.parametrize(
    ("octets", "slug"),
    [
        (b"GET /" + b"a" * 9000, "target-too-long"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nX: a", "target-too-long"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 32768, "headers-too-large"),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * (FIELDS + 2), "headers-too-large"),
        (b"\r\n" * 20000, "headers-too-large"),
        (b"GET / HTTP/1.1\n\n", "malformed-request"),
        (b"GET / HTTP/1.1\r\nX: a\n", "malformed-request"),
        (b"\x16\x03\x01\x02\x00\x01\xfc", "malformed-request"),
    ],
)
def test_a_head_that_cannot_become_good_is_refused_before_it_ends(octets, slug):
    assert slug_of(Fed(octets).head) == slug
    assert slug_of(Fed(*(octets[n : n + 1] for n in range(len(octets)))).head) == slug


def test_a_wish_for_another_protocol_is_ignored():
    fields = b"Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n"
    incoming = Fed(b"POST / HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n2\r\nab\r\n0\r\n\r\nGET")
    assert incoming.body(incoming.head().length, LIMIT) == b"ab"
    assert incoming.ahead


@pytest.mark.parametrize(
    "octets",
    [
        b"1\n1\r\n0\r\n\r\n",
        b"1\r\n1\n0\r\n\r\n",
        b"1 \r\n1\r\n0\r\n\r\n",
        b"1\r\n1\r\n0\r\n\n",
        b"1;a\n1\r\n0\r\n\r\n",
        b'1;a="\n"\r\n1\r\n0\r\n\r\n',
        b"1;\rb\r\n1\r\n0\r\n\r\n",
        b"0\r\nX : a\r\n\r\n",
        b"0\r\nX: a\r\n folded\r\n\r\n",
        b"0\r\nContent-Length: 3\r\n\r\n",
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_chunks_that_two_readers_could_take_differently_are_refused(octets):
    assert slug_of(chunked, octets) == "malformed-request"


def test_a_chunked_body_may_be_as_long_as_its_limit():
    assert chunked(b"5\r\nhello\r\n0\r\n\r\n", limit=5) == b"hello"
    assert slug_of(chunked, b"5\r\nhello\r\n0\r\n\r\n", limit=4) == "body-too-large"
    assert slug_of(chunked, b"fffffffff\r\nhello", limit=4) == "body-too-large"


def test_chunks_with_much_beside_them_are_refused_before_they_end():
    for octets in (
        b"1\r\n1\r\n" * FRAMING_SPARE,
        b"1;" + b"x" * FRAMING_SPARE,
        b"0\r\n" + b"X: a\r\n" * 4000,
    ):
        assert slug_of(chunked, octets) == "malformed-request"


def test_a_field_of_blanks_costs_one_pass():
    with pytest.raises(Refused):
        head("X: " + " " * 32000 + "\x01")  # in the square of its length this would take minutes


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(octets):
    try:
        found = Fed(b"GET / HTTP/1.1\r\nHost: h\r\n" + octets).head()
    except (Refused, Closed):
        return
    assert all(name == name.lower() for name in found.headers)
    assert not any("\n" in value or "\r" in value for value in found.headers.values())


def all_of(incoming: Incoming) -> list[object]:
    """Heads and bodies until the end, or until a refusal, which is the last."""
    found: list[object] = []
    try:
        while True:
            found.append(incoming.head())
            found.append(incoming.body(found[-1].length, LIMIT))
    except Refused as refusal:
        return [*found, refusal.slug]
    except Closed:
        return found


def _with_length(body: bytes) -> bytes:
    return b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _in_chunks(chunks: list[bytes]) -> bytes:
    head = b"POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x;x\r\n%s\r\n" % (len(each), each) for each in chunks) + b"0\r\nT: t\r\n\r\n"


def _whole() -> st.SearchStrategy[bytes]:
    """Requests with bodies that look like what stands between requests."""
    bodies = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n"])).map(
        b"".join
    )
    chunks = st.lists(bodies.filter(bool), max_size=4)
    return st.one_of(bodies.map(_with_length), chunks.map(_in_chunks), st.just(b"\r\n"))


@given(st.lists(_whole(), max_size=6).map(b"".join), st.binary(max_size=20), st.data())
def test_borders_between_requests_do_not_depend_on_how_the_bytes_come(requests, rest, data):
    octets = requests + rest
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=12).map(sorted))
    pieces = [octets[a:b] for a, b in pairwise([0, *cuts, len(octets)]) if a < b]
    found = all_of(Fed(octets))
    assert all_of(Fed(*pieces)) == found
    assert all_of(Fed(*(octets[n : n + 1] for n in range(len(octets))))) == found


@given(st.lists(st.lists(st.binary(min_size=1, max_size=40), max_size=4), max_size=4))
def test_bodies_are_what_was_sent(bodies):
    octets = b"".join(_in_chunks(chunks) + _with_length(b"".join(chunks)) for chunks in bodies)
    read = all_of(Fed(octets))[1::2]
    assert read == [body for chunks in bodies for body in [b"".join(chunks)] * 2]
