"""JSON Schemas of events, made from their marshmallow schemas."""

import re
from collections.abc import Callable, Iterable
from inspect import cleandoc
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from piaojue_contracts import ATTRIBUTES, Data, Event, EventType

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DATA = "What happened."
_COMPONENTS = "#/components/schemas/"


def message_schema(event_type: EventType, golden: Event) -> dict[str, Any]:
    """The whole message: its envelope and its data, complete in itself."""
    found = data_schemas([event_type.schema])
    data = found.pop(event_type.schema.__name__)
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:piaojue:event:{event_type.producer}:{event_type.name}:v{event_type.version}",
        "title": event_type.type,
        "description": event_type.doc,
        **envelope_schema(event_type, data),
        "examples": [golden.as_json()],
    }
    return (schema | {"$defs": found}) if found else schema


def envelope_schema(event_type: EventType, data: dict[str, Any]) -> dict[str, Any]:
    """An object of the members of an envelope; others may stand beside them."""
    texts: dict[str, Any] = {
        name: {"type": "string", "pattern": f"^{attribute.pattern}$", "description": attribute.doc}
        for name, attribute in ATTRIBUTES.items()
    }
    texts["type"] = {"const": event_type.type, "description": ATTRIBUTES["type"].doc}
    required = [name for name, attribute in ATTRIBUTES.items() if attribute.required]
    return {"type": "object", "required": [*required, "data"], "properties": texts | {"data": data}}


def data_schemas(
    roots: Iterable[type[Data]],
    *,
    named: Callable[[type[Schema]], str] = lambda cls: cls.__name__,
    below: str = "#/$defs/",
) -> dict[str, dict[str, Any]]:
    """The schemas of these and of all that they nest, by name; references look ``below`` for them."""
    spec = APISpec(
        title="events",
        version="1",
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=lambda schema: named(_class_of(schema)))],
    )
    classes = {named(cls): cls for root in roots for cls in nested(root)}
    for name, cls in classes.items():
        if name not in spec.components.schemas:
            spec.components.schema(name, schema=cls)
    made = spec.to_dict()["components"]["schemas"]
    return {
        name: {"description": cleandoc(cls.__doc__ or ""), **_portable(made[name], below)}
        for name, cls in classes.items()
    }


def nested(cls: type[Data]) -> list[type[Data]]:
    """A schema, then all schemas that it nests, however deep."""
    found = [cls]
    for field in cls().fields.values():
        while isinstance(field, fields.List):
            field = field.inner
        if isinstance(field, fields.Nested):
            found += [each for each in nested(type(field.schema)) if each not in found]
    return found


def _class_of(schema: type[Schema] | Schema) -> type[Schema]:
    return schema if isinstance(schema, type) else type(schema)


def _portable(schema: Any, below: str) -> Any:
    """References from here, and patterns that all languages read: ``\\Z`` is Python's alone."""
    if isinstance(schema, list):
        return [_portable(each, below) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _portable(value, below) for key, value in schema.items()}
    if isinstance(made.get("$ref"), str):
        made["$ref"] = below + made["$ref"].removeprefix(_COMPONENTS)
    if isinstance(made.get("pattern"), str):
        made["pattern"] = re.sub(r"\\Z$", "$", made["pattern"])
    return made
