"""What settings there are, and the values of one service's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chassis.config.rules import Host, Rule
from chassis.sensitive import MASK, masked


@dataclass(frozen=True)
class Derived:
    """A default that depends on the service's name and on the settings declared before; ``doc`` says how."""

    doc: str
    of: Callable[[str, Mapping[str, Any]], object]


@dataclass(frozen=True)
class Setting:
    """One setting. ``default`` is what one would write in the file, or None for a value that may be absent.

    ``key`` is its name in the file, and in capitals in the environment. ``secret``: the value is masked
    wherever it is shown, and may be read from a file named by ``<key>_file``. ``unit`` is for people only.
    """

    key: str
    field: Rule[Any]
    default: object
    doc: str
    secret: bool = False
    unit: str | None = None


class Settings:
    """The settings of one service, frozen; a service's own settings are attributes like the common ones."""

    service: str
    region: str
    data_folder: Path
    store_url: str
    store_ca: Path | None
    store_connections: int
    migrate: bool
    broker_url: str
    broker_ca: Path | None
    broker_heartbeat: float
    rpc_timeout: float
    workers: int
    drain: float
    http_address: Host
    http_max_body: int
    http_timeout: float
    http_connections: int
    http_shared: bool
    issuer: str
    audience: str
    jwks: str
    log_format: str
    log_level: str
    relay_batch: int
    relay_interval: float
    inbox_batch: int
    retry_pauses: tuple[float, ...]
    compare_interval: float
    verify_interval: float
    feed_page: int
    traces_endpoint: str | None
    traces_ca: Path | None
    traces_ratio: float

    def __init__(
        self, service: str, values: Mapping[str, Any], sources: Mapping[str, str], secrets: frozenset[str]
    ) -> None:
        self.__dict__.update(values, service=service, _sources=dict(sources), _secrets=secrets)

    if TYPE_CHECKING:

        def __getattr__(self, key: str) -> Any: ...

    else:

        def __getattr__(self, key):
            raise AttributeError(f"there is no setting {key!r}")

    @property
    def source(self) -> str:
        """CloudEvents' source of the service's events."""
        return f"/regions/{self.region}/{self.service}"

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError("settings are read once and never changed")

    def __delattr__(self, key: str) -> None:
        raise AttributeError("settings are read once and never changed")

    def __repr__(self) -> str:
        shown = ", ".join(f"{key}={value}" for key, value, _ in self.describe())
        return f"Settings({self.service}: {shown})"

    def describe(self) -> Iterator[tuple[str, str, str]]:
        """Key, value as text with what is secret masked, and source of every setting; fit to be printed."""
        for key, source in self._sources.items():
            yield key, _shown(self.__dict__[key], secret=key in self._secrets), source

    def secret_sources(self) -> frozenset[str]:
        """The sources, as :meth:`describe` has them, of what is secret."""
        return frozenset(source for key, source in self._sources.items() if key in self._secrets)


def _shown(value: object, *, secret: bool) -> str:
    if value is None:
        return "-"
    if not secret:
        return (
            ",".join(map(str, value))
            if isinstance(value, tuple) and not isinstance(value, Host)
            else str(value)
        )
    if isinstance(value, str) and "://" in value:
        return masked(value.split("?", 1)[0])  # what follows may hold a password too
    return MASK


@dataclass(frozen=True)
class Declared:
    """The settings that a service takes: the common ones and ``own``, which only its section may set."""

    service: str
    common: tuple[Setting, ...]
    own: tuple[Setting, ...]

    @property
    def settings(self) -> tuple[Setting, ...]:
        return self.common + self.own


_declared: Final[dict[str, Declared]] = {}


def settings_for(service: str, extra: Sequence[Setting] = ()) -> Declared:
    """Declare a service's own settings; they then stand in the page of the configuration.

    Declaring a service again replaces what was declared. ValueError: a key is taken already.
    """
    from chassis.config.common import COMMON

    keys = [setting.key for setting in (*COMMON, *extra)]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"{service}: settings declared twice: {', '.join(twice)}")
    declared = Declared(service, COMMON, tuple(extra))
    _declared[service] = declared
    return declared


def declared_services() -> tuple[Declared, ...]:
    """Every service that has declared its settings in this process, by name."""
    return tuple(_declared[name] for name in sorted(_declared))
