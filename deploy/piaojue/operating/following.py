"""Who follows whom, as the services' own code says."""

from importlib import import_module
from inspect import getmembers, isfunction


def followed(service: str) -> set[str]:
    """The producers whose events a service handles, and so hears."""
    cls = getattr(import_module(f"{service}.service"), f"{service.capitalize()}Service")
    return {
        entrypoint.event_type.producer
        for _, method in getmembers(cls, isfunction)
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if hasattr(entrypoint, "event_type")
    }
