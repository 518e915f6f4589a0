"""What a region consists of: its services, who follows whom, and where its broker and its database are."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from piaojue.following import followed
from piaojue.versions import SERVICES

FIRST_PORT: Final = 8001


@dataclass(frozen=True)
class Peer:
    """A server that the services connect to."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Plan:
    """``sources`` has for each service the producers that it follows. ``tls``: both connections are TLS, and
    ``ca`` has the certificates (PEM) by which the servers' own are signed."""

    name: str
    broker: Peer
    database: Peer
    sources: Mapping[str, tuple[str, ...]]
    ca: bytes | None = None

    @property
    def tls(self) -> bool:
        return self.ca is not None

    def followers(self, service: str) -> tuple[str, ...]:
        """The services that follow this one."""
        return tuple(name for name in self.sources if service in self.sources[name])

    def user(self, service: str) -> str:
        """Of the broker and of the database; the database has the same name."""
        return f"{self.name}-{service}"


def sources_of_all() -> dict[str, tuple[str, ...]]:
    """For each service the producers whose events it handles, as its code says. ImportError: it is not
    installed."""
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    return {name: followed(name) for name in SERVICES}


def own_settings(service: str) -> tuple[str, ...]:
    """The keys of the settings that this service has for itself."""
    return tuple(setting.key for setting in import_module(f"{service}.plugins").SETTINGS)


def address_of(service: str) -> str:
    """Where a service answers on a machine that has them all."""
    return f"127.0.0.1:{FIRST_PORT + SERVICES.index(service)}"
