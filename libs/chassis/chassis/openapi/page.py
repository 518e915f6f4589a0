"""An OpenAPI document as one HTML page: no script, nothing loaded from elsewhere, readable on a phone."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from chassis.openapi.document import PROBLEM, openapi_document

STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; }
h2 { margin-top: 2.5rem; }
code { font: .95em ui-monospace, monospace; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 4.5em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; }
td { border-top: 1px solid var(--line); }
.who { background: var(--soft); border-radius: .25rem; padding: .1rem .4rem; font-size: .85em; }
""".strip()
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)

_RULES = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "as {}",
    "default": "{} if left out",
}


def docs_page(service_cls: Any) -> str:
    """The page of a service class."""
    document = openapi_document(service_cls)
    title = escape(document["info"]["title"])
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(
        _schema(name, schema) for name, schema in sorted(document["components"].get("schemas", {}).items())
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>{_text(document['info'].get('description', ''))}"
        f'<p>For programs: <a href="/{title}/openapi.json">openapi.json</a> (OpenAPI 3.1). '
        f'Every refusal is a <a href="#schema-{PROBLEM}">{PROBLEM}</a>.</p>'
        f"<h2>Routes</h2>{operations}<h2>Schemas</h2>{schemas}</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    who = ", ".join(operation.get("x-roles", [operation["x-who"]]))
    parts = [_text(operation.get("description", "")), _parameters(operation.get("parameters", []))]
    if "requestBody" in operation:
        parts.append(f"<p>Body: {_content(operation['requestBody'])}</p>")
    parts.append(_responses(operation["responses"]))
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b>{method.upper()}</b> '
        f'<code>{escape(path)}</code> <span class="who">{escape(who)}</span><br>'
        f"{escape(operation.get('summary', ''))}</summary>{''.join(parts)}</details>"
    )


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
    rows = []
    for each in parameters:
        name = f"<code>{escape(each['name'])}</code>"
        rows.append((name, escape(each["in"]), _rules(each["schema"], each.get("required"))))
    return _table(("Parameter", "In", "Rules"), rows) if rows else ""


def _responses(responses: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for status, response in responses.items():
        told = _content(response) if not _is_problem(response) else ""
        rows.append((escape(status), _text(response["description"]) + told))
    return _table(("Status", "Answer"), rows)


def _is_problem(response: Mapping[str, Any]) -> bool:
    return "application/problem+json" in response.get("content", {})


def _content(holder: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{_type(media['schema'])} as <code>{escape(media_type)}</code>"
        for media_type, media in holder.get("content", {}).items()
    )


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (f"<code>{escape(field)}</code>", _type(rules), _rules(rules, field in required))
        for field, rules in schema.get("properties", {}).items()
    ]
    return (
        f'<h3 id="schema-{escape(name)}">{escape(name)}</h3>{_text(schema.get("description", ""))}'
        + _table(("Field", "Type", "Rules"), rows)
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for combined in ("allOf", "anyOf", "oneOf"):
        if combined in schema:
            return " or ".join(_type(each) for each in schema[combined])
    kinds = schema.get("type", "any")
    if kinds == "array":
        return f"list of {_type(schema.get('items', {}))}"
    text = " or ".join(kinds) if isinstance(kinds, list) else kinds
    return escape(f"{text} ({schema['format']})" if "format" in schema else text)


def _rules(schema: Mapping[str, Any], required: bool | None) -> str:
    rules = ["required"] if required else []
    rules += [words.format(schema[rule]) for rule, words in _RULES.items() if rule in schema]
    if "enum" in schema:
        rules.append("one of " + ", ".join(str(value) for value in schema["enum"]))
    if "description" in schema:
        rules.append(schema["description"])
    return _inline("; ".join(rules))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _text(text: str) -> str:
    """Paragraphs, and lists of lines that begin with a dash."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return "".join(_list(block) if block.startswith("- ") else f"<p>{_inline(block)}</p>" for block in blocks)


def _list(block: str) -> str:
    items = block.removeprefix("- ").split("\n- ")
    return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"


def _inline(text: str) -> str:
    """Escaped, with `code` in single or double backticks."""
    return re.sub(r"(`{1,2})([^`]+)\1", r"<code>\2</code>", escape(text))
