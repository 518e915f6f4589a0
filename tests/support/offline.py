"""A service's handlers without its network: its container is set up, and never started."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nameko.containers import ServiceContainer

from chassis.config import load_settings
from chassis.events.backbone import Backbone
from chassis.service import Service
from chassis.store import Grouped, Stored


@contextmanager
def set_up(service_cls: type[Service], own_settings: Any, folder: Path) -> Iterator[Backbone]:
    """The backbone of a service on a store of its own: ``backbone.inbox`` takes events and has them
    handled."""
    settings = load_settings(
        service_cls.name, own_settings, environ={"PIAOJUE_DATA_FOLDER": str(folder / service_cls.name)}
    )
    container = ServiceContainer(service_cls, {"settings": settings})
    container.dependencies.all.setup()
    backbone = next(each for each in container.dependencies if isinstance(each, Backbone))
    stored = next(each for each in container.dependencies if isinstance(each, Stored))
    for grouped in container.dependencies:
        if isinstance(grouped, Grouped):
            grouped.start()
    backbone.build(settings, stored.store)
    backbone.inbox.start()
    yield backbone
    stored.store.close()
