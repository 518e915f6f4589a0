"""Two small services behind one front, in a process of their own, since nameko's is monkey patched.

``with serving() as server:`` starts it on a free port; what runs is ``python -m tests.support.http_server``.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

STOP, RELEASE = b"s", b"r"
TOP = Path(__file__).parents[2]
ISSUER, AUDIENCE = "the-issuer", "the-audience"
LIFETIME_SECONDS = 240
"""However the tests end, the process does not outlive this."""


@dataclass
class Response:
    """What came back; names of header fields in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def slug(self) -> str:
        return str(self.json["slug"])


@dataclass
class Server:
    """The running process."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path
    key: Any
    open_sockets: list[socket.socket] = field(default_factory=list)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """One request on a connection of its own; ``body`` is sent as JSON unless it is bytes."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, answer.reason, named, answer.read())
        finally:
            connection.close()

    def connect(self, octets: bytes = b"", *, receive_buffer: int | None = None) -> socket.socket:
        """A plain connection, closed with the server at the latest; ``octets`` are sent at once."""
        client = socket.socket()
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(20)
        client.connect(("127.0.0.1", self.port))
        self.open_sockets.append(client)
        client.sendall(octets)
        return client

    def token(self, *, roles: tuple[str, ...] = ("clerk",), bodies: tuple[str, ...] = ("yongan",)) -> str:
        """The value of an Authorization header, with a good token."""
        from chassis.auth import issue_token

        token = issue_token(
            self.key,
            issuer=ISSUER,
            audience=AUDIENCE,
            subject="someone",
            roles=roles,
            bodies=bodies,
            lifetime=timedelta(minutes=5),
        )
        return f"Bearer {token}"

    def log(self) -> str:
        """All that it has written to its standard error."""
        return self.log_file.read_text()

    def peak_memory(self) -> int:
        """The most that it has had in memory, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def sockets(self) -> int:
        """How many sockets it has open."""
        count = 0
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed in the meantime
                count += os.readlink(link).startswith("socket:")
        return count

    def stop(self) -> None:
        """Asks it to stop; does not wait."""
        self.tell(STOP)

    def tell(self, word: bytes) -> None:
        """STOP, or RELEASE for those who wait at ``/south/wait``."""
        assert self.process.stdin is not None
        os.write(self.process.stdin.fileno(), word)


@contextmanager
def serving(**config: Any) -> Iterator[Server]:
    """Starts the process with these settings besides the usual ones; yields it when it answers."""
    from chassis.auth import jwks, new_key

    key = new_key()
    with TemporaryDirectory() as folder:
        jwks_file, log_file = Path(folder, "jwks.json"), Path(folder, "log")
        jwks_file.write_text(json.dumps(jwks(key)))
        given = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS": str(jwks_file), **config}
        command = [sys.executable, "-m", "tests.support.http_server", json.dumps(given)]
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, log_file.read_text()
            server = Server(process, int(line), log_file, key)
            yield server
            for client in server.open_sockets:
                client.close()
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                pipe.close()  # type: ignore[union-attr]


def read_response(client: socket.socket, *, head_only: bool = False) -> Response:
    """The next response on a plain connection."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        more = client.recv(1)
        assert more, f"closed after {octets!r}"
        octets += more
    first, *lines = octets[:-4].decode("ascii").split("\r\n")
    _, status, reason = first.split(" ", 2)
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body, length = b"", 0 if head_only else int(headers.get("content-length", 0))
    while len(body) < length:
        more = client.recv(length - len(body))
        assert more, "closed within the body"
        body += more
    return Response(int(status), reason, headers, body)


def is_closed(client: socket.socket) -> bool:
    """Whether the other side closes without saying anything more; waits for it."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def main() -> None:
    import warnings

    warnings.simplefilter("ignore")
    import eventlet

    eventlet.monkey_patch()
    from nameko.containers import ServiceContainer

    from chassis.http import address_of
    from chassis.logging import configure_logging
    from tests.support.http_services import North, South

    configure_logging("json", "INFO", "north")
    config = {"WEB_SERVER_ADDRESS": "127.0.0.1:0", "AMQP_URI": "memory://", **json.loads(sys.argv[1])}
    containers = [ServiceContainer(North, config), ServiceContainer(South, config)]
    for container in containers:
        container.start()
    eventlet.spawn_after(LIFETIME_SECONDS, os._exit, 1)
    print(address_of(containers[0])[1], flush=True)
    eventlet.spawn(_obey, containers, South.release)
    for container in containers:
        container.wait()


def _obey(containers: list[Any], release: Any) -> None:
    """Does what comes by standard input. Its end, which is the death of the tests, stops all too."""
    import eventlet

    while True:
        eventlet.hubs.trampoline(sys.stdin, read=True)
        word = os.read(sys.stdin.fileno(), 1)
        if word == RELEASE:
            release.send()
            continue
        for container in containers:
            eventlet.spawn(container.stop)
        if not word:
            return


if __name__ == "__main__":
    main()
