"""The way over TCP: what passes, what is held, what is cut."""

import socket
from threading import Thread

import pytest

from tests.support.processes import listening
from tests.support.servers import free_ports
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import eventually


class Echo:
    """Says what it is told; ``heard`` is all of it."""

    def __init__(self):
        self.heard = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            Thread(target=self._answer, args=[client], daemon=True).start()

    def _answer(self, client):
        try:
            while piece := client.recv(65536):
                self.heard += piece
                client.sendall(piece)
        except OSError:
            pass
        client.close()

    def close(self):
        self._socket.close()


@pytest.fixture
def echo():
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def proxy(echo):
    with TcpProxy(echo.port) as made:
        yield made


@pytest.fixture
def client(proxy):
    with connected(proxy) as made:
        yield made


def connected(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def read(client, count):
    found = b""
    while len(found) < count and (piece := client.recv(65536)):
        found += piece
    return found


def nothing_comes(client, seconds=0.2):
    client.settimeout(seconds)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(5)


def is_cut(client):
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def test_bytes_pass_both_ways_whole(client):
    content = bytes(range(256)) * 4000
    Thread(target=client.sendall, args=[content], daemon=True).start()
    assert read(client, len(content)) == content


def test_an_end_that_is_told_is_passed_on(client):
    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)
    assert read(client, 100) == b"last words"


def test_what_is_held_comes_once_that_is_over(client, proxy, echo):
    proxy.hold()
    client.sendall(b"patience")
    nothing_comes(client)
    assert echo.heard == b""
    proxy.restore()
    assert read(client, 8) == b"patience"


def test_answers_alone_can_be_held(client, proxy, echo):
    proxy.hold(questions=False)
    client.sendall(b"done?")
    eventually(lambda: echo.heard == b"done?", 5, "the server has heard it")
    nothing_comes(client)
    proxy.cut()
    assert is_cut(client)


def test_a_new_connection_hangs_likewise_while_all_is_held(proxy):
    proxy.hold()
    with connected(proxy) as late:
        late.sendall(b"hello")
        nothing_comes(late)
        proxy.restore()
        assert read(late, 5) == b"hello"


def test_a_cut_ends_what_there_is_and_lets_new_ones_come(client, proxy):
    client.sendall(b"x")
    assert read(client, 1) == b"x"
    proxy.cut()
    assert is_cut(client)
    eventually(lambda: proxy.connections == 0, 5, "no connection is left")
    with connected(proxy) as other:
        other.sendall(b"y")
        assert read(other, 1) == b"y"


def test_new_connections_are_refused_until_it_is_restored(proxy):
    proxy.cut(refusing=True)
    with connected(proxy) as refused:
        assert is_cut(refused)
    proxy.restore()
    with connected(proxy) as welcome:
        welcome.sendall(b"z")
        assert read(welcome, 1) == b"z"


def test_a_server_that_is_away_cuts_the_connection(echo):
    (port,) = free_ports(1)
    with TcpProxy(port) as nowhere, connected(nowhere) as client:
        assert is_cut(client)


def test_a_closed_proxy_listens_no_more_and_is_closed_once_more_without_harm(proxy, client):
    proxy.close()
    proxy.close()
    assert is_cut(client)
    assert not listening(proxy.port)
