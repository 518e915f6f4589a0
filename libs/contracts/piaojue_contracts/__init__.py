"""What Piaojue's services say to each other. A third party needs this package alone to read their events."""

from piaojue_contracts.attributes import ATTRIBUTES, Attribute
from piaojue_contracts.envelope import (
    CONTENT_TYPE,
    FIRST_PREVIOUS_HASH,
    ChainBroken,
    Event,
    UnreadableEvent,
    canonical,
    verify,
)
from piaojue_contracts.event_type import Data, EventType, InvalidData, exchange_of
from piaojue_contracts.events import all_event_types, event_type, golden_messages

__all__ = [
    "ATTRIBUTES",
    "CONTENT_TYPE",
    "FIRST_PREVIOUS_HASH",
    "Attribute",
    "ChainBroken",
    "Data",
    "Event",
    "EventType",
    "InvalidData",
    "UnreadableEvent",
    "all_event_types",
    "canonical",
    "event_type",
    "exchange_of",
    "golden_messages",
    "verify",
]
