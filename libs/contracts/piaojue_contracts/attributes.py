"""The members of an envelope beside ``data``: what each says, and the form it must have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Attribute:
    """``pattern`` must match the whole text; ``form`` says in words what it matches, after "is not"."""

    doc: str
    pattern: str
    form: str
    required: bool = True
    _matches: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_matches", re.compile(self.pattern).fullmatch)

    def fault(self, members: Mapping[str, object], name: str) -> str | None:
        """What is wrong with this member of an envelope, without quoting it; None where nothing is."""
        value = members.get(name)
        if value is None and not self.required:
            return None
        if not isinstance(value, str) or not value:
            return f"{name} is missing or not a text"
        return None if self._matches(value) else f"{name} is not {self.form}"


_DIGEST: Final = r"[0-9a-f]{64}"

ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "specversion": Attribute("CloudEvents' version.", r"1\.0", "1.0, of CloudEvents"),
    "id": Attribute(
        "The event's own id. What comes twice with the same `id` is the same event.",
        r"[!-~]{1,36}",
        "at most 36 characters of ASCII",
    ),
    "source": Attribute(
        "The log that it stands in: `/regions/<region>/<producer>`.",
        r"/[!-~]{1,299}",
        "a path of at most 300 characters",
    ),
    "type": Attribute(
        "What kind of event it is, and which version of that kind.",
        r"piaojue\.[a-z_]{1,63}\.[a-z_]{1,63}\.v[1-9][0-9]{0,3}",
        "piaojue.<producer>.<name>.v<version>",
    ),
    "subject": Attribute(
        "What it is about. Events of one subject are handled in their order.",
        r"[!-~]{1,300}",
        "at most 300 characters of ASCII",
    ),
    "time": Attribute(
        "When it happened.",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z",
        "RFC 3339 in UTC",
    ),
    "datacontenttype": Attribute("What `data` is.", r"application/json", "application/json"),
    "sequence": Attribute(
        "Its number in the log of its source: gapless, from 1, in fifteen digits.",
        r"(?!0{15})[0-9]{15}",
        "fifteen digits, from 1",
    ),
    "previoushash": Attribute(
        "The `hash` of the event before it in the log; 64 zeros for the first.",
        _DIGEST,
        "64 hexadecimal digits",
    ),
    "hash": Attribute(
        "SHA-256 of the canonical JSON of all members of this table, but itself, and of `data`.",
        _DIGEST,
        "64 hexadecimal digits",
    ),
    "correlationid": Attribute(
        "Told by everything that one request led to, in logs too.",
        r"[!-~]{1,64}",
        "at most 64 characters of ASCII",
        required=False,
    ),
    "traceparent": Attribute(
        "The trace that it belongs to, as W3C Trace Context has it.",
        r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}",
        "a traceparent of W3C Trace Context",
        required=False,
    ),
}
"""In this order. Lengths are what the inboxes of the services can hold."""
