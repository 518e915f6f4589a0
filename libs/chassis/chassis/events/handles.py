"""The decorator ``handles``: a method of a service that is given events of one type."""

from collections.abc import Callable
from typing import Any, TypeVar

from nameko.extensions import Entrypoint, register_entrypoint

from piaojue_contracts import EventType

Method = TypeVar("Method", bound=Callable[..., Any])


def handles(event_type: EventType) -> Callable[[Method], Method]:
    """Has a method called with a :class:`chassis.events.Heard`, once for each event, in order for each
    subject.

    Its work and the mark that the event is handled are one transaction, so it changes its own database
    only, by ``heard.store``. What it raises is a failure, and it is tried again.
    """

    def register(fn: Method) -> Method:
        register_entrypoint(fn, Handles(event_type))
        return fn

    return register


class Handles(Entrypoint):  # type: ignore[misc]
    """One handler. The backbone of its container finds it and calls it."""

    def __init__(self, event_type: EventType) -> None:
        self.event_type = event_type
        super().__init__()
