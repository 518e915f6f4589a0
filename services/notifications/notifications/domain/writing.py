"""What is written: notices for the public, and messages for those concerned, who are known by role alone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from chassis.reading import printable, printable_line
from notifications.domain.errors import Fault, InvalidMessage, InvalidNotice
from notifications.domain.reading import (
    NAME_LENGTH,
    TEXT_LENGTH,
    TITLE_LENGTH,
    read_id,
    read_language,
    read_paragraphs,
    read_text,
)

ROLES = ("deputy", "clerk", "scrutineer", "teller", "department", "supervisor", "resident")
"""Who can be written to. A department is an implementing unit (承办单位), and can be named as one."""

EVENTS = "events"
"""Stands where a role does, for those who get events themselves."""

_LEFT_OUT = "……"


@dataclass(frozen=True, slots=True)
class Text:
    """A title of one line and paragraphs, divided by empty lines, in one language (BCP 47)."""

    language: str
    title: str
    text: str

    def __post_init__(self) -> None:
        read_language(self.language, "language")
        read_text(self.title, "title")
        read_paragraphs(self.text, "text")

    @classmethod
    def fitted(cls, language: str, title: str, text: str) -> "Text":
        """Made to fit: a title too long is cut, of a text the last paragraphs are left out, both visibly.

        A name of the greatest length must not keep a result from being announced. Raises Fault where
        nothing is left.
        """
        return cls(language, _short(printable_line(" ".join(title.split()))), _fitting(printable(text)))


@dataclass(frozen=True, slots=True)
class Notice:
    """For the public. ``kind``: the name of the event that it tells of; ``about``: the ``id`` of it."""

    id: str
    body: str
    kind: str
    texts: tuple[Text, ...]
    about: str
    published_at: datetime

    def __post_init__(self) -> None:
        try:
            _check(self.id, self.body, self.kind, self.texts, self.about)
        except Fault as fault:
            raise InvalidNotice(fault.detail, field=fault.field) from fault

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Notice":
        """From :meth:`as_stored`."""
        return cls(**_restored(stored, [each.name for each in fields(cls)]))  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values: texts as JSON objects, the time as a datetime."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"texts": _told(self.texts)}


@dataclass(frozen=True, slots=True)
class Message:
    """For a ``role`` of the body; ``unit``: the implementing unit, where it is for one department alone."""

    id: str
    body: str
    role: str
    unit: str | None
    kind: str
    texts: tuple[Text, ...]
    about: str
    written_at: datetime

    def __post_init__(self) -> None:
        try:
            _check(self.id, self.body, self.kind, self.texts, self.about)
            if self.role not in ROLES:
                raise Fault("role", f"must be one of {', '.join(ROLES)}")
            if self.unit is not None:
                read_text(self.unit, "unit")
                if self.role != "department":
                    raise Fault("unit", "must be left out: a department alone has one")
        except Fault as fault:
            raise InvalidMessage(fault.detail, field=fault.field) from fault

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Message":
        """From :meth:`as_stored`."""
        return cls(**_restored(stored, [each.name for each in fields(cls)]))  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values: texts as JSON objects, the time as a datetime."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"texts": _told(self.texts)}


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was heard, kept for channels that send events on. ``message``: as its log has it."""

    id: str
    body: str
    kind: str
    message: str
    heard_at: datetime


def notice_published(notice: Notice) -> dict[str, object]:
    """The data of the event of that name. ValueError: a time without a zone, which could mean anything."""
    if notice.published_at.tzinfo is None:
        raise ValueError("a time needs its zone")
    moment = notice.published_at.astimezone(UTC).replace(tzinfo=None)
    return {
        "body": notice.body,
        "notice": notice.id,
        "kind": notice.kind,
        "texts": _told(notice.texts),
        "about": notice.about,
        "published_at": f"{moment.isoformat(timespec='microseconds')}Z",
    }


def _check(id: str, body: str, kind: str, texts: tuple[Text, ...], about: str) -> None:
    read_id(id, "id")
    read_id(body, "body")
    read_text(kind, "kind", longest=NAME_LENGTH)
    read_text(about, "about", longest=NAME_LENGTH)
    if not texts or len({text.language for text in texts}) != len(texts):
        raise Fault("texts", "must have at least one text, and none twice in a language")


def _told(texts: Iterable[Text]) -> list[dict[str, str]]:
    return [asdict(text) for text in texts]


def _restored(stored: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    values = {name: stored[name] for name in names}
    values["texts"] = tuple(Text(**text) for text in stored["texts"])  # type: ignore[attr-defined]
    return values


def _short(title: str) -> str:
    return title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1]}…"


def _fitting(text: str) -> str:
    paragraphs = [part.strip() for part in re.split(r"\n[^\S\n]*\n\s*", text.strip())]
    whole = "\n\n".join(paragraphs)
    if len(whole) <= TEXT_LENGTH:
        return whole
    room = TEXT_LENGTH - len(f"\n\n{_LEFT_OUT}")
    kept = whole[: room + 1].rpartition("\n\n")[0] or whole[:room]
    return f"{kept.rstrip()}\n\n{_LEFT_OUT}"
