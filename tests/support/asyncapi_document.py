"""The AsyncAPI 3.0 document of the events: a channel for each producer's exchange."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import yaml
from marshmallow import Schema

from piaojue_contracts import CONTENT_TYPE, Event, EventType
from tests.support.event_schemas import data_schemas, envelope_schema

HEADER = "# Written by `make docs` from the declarations in the code; do not edit.\n"
AMQP_BINDING = "0.3.0"
Messages = Sequence[tuple[EventType, Event]]


def asyncapi_yaml(messages: Messages) -> str:
    return HEADER + yaml.safe_dump(
        asyncapi_document(messages), allow_unicode=True, sort_keys=False, width=110
    )


def asyncapi_document(messages: Messages) -> dict[str, Any]:
    """As plain data; the operations are those of Piaojue's services, which send."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of Piaojue (票决)",
            "version": "1",
            "description": "What the services of one region tell. Each event has a version of its own.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": dict(_channels(messages)),
        "operations": {_key(event_type): _operation(event_type) for event_type, _ in messages},
        "components": {
            "messages": {_key(event_type): _message(event_type, golden) for event_type, golden in messages},
            "schemas": _schemas(messages),
        },
    }


def _key(event_type: EventType) -> str:
    return f"{event_type.producer}.{event_type.routing_key}"


def _channels(messages: Messages) -> Iterable[tuple[str, dict[str, Any]]]:
    for producer, grouped in groupby((each for each, _ in messages), lambda each: each.producer):
        event_types = list(grouped)
        yield (
            producer,
            {
                "address": "{routing_key}",
                "description": f"The topic exchange of {producer}.",
                "parameters": {
                    "routing_key": {
                        "description": "Bind a queue with the routing keys that you want.",
                        "enum": [each.routing_key for each in event_types],
                    }
                },
                "messages": {
                    each.routing_key: {"$ref": f"#/components/messages/{_key(each)}"} for each in event_types
                },
                "bindings": {"amqp": _exchange(event_types[0].exchange)},
            },
        )


def _exchange(name: str) -> dict[str, Any]:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False}
    return {"is": "routingKey", "exchange": exchange, "bindingVersion": AMQP_BINDING}


def _operation(event_type: EventType) -> dict[str, Any]:
    channel = f"#/channels/{event_type.producer}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "summary": event_type.doc,
        "messages": [{"$ref": f"{channel}/messages/{event_type.routing_key}"}],
    }


def _message(event_type: EventType, golden: Event) -> dict[str, Any]:
    return {
        "name": event_type.type,
        "title": event_type.routing_key,
        "summary": event_type.doc,
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {"$ref": f"#/components/schemas/{_key(event_type)}"},
        "examples": [{"name": "golden", "payload": golden.as_json()}],
        "x-routing-key": event_type.routing_key,
        "x-subject": event_type.subject.strip("`"),
    }


def _schemas(messages: Messages) -> dict[str, Any]:
    """Envelopes by their event, then data by ``<producer>.<class>``, as two producers may use one name."""
    roots = {event_type: event_type.schema for event_type, _ in messages}
    envelopes = {
        _key(event_type): envelope_schema(event_type, {"$ref": f"#/components/schemas/{_class_key(root)}"})
        for event_type, root in roots.items()
    }
    data = data_schemas(roots.values(), named=_class_key, below="#/components/schemas/")
    return envelopes | dict(sorted(data.items()))


def _class_key(cls: type[Schema]) -> str:
    return f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"
