"""What a version of an event must keep, once it is released.

Events are read by those who know less than their writers, and logs by those who know more. So within a
version a field that was released stays exactly as it is: narrower, what the log holds would be unreadable;
wider, an older reader would refuse what is written now. Optional fields may be added, which older readers
pass over and newer ones do without.
"""

from collections.abc import Iterator
from typing import Any

from jsonsubschema import isSubschema

Json = dict[str, Any]
_WITHOUT_EFFECT = {"$schema", "$id", "$defs", "title", "description", "examples"}
_COMPARED_BY_PARTS = {"properties", "required", "items"}


def breaking_changes(released: Json, current: Json) -> list[str]:
    """What the current schema of a message changes in the released one, other than adding optional fields."""
    return list(_changes("", inlined(released), inlined(current)))


def still_readable(released: Json, current: Json) -> bool:
    """Whether all that a writer of the released schema could write fits the current one.

    A second opinion, by another's reasoning. It does not see what older readers cannot read, and it may not
    be able to compare a pattern that was changed.
    """
    old, new = (inlined(schema)["properties"]["data"] for schema in (released, current))
    return bool(isSubschema(_closed(old), new))


def inlined(schema: Any, top: Json | None = None) -> Any:
    """The schema with its references replaced, and without what has no effect on validity."""
    top = schema if top is None else top
    if isinstance(schema, list):
        return [inlined(each, top) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(top["$defs"][schema["$ref"].removeprefix("#/$defs/")], top)
    kept = {key: value for key, value in schema.items() if key not in _WITHOUT_EFFECT}
    if "properties" in kept:
        named = {name: inlined(rule, top) for name, rule in kept.pop("properties").items()}
        return {**inlined(kept, top), "properties": named}
    return {key: inlined(value, top) for key, value in kept.items()}


def _closed(schema: Any) -> Any:
    """The schema as its writer keeps to it, who invents no fields."""
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key != "properties"}
    if "properties" in schema:
        closed["properties"] = {name: _closed(rule) for name, rule in schema["properties"].items()}
        closed["additionalProperties"] = False
    return closed


def _changes(path: str, released: Json, current: Json) -> Iterator[str]:
    for key in sorted((released.keys() | current.keys()) - _COMPARED_BY_PARTS):
        old, new = (_unordered(schema.get(key)) for schema in (released, current))
        if old != new:
            yield f"{path or 'message'}: {key} was {old!r} and is {new!r}"
    yield from _changes_of_fields(path, released, current)
    if "items" in released and "items" in current:
        yield from _changes(f"{path}[]", released["items"], current["items"])
    elif "items" in released or "items" in current:
        yield f"{path}: what the list holds was not said before, or no longer is"


def _changes_of_fields(path: str, released: Json, current: Json) -> Iterator[str]:
    old, new = released.get("properties", {}), current.get("properties", {})
    must, must_now = set(released.get("required", ())), set(current.get("required", ()))
    for name in sorted(old.keys() | new.keys() | must | must_now):
        field = f"{path}.{name}".removeprefix(".")
        if name not in new:
            yield f"{field}: was removed"
        elif name not in old:
            if name in must_now:
                yield f"{field}: is new and required"
        elif (name in must) != (name in must_now):
            yield f"{field}: was {'required' if name in must else 'optional'}, and is no longer"
        if name in old and name in new:
            yield from _changes(field, old[name], new[name])


def _unordered(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list) else value
