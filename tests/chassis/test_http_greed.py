"""Nobody fills the memory: bodies that are large come after who calls is known, lists after their length,
packed ones not at all."""

import gzip
import json

import pytest

from chassis.http.connection import BODY_OF_ANYBODY
from chassis.http.routing import BODY_LIMIT, NO_BODY_LIMIT
from tests.support.http_server import is_closed, read_response, serving

THINGS = "/north/bodies/yongan/things"
LARGE = BODY_OF_ANYBODY + 1


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


def head(path, *fields, method="PUT"):
    lines = [f"{method} {path} HTTP/1.1", "Host: h", "Content-Type: application/json", *fields, "", ""]
    return "\r\n".join(lines).encode()


def told(client):
    """The refusal, after which the connection is closed; nothing more was sent."""
    answer = read_response(client)
    assert is_closed(client)
    return answer.status, answer.slug


@pytest.mark.parametrize("length", [f"Content-Length: {LARGE}", "Transfer-Encoding: chunked"])
def test_a_large_body_is_not_read_from_who_may_not_send_it(server, length):
    assert told(server.connect(head(THINGS, length))) == (401, "token-missing")
    forged = f"Authorization: {server.token()}x"
    assert told(server.connect(head(THINGS, length, forged)))[0] == 401
    deputy = f"Authorization: {server.token(roles=('deputy',))}"
    assert told(server.connect(head(THINGS, length, deputy))) == (403, "role-not-allowed")
    elsewhere = f"Authorization: {server.token(bodies=('beita',))}"
    assert told(server.connect(head(THINGS, length, elsewhere))) == (403, "body-not-allowed")


def test_a_large_body_is_not_even_asked_for_when_nobody_knows_who_calls(server):
    client = server.connect(head(THINGS, f"Content-Length: {LARGE}", "Expect: 100-continue"))
    assert told(client) == (401, "token-missing")


def test_a_large_body_is_read_from_who_may_send_it(server):
    client = server.connect(head(THINGS, f"Content-Length: {LARGE}", f"Authorization: {server.token()}"))
    client.sendall(b'{"name":"a"}' + b" " * (LARGE - 12))
    assert read_response(client).status == 204


def test_a_small_body_that_nobody_may_send_leaves_the_connection_open(server):
    client = server.connect(head(THINGS, "Content-Length: 2") + b"{}" + head(THINGS, "Content-Length: 2"))
    assert read_response(client).slug == "token-missing"
    client.sendall(b"{}")
    assert read_response(client).slug == "token-missing"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/north/nothing"), ("GET", "/north/hello"), ("GET", "/north/health"), ("GET", "/health")],
)
def test_where_no_body_is_taken_hardly_any_is_read(server, method, path):
    client = server.connect(head(path, f"Content-Length: {NO_BODY_LIMIT + 1}", method=method))
    assert told(client) == (413, "body-too-large")
    client = server.connect(head(path, f"Content-Length: {NO_BODY_LIMIT}", method=method))
    client.sendall(b"{" + b" " * (NO_BODY_LIMIT - 1))
    assert read_response(client).status in (400, 503)


def test_the_index_takes_no_body_either(server):
    client = server.connect(head("/", f"Content-Length: {BODY_LIMIT}", method="GET"))
    assert told(client) == (413, "body-too-large")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-gzip", "gzip, identity", "GZIP"])
def test_a_body_with_a_content_coding_is_415(server, coding):
    packed = gzip.compress(json.dumps({"name": "a" * 10}).encode())
    for path, media_type in (("/north/things", "application/json"), ("/north/weights", "text/csv")):
        answer = server.request("POST", path, packed, Content_Type=media_type, Content_Encoding=coding)
        assert (answer.status, answer.slug) == (415, "unsupported-media-type")


def test_a_body_may_say_that_it_is_as_it_is(server):
    answer = server.request("POST", "/north/things", {"name": "a"}, Content_Encoding="identity")
    assert answer.status == 201


def test_a_list_beyond_its_length_is_refused_at_once(server):
    body = b'{"name":"a","parts":[' + b",".join([b"0"] * 400_000) + b"]}"
    answer = server.request("POST", "/north/things", body)
    assert (answer.status, answer.json["errors"]) == (
        *(422, [{"field": "parts", "detail": "Longer than maximum length 10000."}]),
    )
