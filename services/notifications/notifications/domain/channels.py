"""Channels: how a notice or message leaves the house. What one is given, and what it has to hold to."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from notifications.domain.writing import Message, Notice, Text


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice for the public where ``role`` is None, else a message for that role.

    ``delivery`` is an id that stays the same when it has to be sent again, so that whoever receives it can
    drop what is there already.
    """

    delivery: str
    body: str
    role: str | None
    unit: str | None
    kind: str
    texts: tuple[Text, ...]
    about: str
    written_at: datetime

    @classmethod
    def of(cls, delivery: str, item: Notice | Message) -> "Outgoing":
        if isinstance(item, Notice):
            role, unit, moment = None, None, item.published_at
        else:
            role, unit, moment = item.role, item.unit, item.written_at
        return cls(delivery, item.body, role, unit, item.kind, item.texts, item.about, moment)

    def as_json(self) -> dict[str, object]:
        """Plain values, the time in RFC 3339."""
        return asdict(self) | {
            "texts": [asdict(text) for text in self.texts],
            "written_at": self.written_at.isoformat(),
        }

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
        and shown, never the text. It is stopped when it takes longer than the setting ``channel_timeout``.
        """
