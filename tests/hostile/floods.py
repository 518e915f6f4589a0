"""What hostile clients send, on many connections at once, for as long as the test has its own business."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from threading import Event, Thread
from typing import Final

CONNECTIONS: Final = 200
PIECE: Final = 16384
ROUNDS: Final = 40
"""Of pieces, one for each connection, that are sent as fast as they are taken: 128 MiB, if all of it is."""
PAUSE_SECONDS: Final = 0.2
"""Between two rounds after that: the test shares the machine with what it attacks."""


@dataclass(frozen=True)
class Flood:
    """What each connection sends: ``at_once``, and then ``slowly``, over and over, as much as is taken."""

    at_once: bytes
    slowly: bytes = b""
    piece: int = PIECE
    connections: int = CONNECTIONS


def _post(path: str, *fields: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: h", "Content-Type: application/json", *fields, "", ""]
    return "\r\n".join(lines).encode()


def floods(body: str, papers: str) -> dict[str, Flood]:
    """By name. ``body`` is the path of a body's routes, ``papers`` the one where papers are cast."""
    brackets = b'{"code":"ABCD","marks":' + b"[" * 60_000
    deep = _post(papers, f"Content-Length: {len(brackets)}") + brackets
    chunked = _post(papers, "Transfer-Encoding: chunked")
    return {
        "heads that never end": Flood(b"GET / HTTP/1.1\r\nHost: h\r\n", b"X: a\r\n", piece=1),
        "bodies that never end": Flood(_post(papers, "Content-Length: 60000"), b" ", piece=1),
        "large bodies of nobody": Flood(
            _post(f"{body}/deputies", "Content-Length: 1000000", method="PUT"), b" " * PIECE
        ),
        "bodies where none is taken": Flood(
            _post("/ballots/profiles", "Content-Length: 1000000", method="GET"), b" " * PIECE
        ),
        "lengths that lie": Flood(_post(papers, "Content-Length: 9999999999999"), b" " * PIECE),
        "chunks without end": Flood(chunked, b"4000\r\n" + b" " * 0x4000 + b"\r\n"),
        "chunks of a byte": Flood(chunked, b"1\r\n \r\n" * 10),
        "chunks that are announced": Flood(chunked + b"fffffff0\r\n", b" " * PIECE),
        "deep brackets": Flood(deep, deep),
        "floods of fields": Flood(b"GET / HTTP/1.1\r\nHost: h\r\n", b"X: " + b"a" * 8000 + b"\r\n"),
        # These are good requests, and each is work: how many come from where is for the proxy in front.
        "answers that nobody takes": Flood(
            b"", b"GET /ballots/profiles HTTP/1.1\r\nHost: h\r\n\r\n" * 100, connections=20
        ),
    }


@contextmanager
def flooding(port: int, flood: Flood) -> Iterator[Callable[[], bool]]:
    """Floods in a thread until the end of the block; yields what tells whether all rounds were sent."""
    stop, sent = Event(), [0]

    def send() -> None:
        clients: list[tuple[socket.socket, Iterator[bytes]]] = []
        try:
            while not stop.wait(0.01 if sent[0] < ROUNDS * flood.connections else PAUSE_SECONDS):
                clients += _more(port, flood, flood.connections - len(clients))
                clients = [each for each in clients if _sent(*each)]
                sent[0] += len(clients)
        finally:
            for client, _ in clients:
                client.close()

    thread = Thread(target=send)
    thread.start()
    try:
        yield lambda: sent[0] >= ROUNDS * flood.connections
    finally:
        stop.set()
        thread.join()


def _more(port: int, flood: Flood, missing: int) -> list[tuple[socket.socket, Iterator[bytes]]]:
    made = []
    for _ in range(min(20, missing)):
        client = socket.create_connection(("127.0.0.1", port), timeout=20)
        client.setblocking(False)
        made.append((client, _pieces(flood)))
    return made


def _pieces(flood: Flood) -> Iterator[bytes]:
    for start in range(0, len(flood.at_once), PIECE):
        yield flood.at_once[start : start + PIECE]
    pieces = [flood.slowly[at : at + flood.piece] for at in range(0, len(flood.slowly), flood.piece)]
    yield from cycle(pieces)


def _sent(client: socket.socket, pieces: Iterator[bytes]) -> bool:
    """Sends the next piece, as far as it is taken; False when the connection is over."""
    piece = next(pieces, b"")
    try:
        client.send(piece)
    except BlockingIOError:
        return True
    except OSError:
        with suppress(OSError):
            client.close()
        return False
    return True
