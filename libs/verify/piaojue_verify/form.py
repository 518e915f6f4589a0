"""The form of a record, version 1: every field, and what kind of value it has."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from piaojue_verify.keys import KEY_OCTETS, SIGNATURE_OCTETS, octets
from piaojue_verify.strict import shown

FORMAT: Final = "piaojue-record"
VERSION: Final = 1
LEVELS: Final = ("township", "county", "city", "province", "nation")

Shape = Callable[[object, str], Iterator[str]]
"""Yields what is wrong with a value at a path."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_EVENT = re.compile(r"(piaojue\.ballots\.)?[a-z][a-z_]{0,60}\.v[1-9][0-9]{0,3}")
_FRACTION = re.compile(r"(0|[1-9][0-9]{0,8})/([1-9][0-9]{0,8})")


def fraction(given: object) -> tuple[int, int] | None:
    """Numerator and denominator of a text such as ``2/3``, which is at most the whole."""
    match = _FRACTION.fullmatch(given) if isinstance(given, str) else None
    if match is None or int(match[1]) > int(match[2]):
        return None
    return int(match[1]), int(match[2])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _faulty(rule: str, holds: Callable[[object], bool]) -> Shape:
    def shape(value: object, path: str) -> Iterator[str]:
        if not holds(value):
            yield f"{path}: {rule}"

    return shape


def _is_moment(value: object) -> bool:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return False
    try:
        moment(value)
    except ValueError:
        return False
    return True


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def whole(least: int = 0) -> Shape:
    return _faulty(
        f"must be a whole number, at least {least}", lambda value: type(value) is int and value >= least
    )


def exactly(expected: object) -> Shape:
    return _faulty(f"must be {expected!r}", lambda value: type(value) is type(expected) and value == expected)


def base64url(length: int) -> Shape:
    return _faulty(f"must be {length} bytes in base64url", lambda value: octets(value, length) is not None)


anything: Shape = _faulty("", lambda value: True)
text: Shape = _faulty(
    "must be a text that is not empty", lambda value: isinstance(value, str) and value != ""
)
flag: Shape = _faulty("must be true or false", lambda value: isinstance(value, bool))
digest: Shape = _faulty("must be a SHA-256 in 64 small hexadecimal digits", _matches(_DIGEST))
instant: Shape = _faulty("must be a time such as 2022-04-16T01:30:00.000000Z", _is_moment)
event_type: Shape = _faulty("must be the type of an event of ballots", _matches(_EVENT))
level: Shape = _faulty(f"must be one of {', '.join(LEVELS)}", lambda value: value in LEVELS)
share: Shape = _faulty('must be a share such as "2/3"', lambda value: fraction(value) is not None)


def nullable(shape: Shape) -> Shape:
    return lambda value, path: iter(()) if value is None else shape(value, path)


def each(shape: Shape, *, least: int = 0) -> Shape:
    def listed(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path}: must be a list"
        elif len(value) < least:
            yield f"{path}: must not be empty"
        else:
            for place, item in enumerate(value):
                yield from shape(item, f"{path}.{place}")

    return listed


