"""Green threads take turns: nobody who sends fast keeps the others waiting."""

import socket
from types import SimpleNamespace

import pytest

from chassis.http.connection import Connection
from chassis.http.incoming import Incoming
from chassis.http.messages import Reply

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
def pair():
    """Our end, green as those that a listener accepts, and the client's."""
    from eventlet.greenio import GreenSocket

    ours, theirs = socket.socketpair()
    with theirs:
        yield GreenSocket(ours), theirs
    ours.close()


@pytest.fixture
def turns():
    """How often somebody else had a turn, so far."""
    import eventlet

    count = [0]

    def others():
        while True:
            count[0] += 1
            eventlet.sleep(0)

    thread = eventlet.spawn(others)
    yield lambda: count[0]
    thread.kill()


def test_others_have_a_turn_at_each_piece_of_a_body_that_is_there_already(pair, turns):
    ours, theirs = pair
    theirs.sendall(GET + bytes(190_000))
    incoming = Incoming(ours, timeout=5)
    incoming.head()
    before = turns()
    incoming.body(190_000, limit=190_000)
    assert turns() > before


def test_others_have_a_turn_between_requests_that_came_at_once(pair, turns):
    ours, theirs = pair
    theirs.sendall(GET * 50)
    theirs.shutdown(socket.SHUT_WR)
    seen = []
    front = SimpleNamespace(
        find=lambda method, path: SimpleNamespace(refusal=None, body_limit=0),
        reply=lambda target, request: (seen.append(turns()), (Reply(204), "id"))[1],
    )
    Connection(ours, front, 5, lambda connection, state: None).serve()
    assert len(seen) == 50
    assert len(set(seen)) == 50
