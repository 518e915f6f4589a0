"""What kinds of events there are: each declared once, in the module of its producer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError

from piaojue_contracts.envelope import canonical


class InvalidData(Exception):
    """An event's data does not fit its schema; the text names fields and rules, never values."""


class Data(Schema):
    """Base of an event's data. Readers pass over fields that they do not know; writers may not invent any."""

    class Meta:
        unknown = EXCLUDE


@dataclass(frozen=True)
class EventType:
    """One version of one kind of event. ``subject`` says, in words, whose events stay in order."""

    producer: str
    name: str
    version: int
    schema: type[Data]
    subject: str
    doc: str

    @property
    def type(self) -> str:
        """CloudEvents' ``type``: ``piaojue.ballots.result_declared.v1``."""
        return f"piaojue.{self.producer}.{self.routing_key}"

    @property
    def routing_key(self) -> str:
        """What a queue is bound with: ``result_declared.v1``."""
        return f"{self.name}.v{self.version}"

    @property
    def exchange(self) -> str:
        """The topic exchange of the producer: ``ballots.events``."""
        return exchange_of(self.producer)

    def read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data as a reader of this version knows it. InvalidData: it does not fit."""
        try:
            loaded: dict[str, Any] = _schema(self.schema).load(data)
        except ValidationError as fault:
            raise InvalidData(f"{self.routing_key}: {fault.messages}") from None
        return loaded

    def check(self, data: Mapping[str, Any]) -> None:
        """For the writer. InvalidData: something is missing, wrong, or, however deep, not in the schema."""
        try:
            known, given = canonical(self.read(data)), canonical(data)
        except (TypeError, ValueError):
            raise InvalidData(f"{self.routing_key}: is not plain JSON") from None
        if known != given:
            raise InvalidData(f"{self.routing_key}: has fields that are not in its schema")
        if _has_fraction(data):
            raise InvalidData(f"{self.routing_key}: has a number that is not whole")


def _has_fraction(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_fraction, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_fraction, value))
    return isinstance(value, float)


_schemas: Final[dict[type[Data], Data]] = {}


def _schema(cls: type[Data]) -> Data:
    if cls not in _schemas:
        _schemas[cls] = cls()
    return _schemas[cls]


def exchange_of(producer: str) -> str:
    """The name of a producer's exchange."""
    return f"{producer}.events"


_declared: Final[dict[str, EventType]] = {}


def declare(event_type: EventType) -> EventType:
    """Make an event type known. ValueError: this version of it is declared already."""
    if event_type.type in _declared:
        raise ValueError(f"{event_type.type} is declared already")
    _declared[event_type.type] = event_type
    return event_type


def declared() -> Mapping[str, EventType]:
    """Every event type that was declared so far, by its ``type``."""
    return _declared
