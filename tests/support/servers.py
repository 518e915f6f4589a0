"""What the private servers of the tests have in common."""

import random
import socket
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from tests.support.processes import Process

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 10_000


class ServerMissingError(RuntimeError):
    """A server's programs are not installed; the text says which, and how to get them."""


class DurableServer(ABC):
    """A server that may be stopped, killed and paused, and comes back with what it has kept. Use it with
    ``with``, or ``close`` it."""

    _server: Process | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.running

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it answers. Nothing happens if it runs."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it in an orderly way."""

    @abstractmethod
    def close(self) -> None:
        """End it for good, without ceremony."""

    def restart(self) -> None:
        """Stop it in an orderly way, if it runs, and start it."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """SIGSTOP: its port is open, and nobody answers there. RuntimeError: it does not run."""
        self._running().pause()

    def resume(self) -> None:
        self._running().resume()

    def _running(self) -> Process:
        if not self._server or not self._server.running:
            raise RuntimeError("what does not run cannot be paused")
        return self._server


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address on which nobody listens, for servers that come back on the same one.

    Not from the range that the system takes the near end of connections from: while a server is down, a
    client could sit on its port.
    """
    highest = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else 32_768
    found: list[int] = []
    for port in random.sample(range(LOWEST, highest), highest - LOWEST):
        if len(found) == count:
            return found
        if free(port):
            found.append(port)
    raise RuntimeError(f"no {count} free ports between {LOWEST} and {highest}")


def free(port: int) -> bool:
    with socket.socket() as attempt:
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
