"""The head of a request: what is read, and what is refused since two readers could take it differently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from chassis.http.parsing import FIELDS, Head, check_unfinished, parse_head


def head(*fields: str, line: str = "POST /north/things HTTP/1.1", host: bool = True) -> Head:
    lines = [line, *(["Host: h"] if host else []), *fields]
    return parse_head("\r\n".join(lines).encode("latin-1"))


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
        "GET / HTTP/2.0",
        "GET / HTTP/1.1 ",
        "GET  / HTTP/1.1",
        "GET / http/1.1",
        "GET h.example:80 HTTP/1.1",
        "GET * HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /\x00 HTTP/1.1",
        "GET /\xe9 HTTP/1.1",
        "GET /#part HTTP/1.1",
        "G@T / HTTP/1.1",
        " GET / HTTP/1.1",
        "",
    ],
)
def test_a_request_line_that_is_not_one_is_refused(line):
    with pytest.raises(Refused) as refused:
        head(line=line)
    assert refused.value.slug == "malformed-request"


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
        "X-Th\xefng: a",
        "Host: twice",
    ],
)
def test_a_field_that_cannot_be_read_one_way_only_is_refused(field):
    with pytest.raises(Refused) as refused:
        head(field)
    assert refused.value.slug == "malformed-request"


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
        ["Content-Length: " + "9" * 16],
        ["Content-Length: 1", "Content-Length: 1"],
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding:"],
    ],
)
def test_a_length_that_two_readers_could_take_differently_is_refused(fields):
    with pytest.raises(Refused) as refused:
        head(*fields)
    assert refused.value.slug == "malformed-request"


def test_chunks_are_not_of_http_1_0():
    with pytest.raises(Refused):
        head("Transfer-Encoding: chunked", line="POST / HTTP/1.0")


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
    with pytest.raises(Refused) as refused:
        head("Expect: a miracle")
    assert refused.value.slug == "expectation-failed"


def test_too_many_fields_are_refused():
    head(*(f"X-{n}: a" for n in range(FIELDS - 1)))
    with pytest.raises(Refused) as refused:
        head(*(f"X-{n}: a" for n in range(FIELDS)))
    assert refused.value.slug == "headers-too-large"


@pytest.mark.parametrize(
    ("octets", "slug"),
    [
        (b"GET /" + b"a" * 8192, "target-too-long"),
        (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nX: a", "target-too-long"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 32768, "headers-too-large"),
        (b"GET / HTTP/1.1\n\n", "malformed-request"),
    ],
)
def test_a_head_that_cannot_become_good_is_refused_before_it_ends(octets, slug):
    with pytest.raises(Refused) as refused:
        check_unfinished(octets)
    assert refused.value.slug == slug


def test_a_field_of_blanks_costs_one_pass():
    with pytest.raises(Refused):
        head("X: " + " " * 32000 + "\x01")  # in the square of its length this would take minutes


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(octets):
    try:
        found = parse_head(b"GET / HTTP/1.1\r\nHost: h\r\n" + octets)
    except Refused:
        return
    assert all(name == name.lower() for name in found.headers)
    assert not any("\n" in value or "\r" in value for value in found.headers.values())
