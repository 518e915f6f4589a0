"""What tests tell notifications, and channels that they can look into."""

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from chassis.store import Store
from notifications import usecases
from notifications.domain import Outgoing
from notifications.plugins import Templates
from notifications.store import Notifications
from notifications.usecases import Sending
from piaojue_contracts import Event
from tests.notifications.samples import DATA

NOW = datetime(2022, 4, 16, 3, 5, 43, 402_000, tzinfo=UTC)
TEMPLATES = Templates()
CANDIDATES = "piaojue.proposals.candidates_published.v1"
POLL_CLOSED = "piaojue.ballots.poll_closed.v1"
SUGGESTION = "piaojue.proposals.suggestion_received.v1"


class Recording:
    """A channel that keeps what it is sent; ``failing`` is raised instead."""

    version = "1"

    def __init__(self, name: str = "recording", takes: Any = lambda role: True) -> None:
        self.name = name
        self.sent: list[Outgoing] = []
        self.failing: Exception | None = None
        self.before: Any = lambda outgoing: None
        self._takes = takes

    def open(self, settings: Any) -> None:
        pass

    def takes(self, role: str | None) -> bool:
        return self._takes(role)

    def send(self, outgoing: Outgoing) -> None:
        self.before(outgoing)
        if self.failing is not None:
            raise self.failing
        self.sent.append(outgoing)


def sending(*channels: Recording, **changes: Any) -> Sending:
    return Sending({channel.name: channel for channel in channels}, **changes)


def event(type: str = CANDIDATES, data: dict[str, Any] | None = None, number: int = 1) -> Event:
    """An event; the same number is the same event."""
    return Event(
        id=str(uuid5(NAMESPACE_OID, f"{type} {number}")),
        source=f"/regions/demo/{type.split('.')[1]}",
        type=type,
        subject="bodies/yongan",
        time="2022-04-16T03:05:42.000000Z",
        sequence=number,
        previous_hash="0" * 64,
        data=DATA[type] if data is None else data,
    )


def tell(
    store: Store[Notifications],
    heard: Event | None = None,
    via: Sending | None = None,
    *,
    templates: Templates = TEMPLATES,
    now: datetime = NOW,
) -> None:
    """Has an event handled, as the inbox does."""
    heard = heard or event()
    with store.transaction() as notifications:
        usecases.tell(notifications, heard, heard.data, templates, via or sending(Recording()), now)


def logged(store: Store[Notifications]) -> list[dict[str, Any]]:
    """The delivery log."""
    with store.reading() as notifications:
        found = notifications.deliveries(None, state=None, before=None, most=100)
        return [usecases._delivery_shown(each) for each in found]
