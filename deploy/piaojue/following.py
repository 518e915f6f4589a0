"""Who follows whom, as the services' own code says."""

from importlib import import_module
from inspect import getmembers, isfunction
from typing import Any


def followed(service: str) -> tuple[str, ...]:
    """The producers whose events a service handles, and so hears. ImportError: it is not installed."""
    from chassis.events.handles import Handles

    cls = getattr(import_module(f"{service}.service"), f"{service.capitalize()}Service")
    methods: list[tuple[str, Any]] = getmembers(cls, isfunction)
    found = {
        entrypoint.event_type.producer
        for _, method in methods
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if isinstance(entrypoint, Handles)
    }
    return tuple(sorted(found))
