"""Where a region's services keep what they have: each one's settings, and its store opened when needed."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from chassis.config import ConfigurationFaults, Settings, load_settings
from chassis.errors import Unavailable
from chassis.events.dead_letters import DeadLetters
from chassis.events.inbox_store import InboxStore
from chassis.events.log import EventLog
from chassis.store import Repository, Store
from piaojue.running import unusable
from piaojue.terminal import fail
from piaojue.versions import SERVICES


class NoStore(Unavailable):
    """There is no database, or none of ours; the text says what to do."""

    slug = "no-store"


class Place:
    """One service of the region. What it holds is opened when it is first asked for: NoStore,
    StoreUnavailable. ``folder``: where the region's settings are, if they are in a file."""

    def __init__(self, settings: Settings, folder: Path | None) -> None:
        self.settings = settings
        self.folder = folder
        self.service = settings.service
        self.source = settings.source
        """CloudEvents' source of its events."""

    @cached_property
    def bare(self) -> Store[Any]:
        """The store, whatever is in it; an SQLite file is not made by looking for it."""
        if (file := self.file) is not None and not file.is_file():
            raise NoStore(f"{file} does not exist. Is this the right data folder?")
        return Store(self.engine(), Repository)

    def engine(self) -> Any:
        """A new one; its database, if it is a file, is made."""
        from chassis.store import open_engine

        return open_engine(self.settings.store_url, 5, self.settings.store_ca)

    @cached_property
    def store(self) -> Store[Any]:
        """The store, with the tables of the events."""
        from sqlalchemy import inspect

        from chassis.store.engine import unavailable_when_lost

        with unavailable_when_lost(), self.bare.engine.connect() as connection:
            if not inspect(connection).has_table("event_log"):
                raise NoStore(f"The database of {self.service} has no tables yet: start {self.service} once.")
        return self.bare

    @property
    def file(self) -> Path | None:
        """Of SQLite; None where the store is a server's."""
        from sqlalchemy.engine import make_url

        url = make_url(self.settings.store_url)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @property
    def log(self) -> EventLog:
        return EventLog(self.store, self.source)

    @property
    def inbox(self) -> InboxStore:
        return InboxStore(self.store)

    @property
    def letters(self) -> DeadLetters:
        return DeadLetters(self.store)


def installed() -> list[str]:
    """The services that this machine has."""
    return [name for name in SERVICES if find_spec(name) is not None]


def environment(data_folder: Path | None) -> dict[str, str]:
    """Settings from outside; a data folder that is named goes before the one that is configured."""
    environ = {**os.environ}
    if data_folder is not None:
        environ["PIAOJUE_DATA_FOLDER"] = str(data_folder)
    return environ


def place_of(service: str, config: Path | None, data_folder: Path | None) -> Place:
    """ConfigurationFaults."""
    own: Sequence[Any] = import_module(f"{service}.plugins").SETTINGS
    settings = load_settings(service, own, file=config, environ=environment(data_folder))
    return Place(settings, folder_of(config))


def folder_of(config: Path | None) -> Path | None:
    """The region's, if its settings are in a file: what broker and database are given is there, too."""
    named = config or os.environ.get("PIAOJUE_CONFIG")
    return Path(named).absolute().parent if named else None


def places(
    config: Path | None, data_folder: Path | None, services: Collection[str] | None = None
) -> list[Place]:
    """Those of the services that are named, else of all that are installed. Ends the command with 2 and all
    faults of the configuration."""
    quiet()
    faults: dict[str, None] = {}
    found = []
    for name in services or installed():
        if find_spec(name) is None:
            unusable(f"{name} is not installed on this machine")
        try:
            found.append(place_of(name, config, data_folder))
        except ConfigurationFaults as wrong:
            faults |= dict.fromkeys(map(str, wrong.faults))
    if faults:
        unusable("\n".join(["the configuration cannot be used:", *(f"  {fault}" for fault in faults)]))
    return found


def the_place(service: str, config: Path | None, data_folder: Path | None) -> Place:
    """As :func:`places`, of one."""
    return places(config, data_folder, [service])[0]


@contextmanager
def reached(place: Place) -> Iterator[Place]:
    """Ends the command with 1 when the place's store cannot be used."""
    try:
        yield place
    except Unavailable as away:
        unreachable(place, away)


def unreachable(place: Place, away: Unavailable) -> NoReturn:
    fail(f"{place.service}: {away.detail} piaojue doctor says more.")


def quiet() -> None:
    """What the chassis logs is for a service's log; commands say what there is to say themselves."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
