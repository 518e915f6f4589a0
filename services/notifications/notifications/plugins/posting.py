"""POST to a place that somebody else has named: where it may go, and how little of the answer is taken.

A name is looked up once, what it stands for is checked, and that very address is connected to: a name that
stands for something else a moment later gains nothing. Redirects are not followed, proxies not used.
"""

import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
MOST_ADDRESSES: Final = 4
"""Of a name that stands for many, so many are tried."""
MOST_READ: Final = 16_384
"""Bytes of an answer's body that are taken at most, and thrown away: the sender need not see a reset."""
_READ_SECONDS: Final = 1.0
_SPECIAL: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Not public, though some releases of Python say so; in the first a cloud tells machines their secrets."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
_PORTS: Final = {"https": 443, "http": 80}


class NotSent(Exception):
    """``failure``: a word for the log of deliveries, such as ``status-503``."""

    def __init__(self, failure: str) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes. ``host`` is in ASCII; ``path`` has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def at(cls, url: str, *, plain: bool) -> "Place":
        """ValueError, which does not quote the URL: it cannot be used. ``plain``: it may be http."""
        try:
            parts = urlsplit(url)
        except ValueError:  # its text would quote a part
            raise ValueError("must be a URL") from None
        # The host may have letters of any language.
        if not re.fullmatch(r"[!-~]+", url.replace(parts.netloc or " ", "h", 1)):
            raise ValueError("must be a URL in ASCII without spaces, but for its host")
        if parts.scheme != "https" and not (plain and parts.scheme == "http"):
            raise ValueError("must be https://… (http:// only with webhook_plain)")
        if "@" in parts.netloc or parts.fragment:
            raise ValueError("must have neither a user nor a fragment")
        try:
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            raise ValueError("must have a host, and a port from 1 to 65535 if any") from None
        if not host or port == 0:
            raise ValueError("must have a host, and a port from 1 to 65535 if any")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], path)


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether requests may go to this address: a public one, or one in these networks."""
    meant = _meant(ip_address(address))
    if any(meant in network for network in networks):
        return True
    if any(meant in network for network in _SPECIAL):
        return False
    special = meant.is_multicast or meant.is_reserved or meant.is_unspecified or meant.is_link_local
    return meant.is_global and not special and not getattr(meant, "is_site_local", False)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one leads to, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def post(
    place: Place,
    headers: Mapping[str, str],
    body: bytes,
    *,
    networks: Sequence[Network],
    tls: ssl.SSLContext | None,
    seconds: float,
) -> None:
    """Returns when the answer was 2xx. ``seconds``: for each wait. NotSent, OSError, HTTPException."""
    connection = _Connection(place, _addresses(place, networks), tls, seconds)
    try:
        connection.request("POST", place.path, body, dict(headers))
        answer = connection.getresponse()
        status = answer.status
        with suppress(OSError, HTTPException):
            if connection.sock is not None:
                connection.sock.settimeout(min(seconds, _READ_SECONDS))
            answer.read1(MOST_READ)
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise NotSent(f"status-{status}")


def _addresses(place: Place, networks: Sequence[Network]) -> list[Any]:
    """What the host stands for now, as the system's resolver has it, and may be connected to. NotSent."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotSent("host-unknown") from None
    allowed = [each for each in found if is_allowed(str(each[4][0]), networks)]
    if not allowed:
        raise NotSent("address-not-allowed")
    return allowed[:MOST_ADDRESSES]


class _Connection(HTTPConnection):
    """To one of these addresses, whatever the host's name stands for by now."""

    def __init__(
        self, place: Place, addresses: Sequence[Any], tls: ssl.SSLContext | None, seconds: float
    ) -> None:
        self.default_port = _PORTS[place.scheme]
        super().__init__(place.host, place.port, timeout=seconds)
        self._addresses = addresses
        self._tls = tls if place.scheme == "https" else None

    def connect(self) -> None:
        plain = self._connected()
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        except BaseException:
            plain.close()
            raise

    def _connected(self) -> socket.socket:
        failure: OSError = OSError("no address")
        for family, kind, protocol, _, address in self._addresses:
            connected = socket.socket(family, kind, protocol)
            try:
                connected.settimeout(self.timeout)
                connected.connect(address)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connected
            except OSError as error:
                connected.close()
                failure = error
            except BaseException:  # the time is up
                connected.close()
                raise
        raise failure
