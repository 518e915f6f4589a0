"""What integrators read of the events: a page, an AsyncAPI document, and a JSON Schema of each message."""

import json

from piaojue_contracts import golden_messages
from tests.support.asyncapi_document import asyncapi_yaml
from tests.support.event_page import events_page
from tests.support.event_schemas import message_schema

FOLDER = "docs/events"


def pages() -> dict[str, str]:
    """The text of each generated file, by its path from the top of the checkout."""
    messages = list(golden_messages())
    found = {
        "docs/events.md": events_page(messages),
        f"{FOLDER}/asyncapi.yaml": asyncapi_yaml(messages),
    }
    for event_type, golden in messages:
        path = f"{FOLDER}/schemas/{event_type.producer}/{event_type.routing_key}.json"
        found[path] = as_text(message_schema(event_type, golden))
    return found


def as_text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
