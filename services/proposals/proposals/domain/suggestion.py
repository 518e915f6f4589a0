"""Suggestions (建议): what somebody proposed, and the reply that is owed for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from proposals.domain.errors import AlreadyReplied, AlreadyTakenUp, Fault, InvalidSuggestion
from proposals.domain.reading import read_id, read_object, read_paragraphs, read_text, read_year


@dataclass(frozen=True, slots=True)
class Proposer:
    """Whom the reply is owed to. Personal data: in no event and no log; not even its repr shows it."""

    name: str = field(repr=False)
    contact: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            read_text(self.name, "proposer.name", longest=100)
            if self.contact is not None:
                read_text(self.contact, "proposer.contact", longest=200)
        except Fault as fault:
            raise InvalidSuggestion(fault.detail, field=fault.field) from fault


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion. ``source``: the plugin that it came by, such as ``deputies`` or ``hotline``.

    ``proposer`` is None when it came without a name, or when the name was erased. ``reply`` is what was
    answered, and None while the reply is owed. ``project``: the project that it was taken up into.
    """

    id: str
    body: str
    year: int
    title: str
    content: str
    source: str
    received_at: datetime
    proposer: Proposer | None = None
    reply: str | None = None
    replied_at: datetime | None = None
    project: str | None = None

    def __post_init__(self) -> None:
        try:
            for name in ("id", "body"):
                read_id(getattr(self, name), name)
            read_year(self.year, "year")
            read_text(self.title, "title")
            read_paragraphs(self.content, "content")
            read_text(self.source, "source", longest=63)
            if self.reply is not None:
                read_paragraphs(self.reply, "reply")
            if self.project is not None:
                read_id(self.project, "project")
        except Fault as fault:
            raise InvalidSuggestion(fault.detail, field=fault.field) from fault
        if (self.reply is None) != (self.replied_at is None):
            raise InvalidSuggestion("reply: a suggestion has a reply and its time, or neither", field="reply")

    @classmethod
    def received(
        cls,
        *,
        id: str,
        body: str,
        year: int,
        title: str,
        content: str,
        source: str,
        now: datetime,
        proposer: Proposer | None = None,
    ) -> "Suggestion":
        """A new suggestion; a reply is owed from now on. Raises InvalidSuggestion."""
        return cls(id, body, year, title, content, source, now, proposer)

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Suggestion":
        """From :meth:`as_stored`."""
        values = {each.name: stored[each.name] for each in fields(cls)}
        if values["proposer"] is not None:
            person = read_object(values["proposer"], "proposer", required=("name", "contact"))
            values["proposer"] = Proposer(**person)  # type: ignore[arg-type]
        return cls(**values)  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values, times as datetimes; the proposer as an object apart."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        if self.proposer is not None:
            values["proposer"] = {"name": self.proposer.name, "contact": self.proposer.contact}
        return values

    @property
    def reply_owed(self) -> bool:
        return self.reply is None

    def replied(self, text: str, now: datetime) -> "Suggestion":
        """Idempotent for the same text. Raises AlreadyReplied, or InvalidSuggestion for an unfit text."""
        if self.reply is not None and self.reply != text:
            raise AlreadyReplied("the suggestion was replied to before: a reply is given once")
        if self.reply == text:
            return self
        return replace(self, reply=text, replied_at=max(now, self.received_at))  # a clock may be set back

    def taken_up(self, project: str) -> "Suggestion":
        """It became a project, or part of one. Idempotent for the same project. Raises AlreadyTakenUp."""
        if self.project is not None and self.project != project:
            raise AlreadyTakenUp("the suggestion was taken up into another project", field="project")
        return replace(self, project=project)

    def without_proposer(self) -> "Suggestion":
        """The personal data erased, the suggestion kept. Idempotent."""
        return replace(self, proposer=None)
