"""The listener against clients that are broken, slow, greedy or hostile."""

import re
import socket
import time

import pytest

from tests.support.http_server import is_closed, read_response, serving

TIMEOUT_SECONDS = 0.6
CONNECTIONS = 8
LISTENING = 1
GET = b"GET /north/hello HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /north/things HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
THING = b'{"name":"a"}'


@pytest.fixture(scope="module")
def server():
    with serving(
        HTTP_TIMEOUT_SECONDS=TIMEOUT_SECONDS, HTTP_MAX_CONNECTIONS=CONNECTIONS, HTTP_BODY_LIMIT=100_000
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def still_well(server):
    """After each test it answers, and has printed nothing: what clients do is no fault."""
    yield
    while server.open_sockets:
        server.open_sockets.pop().close()
    assert server.request("GET", "/north/hello").status == 200
    assert server.log() == ""


def refused(client):
    """The slug of the refusal that comes, after which the connection is closed."""
    response = read_response(client)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["connection"] == "close"
    assert response.headers["x-correlation-id"] == response.json["correlation_id"]
    assert response.status == response.json["status"]
    assert is_closed(client)
    return response.status, response.slug


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"GET /" + b"a" * 9000, (414, "target-too-long")),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 40000, (431, "headers-too-large")),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: a\r\n" * 200 + b"\r\n", (431, "headers-too-large")),
        (b"hello?\r\n\r\n", (400, "malformed-request")),
        (b"\x16\x03\x01\x02\x00\x01\n\n", (400, "malformed-request")),
        (POST + b"Content-Length: many\r\n\r\n", (400, "malformed-request")),
        (
            POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            (400, "malformed-request"),
        ),
        (POST + b"Content-Length: 1\r\nExpect: more\r\n\r\n", (417, "expectation-failed")),
        (POST + b"Content-Length: 100001\r\n\r\n", (413, "body-too-large")),
        (POST + b"Content-Length: 9999999999999999\r\n\r\n", (413, "body-too-large")),
        (POST + b"Content-Length: 999999999999\r\nExpect: 100-continue\r\n\r\n", (413, "body-too-large")),
    ],
)
def test_what_is_not_a_request_is_refused_and_the_connection_closed(server, octets, expected):
    assert refused(server.connect(octets)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"x\r\n",
        b"-1\r\n",
        b"0x1\r\n",
        b"1_0\r\n",
        b"+1\r\n",
        b"\r\n",
        b"2\r\nabc\r\n",
        b"fffffffffffffffff\r\n",
        b"1;" + b"x" * 20000,
        b"0\r\n" + b"X: a\r\n" * 5000,
        b"1\r\n1\r\n" * 8000,
    ],
)
def test_chunked_garbage_is_refused(server, body):
    client = server.connect(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    client.sendall(body)
    assert refused(client) == (400, "malformed-request")


def test_a_chunked_body_is_read_and_the_connection_goes_on(server):
    chunks = b'5;a="b"\r\n{"nam\r\n7\r\ne":"a"}\r\n0\r\nTrailer: x\r\n\r\n'
    client = server.connect(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + GET)
    assert read_response(client).json == {"name": "a"}
    assert read_response(client).body.decode() == "你好"


def test_a_chunked_body_may_come_byte_by_byte(server):
    client = server.connect(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octet in b'c\r\n{"name":"a"}\r\n0\r\n\r\n':
        client.sendall(bytes([octet]))
    assert read_response(client).json == {"name": "a"}


def test_requests_that_come_at_once_are_answered_in_order(server):
    count = 200
    posts = [POST + b'Content-Length: %d\r\n\r\n{"name":"%d"}' % (11 + len(str(n)), n) for n in range(count)]
    client = server.connect(b"".join(posts))
    assert [read_response(client).json["name"] for _ in range(count)] == [str(n) for n in range(count)]


def test_blank_lines_before_a_request_are_passed_over(server):
    assert read_response(server.connect(b"\r\n\r\n\r\n" + GET)).status == 200


def test_a_body_longer_than_its_length_is_the_next_request(server):
    client = server.connect(POST + b"Content-Length: 12\r\n\r\n" + THING + b"xyz\r\n\r\n")
    assert read_response(client).status == 201
    assert refused(client) == (400, "malformed-request")


def test_a_body_that_is_not_read_ends_the_connection(server):
    client = server.connect(b"POST /north/absent HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
    assert refused(client) == (404, "route-not-found")


def test_a_client_that_expects_to_be_told_is_told_to_go_on(server):
    client = server.connect(POST + b"Content-Length: 12\r\nExpect: 100-continue\r\n\r\n")
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(THING)
    assert read_response(client).status == 201


def test_a_client_that_expects_to_be_told_is_told_at_once_of_a_refusal(server):
    client = server.connect(
        b"POST /north/absent HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    )
    assert refused(client) == (404, "route-not-found")


def test_the_answer_to_head_has_no_body(server):
    client = server.connect(GET.replace(b"GET", b"HEAD") + GET)
    answer = read_response(client, head_only=True)
    assert (answer.status, answer.reason, answer.headers["content-length"]) == (200, "OK", "6")
    assert read_response(client).body.decode() == "你好"


def test_an_answer_without_content_has_no_length(server):
    client = server.connect(b"POST /north/nothing HTTP/1.1\r\nHost: h\r\n\r\n" + GET)
    answer = read_response(client)
    assert (answer.status, answer.reason) == (204, "No Content")
    assert "content-length" not in answer.headers
    assert read_response(client).status == 200


def test_http_1_0_is_answered_once(server):
    client = server.connect(b"GET /north/hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert read_response(client).headers["connection"] == "close"
    assert is_closed(client)


def test_an_idle_connection_is_closed_without_a_word(server):
    client = server.connect(GET)
    assert read_response(client).status == 200
    assert is_closed(client)


def trickle(client, octets, seconds=20.0):
    """Sends a byte now and then until an answer comes; returns how long that took."""
    began = time.monotonic()
    client.settimeout(0.05)
    for n in range(int(seconds / 0.05)):
        try:
            client.sendall(octets[n % len(octets) :][:1])
            if client.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
    client.settimeout(20)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("at_once", "slowly"),
    [
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nHost: h\r\n", b"X: a\r\n"),
        (POST + b"Content-Length: 99999\r\n\r\n", b" "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["line", "fields", "body", "chunks"],
)
def test_a_request_that_trickles_in_does_not_hold_a_place_for_long(server, at_once, slowly):
    client = server.connect(at_once)
    assert trickle(client, slowly) < TIMEOUT_SECONDS * 4
    assert refused(client) == (408, "request-timeout")


def test_an_answer_that_is_hardly_taken_is_given_up(server):
    client = server.connect(b"GET /north/large HTTP/1.1\r\nHost: h\r\n\r\n", receive_buffer=4096)
    taken, began = len(client.recv(1)), time.monotonic()
    while server.sockets() > LISTENING and time.monotonic() - began < 20:
        taken += len(client.recv(512))
    assert TIMEOUT_SECONDS * 0.9 <= time.monotonic() - began < 20
    while received := client.recv(1 << 20):
        taken += len(received)
    assert taken < 1 << 25


def test_a_body_over_the_limit_is_refused_before_it_is_in_memory(server):
    before = server.peak_memory()
    client = server.connect(POST + b"Content-Length: 500000000\r\n\r\n")
    with pytest.raises(OSError):  # noqa: PT011 reset or broken pipe, whichever is noticed first
        client.sendall(bytes(500_000_000))
    assert server.peak_memory() - before < 8 << 20


def test_a_client_may_go_on_sending_for_a_while_before_it_reads_the_refusal(server):
    client = server.connect(POST + b"Content-Length: 900000\r\n\r\n")
    assert client.recv(1, socket.MSG_PEEK)
    for _ in range(9):
        client.sendall(bytes(100_000))
    assert refused(client) == (413, "body-too-large")


def test_a_chunked_body_over_the_limit_is_refused_when_it_passes_it(server):
    client = server.connect(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(7):
        client.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
    assert refused(client) == (413, "body-too-large")


def test_a_route_may_have_a_smaller_limit(server):
    client = server.connect(
        b"POST /north/small HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1025\r\n\r\n"
    )
    assert refused(client) == (413, "body-too-large")


def test_a_client_that_goes_away_leaves_no_trace(server):
    for octets in (b"", b"GET /no", GET, POST + b"Content-Length: 99\r\n\r\n", GET * 50):
        client = server.connect(octets)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, not a polite end
        client.close()
    client = server.connect(b"GET /north/large HTTP/1.1\r\nHost: h\r\n\r\n")
    client.recv(10)
    client.close()


def test_when_all_places_are_taken_the_longest_idle_goes(server):
    first = server.connect(GET)
    assert read_response(first).status == 200
    others = []
    for _ in range(CONNECTIONS):
        others.append(server.connect(GET))
        assert read_response(others[-1]).status == 200
    for client in others:
        client.sendall(GET)
        assert read_response(client).status == 200
    assert is_closed(first)


def test_when_all_places_are_busy_a_newcomer_is_turned_away(server):
    busy = []
    for _ in range(CONNECTIONS):
        busy.append(server.connect(POST + b"Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"))
        assert busy[-1].recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert refused(server.connect(GET)) == (503, "overloaded")
    for client in busy:
        client.sendall(THING)
        assert read_response(client).status == 201


def test_what_was_refused_is_measured(server):
    refused(server.connect(b"hello?\r\n\r\n"))
    page = server.request("GET", "/north/metrics/all").body.decode()
    labels = 'method="other",route="unmatched",service="front",status="400"'
    assert re.search(rf"^piaojue_http_requests_total{{{labels}}} [1-9]", page, re.MULTILINE)
