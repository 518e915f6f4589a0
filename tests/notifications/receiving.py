"""A receiver of webhooks, as somebody else writes one: it keeps what came, and answers as it is told to."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOOPBACK = {"webhook_networks": "127.0.0.0/8", "webhook_plain": "true"}


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """``answer``: what is written back, whole; ``before`` is called before that."""

    OK = b"HTTP/1.1 204 No Content\r\n\r\n"

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Request] = []
        self.asked = 0
        self.answer = self.OK
        self.before: Callable[[], object] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.asked += 1
                if receiver.answer.startswith(b"HTTP/1.1 2"):
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    receiver.received.append(Request(self.path, headers, body))
                receiver.before()
                self.wfile.write(receiver.answer)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return self.server.server_port

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook?from=piaojue"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@contextmanager
def receiving(count: int = 1, tls: ssl.SSLContext | None = None) -> Iterator[list[Receiver]]:
    made = [Receiver(tls) for _ in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.close()


def endpoints_file(folder: Path, *entries: str, secret: str = SECRET) -> Path:
    """The file of the setting ``webhooks``, each entry's lines without their dash; and the secret beside."""
    (folder / "hook.secret").write_text(f"{secret}\n")
    file = folder / "webhooks.yaml"
    file.write_text("".join("- " + entry.strip().replace("\n", "\n  ") + "\n" for entry in entries))
    return file


def entry(url: str, name: str = "budget", **more: str) -> str:
    lines = [f"name: {name}", f"url: {url}", "secret_file: hook.secret"]
    return "\n".join([*lines, *(f"{key.rstrip('_')}: {value}" for key, value in more.items())])
