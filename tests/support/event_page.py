"""``docs/events.md``: what an integrator has to know of the events, on one page."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from piaojue_contracts import ATTRIBUTES, Event, EventType, fields
from tests.support.event_schemas import DATA, data_schemas

INTRODUCTION = """\
# Events

Written by `make docs` from the declarations in the code; do not edit.

What Piaojue's services tell each other and everybody else. The same for programs:
[AsyncAPI 3.0](events/asyncapi.yaml), and a JSON Schema of each message under `events/schemas`. The messages
shown are the golden ones of `piaojue_contracts`: those names, dates and votes are illustrative.
"""

READING = """\
## Reading them

Each service has a durable topic exchange, `<service>.events`; the routing key is the event's name and
version. With nameko, nothing of ours installed, and `DECLARE_EVENT_EXCHANGES: False` in its configuration,
since the exchange is not yours:

```python
from nameko.events import event_handler


class Listener:
    name = "listener"

    @event_handler("ballots", "result_declared.v1")
    def heard(self, event):
        print(event["data"]["title"], event["data"]["adopted"])
```

With any other client: bind a durable queue of your own to the exchange; each message is one JSON object.
[Consuming events](consuming-events.md) has whole programs, which miss nothing and take nothing twice.
Python programs may use `piaojue_contracts`, which needs marshmallow and nothing else:

```python
from piaojue_contracts import Event, event_type

event = Event.from_bytes(body)
kind = event_type(event.type)
data = kind.read(event.data) if kind else None  # None: of a release that is newer than yours
```

## What is promised

- **Never lost.** An event is committed together with the change that it tells of, and published until the
  broker has confirmed it.
- **At least once.** It may come again: drop an `id` that you have handled.
- **Numbered.** `sequence` has no gaps within a `source`. Where you see one, fetch what you lack from
  `GET /<service>/events?after=<sequence>`, with a token that is good for every body. It gives the same
  messages from the service's own log, from the first on.
- **Tamper-evident.** `hash` is the SHA-256, in hexadecimal, of the envelope without `hash` as canonical JSON:
  keys sorted, no spaces, UTF-8, characters not escaped where JSON does not ask for it. `previoushash` is in
  it, so a changed event changes every one after it. `piaojue_contracts.verify` checks a log, offline.
- **Stable.** Within a version only optional fields are added, so pass over fields that you do not know.
  Anything else is a new version, published beside the old one until nobody reads that any more.
- **Discreet.** No event holds a person's name, a code, or the marks of a paper; none holds a total of votes
  before the result is declared.
- **Plain.** Numbers are whole; shares and money are text with two decimals; times are RFC 3339 in UTC.
"""

FORMS = {
    made.validate.regex.pattern: name  # type: ignore[union-attr]
    for name, made in {
        "identifier": fields.identifier(""),
        "time": fields.instant(""),
        "date": fields.date(""),
        "amount": fields.amount(""),
        "share": fields.percent(""),
        "SHA-256": fields.digest(""),
    }.items()
}
"""What the patterns of :mod:`piaojue_contracts.fields` are called."""

FORM_DOCS = """\
Forms: an *identifier* has small letters, digits and hyphens, at most 63; a *time* is as
`2022-04-16T01:30:00.000000Z`; a *date* as `2022-10-31`; an *amount* as `1200000.00`, in yuan; a *share* as
`96.70`, in per cent; a *SHA-256* has 64 hexadecimal digits.
"""


def events_page(messages: Sequence[tuple[EventType, Event]]) -> str:
    parts = [INTRODUCTION, READING, _envelope(), "## The events\n", FORM_DOCS, _overview(messages)]
    parts += [_section(event_type, golden) for event_type, golden in messages]
    return "\n".join(parts)


def _envelope() -> str:
    rows = [
        (f"`{name}`", "yes" if attribute.required else "no", attribute.doc)
        for name, attribute in ATTRIBUTES.items()
    ]
    rows.append(("`data`", "yes", f"{DATA} An object; its fields are below."))
    return (
        "## The envelope\n\n"
        "CloudEvents 1.0, structured, as `application/json`. Every member but `data` is a text. "
        "Pass over members that are not in this table; they are not in the hash either.\n\n"
        + _table(("Member", "Always", "Meaning"), rows)
    )


def _overview(messages: Iterable[tuple[EventType, Event]]) -> str:
    rows = ((each.producer, f"[`{each.routing_key}`](#{_anchor(each)})", each.doc) for each, _ in messages)
    return _table(("Producer", "Event", "Tells"), rows)


def _heading(event_type: EventType) -> str:
    return f"{event_type.producer}: {event_type.routing_key}"


def _anchor(event_type: EventType) -> str:
    kept = (c for c in _heading(event_type).lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return "".join(kept)


def _section(event_type: EventType, golden: Event) -> str:
    schemas = data_schemas([event_type.schema])
    address = f"events/schemas/{event_type.producer}/{event_type.routing_key}.json"
    facts = {
        "Type": f"`{event_type.type}`",
        "Exchange and routing key": f"`{event_type.exchange}`, `{event_type.routing_key}`",
        "Subject": event_type.subject,
        "JSON Schema": f"[{event_type.routing_key}.json]({address})",
    }
    example = json.dumps(golden.as_json(), ensure_ascii=False, indent=2)
    return "\n".join(
        [
            f"### {_heading(event_type)}\n",
            f"{event_type.doc}\n",
            "".join(f"- {name}: {fact}\n" for name, fact in facts.items()),
            _table(("Field", "Form", "Meaning"), _rows(event_type.schema.__name__, schemas, "")),
            f"```json\n{example}\n```\n",
        ]
    )


def _rows(name: str, schemas: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    schema = schemas[name]
    for field, rule in schema["properties"].items():
        optional = "" if field in schema.get("required", ()) else ", optional"
        yield f"`{prefix}{field}`", _form(rule) + optional, rule.get("description", "")
        inner, path = rule, f"{prefix}{field}"
        while "items" in inner:
            inner, path = inner["items"], f"{path}[]"
        if "$ref" in inner:
            yield from _rows(inner["$ref"].rpartition("/")[2], schemas, f"{path}.")


def _form(rule: dict[str, Any]) -> str:
    kinds = rule.get("type", "object")
    kind, *null = kinds if isinstance(kinds, list) else [kinds]
    words = FORM_OF_TYPE[kind](rule)
    return f"{words}, or null" if null else words


def _text(rule: dict[str, Any]) -> str:
    if "enum" in rule:
        return ", ".join(f"`{word}`" for word in rule["enum"])
    if "pattern" in rule:
        return FORMS.get(rule["pattern"].removesuffix("$") + r"\Z", "text")
    empty = "" if rule.get("minLength") else ", may be empty"
    return f"text{empty}, at most {rule['maxLength']} characters" if "maxLength" in rule else f"text{empty}"


def _whole(rule: dict[str, Any]) -> str:
    if "maximum" in rule:
        return f"whole number, {rule['minimum']} to {rule['maximum']}"
    return f"whole number, from {rule['minimum']}" if "minimum" in rule else "whole number"


def _list(rule: dict[str, Any]) -> str:
    least = f", at least {rule['minItems']}" if rule.get("minItems") else ""
    return f"list of {_form(rule['items'])}{least}"


FORM_OF_TYPE: dict[str, Callable[[dict[str, Any]], str]] = {
    "string": _text,
    "integer": _whole,
    "array": _list,
    "boolean": lambda _: "true or false",
    "object": lambda _: "object",
}


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