def mapped(shape: Shape) -> Shape:
    def mapping(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{path}: must be an object"
        else:
            for name, item in value.items():
                yield from shape(item, f"{path}.{shown(name)}")

    return mapping


def fields(
    members: Mapping[str, Shape], *, optional: Mapping[str, Shape] | None = None, others: bool = False
) -> Shape:
    """An object with all of ``members``, and unless ``others`` with nothing else beyond ``optional``."""
    known = {**members, **(optional or {})}

    def shape(value: object, path: str) -> Iterator[str]:
        before = f"{path}." if path else ""
        if not isinstance(value, Mapping):
            yield f"{path or 'the record'}: must be an object"
            return
        for name in members:
            if name not in value:
                yield f"{before}{name}: is missing"
        for name, item in value.items():
            if name in known:
                yield from known[name](item, f"{before}{name}")
            elif not others:
                yield f"{before}{shown(name)}: is not a field of a record"

    return shape


_PER_CHANNEL = fields(
    {
        **{"channel": text, "kind": text, "blank": nullable(whole())},
        **dict.fromkeys(("issued", "returned", "unreturned", "valid", "invalid"), whole()),
    }
)
_HEAPS = each(fields({"times": whole(1), "marks": anything}))
_CODES = fields(
    {"channel": exactly("codes"), "kind": exactly("codes"), "issued": whole(), "struck": nullable(text)},
    optional={"readings": each(_HEAPS)},
)
_CHANNEL = fields(
    {
        **{"channel": text, "kind": text, "version": text},
        **{"issued": whole(), "returned": nullable(whole()), "settled": whole()},
        **{"struck": nullable(text), "replaces": nullable(text), "detail_hash": digest},
    },
    optional={
        "readings": each(anything),
        "tally": fields(
            {"valid": whole(), "invalid": whole(), "blank": nullable(whole()), "tallies": mapped(anything)}
        ),
    },
)


def _channels(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, list) or len(value) < 2:
        yield f"{path}: must be a list of the codes and of at least one more"
        return
    yield from _CODES(value[0], f"{path}.0")
    for place, item in enumerate(value[1:], 1):
        yield from _CHANNEL(item, f"{path}.{place}")


_RESULT = {
    "outcome": text,
    "adopted": each(text),
    "tied": each(text),
    "open_seats": whole(),
    "pass_mark": nullable(whole()),
    "votes": nullable(mapped(whole())),
    "tallies": nullable(mapped(anything)),
    **dict.fromkeys(("deputies", "present", "quorum_needed", "issued", "returned", "unreturned"), whole()),
    **dict.fromkeys(("valid", "invalid"), whole()),
    "blank": nullable(whole()),
}
_SIGNATURE = {
    "scrutineer": text,
    "name": text,
    "chief": flag,
    "signed_at": instant,
    "signature": base64url(SIGNATURE_OCTETS),
}
_RULES = {
    "seats": whole(1),
    "marking": fields({"scheme": text}, others=True),
    "adoption": fields({"rule": text}, others=True),
    "quorum": share,
    "differential": flag,
}

OPTIONAL: Final[Mapping[str, Shape]] = {
    "profile": fields({"name": text, "version": text, "hash": digest}),
    "channels": _channels,
}
"""The profile that the poll was held by, where there was one; its channels, where there are others than the
codes."""

RECORD: Final[Mapping[str, Shape]] = {
    "format": exactly(FORMAT),
    "version": exactly(VERSION),
    "region": text,
    "body": fields({"id": text, "name": text, "level": level}),
    "meeting": fields({"id": text, "title": text, "due": whole(1), "present": whole(), "opened_at": instant}),
    "poll": fields(
        {
            **{"id": text, "title": text, "year": whole()},
            **{"opened_at": instant, "closed_at": instant, "declared_at": instant},
        }
    ),
    "rules": fields(_RULES, others=True),
    "versions": fields({"adoption": text, "marking": text}),
    "candidates": each(fields({"project": text, "title": text}), least=1),
    "rules_hash": digest,
    "attendance": fields({"deputies": whole(1), "present": whole()}),
    "reconciliation": fields(
        {
            **dict.fromkeys(("issued", "returned", "unreturned", "valid", "invalid"), whole()),
            "blank": nullable(whole()),
        },
        optional={"channels": each(_PER_CHANNEL)},
    ),
    "papers": _HEAPS,
    "receipts": each(digest),
    "receipts_root": digest,
    "result": fields(_RESULT, optional={"channels": each(_PER_CHANNEL)}, others=True),
    "count_hash": digest,
    "signatures": each(fields(_SIGNATURE)),
    "events": each(fields({"type": event_type, "sequence": whole(1), "hash": digest})),
    "key": fields(
        {
            **{"kty": exactly("OKP"), "crv": exactly("Ed25519")},
            **{"x": base64url(KEY_OCTETS), "kid": base64url(KEY_OCTETS)},
        },
        optional={"use": exactly("sig"), "alg": exactly("EdDSA")},
    ),
    "record_hash": digest,
    "signature": base64url(SIGNATURE_OCTETS),
}


def faults(record: object) -> Iterator[str]:
    """What is wrong with the form of a record; all other checks may rely on it where this yields nothing."""
    if isinstance(record, Mapping) and record.get("format") == FORMAT and "version" in record:
        version = record["version"]
        if type(version) is int and version != VERSION:
            yield f"version: is {version}; this program knows version {VERSION} only"
            return
    yield from fields(RECORD, optional=OPTIONAL)(record, "")
