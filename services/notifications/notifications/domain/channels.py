"""Channels: how a notice or message leaves the house. What one is given, and what it has to hold to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Protocol, runtime_checkable

from notifications.domain.writing import EVENTS, Message, Notice, Text, Told

PUBLIC: Final = "public"
"""The audience of notices, where those of messages are called by their role."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice for the public where ``role`` is None, else a message for that role; an event itself, and no
    text, where it is :data:`EVENTS`.

    ``delivery`` is an id that stays the same when it has to be sent again, so that whoever receives it can
    drop what is there already. ``event`` is the message of the event that ``about`` names, as its service's
    log has it; None where no channel asked for events when it was heard.
    """

    delivery: str
    body: str
    role: str | None
    unit: str | None
    kind: str
    texts: tuple[Text, ...]
    about: str
    written_at: datetime
    event: str | None = None

    @classmethod
    def of(cls, delivery: str, item: Notice | Message | Told, event: str | None = None) -> "Outgoing":
        if isinstance(item, Told):
            return cls(delivery, item.body, EVENTS, None, item.kind, (), item.id, item.heard_at, item.message)
        if isinstance(item, Notice):
            role, unit, moment = None, None, item.published_at
        else:
            role, unit, moment = item.role, item.unit, item.written_at
        return cls(delivery, item.body, role, unit, item.kind, item.texts, item.about, moment, event)

    def as_json(self) -> dict[str, object]:
        """Plain values, the time in RFC 3339, without the event."""
        told = asdict(self) | {
            "texts": [asdict(text) for text in self.texts],
            "written_at": self.written_at.isoformat(),
        }
        del told["event"]
        return told

    def as_paragraphs(self) -> str:
        """What follows the title: the text, then title and text in each further language."""
        first, *others = self.texts
        return "\n\n".join([first.text, *(f"{each.title}\n\n{each.text}" for each in others)])


class Channel(Protocol):
    """One way out. Its suite is :class:`notifications.domain.ChannelSuite`.

    A channel waits with the standard library's sockets and sleeps, which let others work meanwhile: while it
    blocks the interpreter itself, nothing can interrupt it. It changes nothing of what it is given.
    """

    name: str
    version: str

    def open(self, settings: Any) -> None:
        """Called once, before the service starts; ``settings.data_folder`` is a place for files.

        ValueError: it cannot work like this. The text is shown to the operator and holds no secret.
        """

    def takes(self, role: str | None) -> bool:
        """Whether it sends messages for this role; None: notices. Asked while an event is handled: answers
        at once."""
        ...

    def send(self, outgoing: Outgoing) -> None:
        """Returns when it was taken over for good. Called again with the same one after any doubt.

        Whatever it raises is a failure, and it is called again later. Of that the name of the class is kept
        and shown, or its ``failure``, a word; never the text. It is stopped when it takes longer than the
        setting ``channel_timeout``.
        """


@runtime_checkable
class EventChannel(Protocol):
    """What a channel has beside, that also sends events themselves, for programs: see :class:`Outgoing`."""

    def takes_event(self, type: str) -> bool:
        """Whether it sends events of this type on. Asked as :meth:`Channel.takes` is."""
        ...


@runtime_checkable
class Selective(Protocol):
    """What a channel has beside, that takes not all that is for its audiences."""

    def selects(self, type: str, body: str) -> bool:
        """Whether it takes what an event of this type and body causes, and the event itself. Asked as
        :meth:`Channel.takes` is."""
        ...


@runtime_checkable
class Branching(Protocol):
    """What a channel has beside, whose receivers get deliveries of their own: one that is away then keeps
    nothing from the others."""

    def branches(self) -> Mapping[str, Channel]:
        """A channel for each receiver, by the name that the log of deliveries shows. Called once, after
        ``open``; they are open, and take the place of this one."""
        ...
