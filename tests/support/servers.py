"""What the private servers of the tests have in common."""

import random
import socket
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 10_000


class ServerMissingError(RuntimeError):
    """A server's programs are not installed; the text says which, and how to get them."""


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
