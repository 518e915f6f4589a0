"""Stopping: what runs is finished, what comes is refused, what does not end is ended."""

import errno
import json
import socket
from contextlib import contextmanager

from tests.support.http_server import RELEASE, is_closed, read_response, serving
from tests.support.waiting import eventually

WAIT = b"GET /south/wait HTTP/1.1\r\nHost: h\r\n\r\n"
HELLO = b"GET /south/hello HTTP/1.1\r\nHost: h\r\n\r\n"


@contextmanager
def waiting(drain):
    """A server, and a client whose request is running in the southern service."""
    with serving(HTTP_DRAIN_SECONDS=drain) as server:
        client = server.connect(WAIT)
        eventually(lambda: server.request("GET", "/south/running").json == 1)
        yield server, client


def refusal_of_stopping(client):
    """Asks until the southern service refuses."""

    def refusal():
        client.sendall(HELLO)
        answer = read_response(client)
        return answer if answer.status != 200 else None

    return eventually(refusal)


def nobody_listens(server):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", server.port)) == errno.ECONNREFUSED


def test_what_runs_is_finished_what_comes_is_refused_what_is_idle_is_closed():
    with waiting(drain=30) as (server, runs):
        idle, comes = server.connect(), server.connect()
        server.stop()
        refusal = refusal_of_stopping(comes)
        assert (refusal.status, refusal.slug, refusal.headers["retry-after"]) == (503, "stopping", "2")
        assert is_closed(comes)
        assert server.process.poll() is None
        server.tell(RELEASE)
        assert read_response(runs).body == b"released"
        assert is_closed(runs)
        assert is_closed(idle)
        assert server.process.wait(20) == 0
        assert server.log() == ""


def test_what_does_not_end_in_time_is_told_so_and_the_stop_goes_on():
    with waiting(drain=0.3) as (server, runs):
        server.stop()
        answer = read_response(runs)
        assert (answer.status, answer.slug) == (503, "stopping")
        assert server.process.wait(20) == 0
        (line,) = [json.loads(line) for line in server.log().splitlines()]
        assert (line["event"], line["service"], line["count"]) == ("requests_ended_unfinished", "south", 1)


def test_an_answer_under_way_is_sent_whole():
    with serving(HTTP_DRAIN_SECONDS=30) as server:
        client = server.connect(b"GET /north/large HTTP/1.1\r\nHost: h\r\n\r\n", receive_buffer=4096)
        assert client.recv(1) == b"H"
        server.stop()
        eventually(lambda: nobody_listens(server))
        taken = 1
        while octets := client.recv(1 << 20):
            taken += len(octets)
        assert taken > 1 << 25
        assert server.process.wait(20) == 0
