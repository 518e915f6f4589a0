"""Strict JSON: what two programs could read differently, or what only wears a machine out, is refused."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

LARGEST_FILE: Final = 64 * 1024 * 1024
LARGEST_NUMBER: Final = 2**53 - 1
"""Up to here every program reads a whole number alike."""
DEPTH: Final = 24
LARGEST_TREE: Final = 1_000_000

_Pending = Iterator[tuple[str, object]]


class NotARecord(ValueError):
    """The bytes are no JSON that every program reads alike; the text says why."""


def read(data: bytes) -> Any:
    """The value of a file. Raises NotARecord."""
    if len(data) > LARGEST_FILE:
        raise NotARecord(f"is larger than {LARGEST_FILE // 1024 // 1024} MiB, as no record is")
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except UnicodeDecodeError as error:
        raise NotARecord(f"is not UTF-8: byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise NotARecord(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotARecord("is nested too deeply") from None
    if fault := first_fault(value):
        raise NotARecord(fault)
    return value


def first_fault(value: object) -> str | None:
    """Why a value is not plain JSON of ours: whole numbers, sound texts, bounded in depth and size."""
    pending: list[_Pending] = [iter([("", value)])]
    seen = 0
    while pending:
        for path, each in pending[-1]:
            seen += 1
            if seen > LARGEST_TREE:
                return "holds more values than any record"
            if fault := _fault(each):
                return f"{path}: {fault}" if path else fault
            if inside := _inside(each, path):
                if len(pending) == DEPTH:
                    return "is nested too deeply"
                pending.append(inside)
                break
        else:
            pending.pop()
    return None


def canonical(value: object) -> bytes:
    """What is hashed and signed: sorted keys, no spaces, UTF-8, for a value without :func:`first_fault`."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def shown(value: object) -> str:
    """A name or value from a record, made safe to print: short, in one line, without control characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    safe = "".join(letter if letter.isprintable() else "·" for letter in text[:61])
    return safe if len(safe) <= 60 else f"{safe[:60]}…"


def _fault(value: object) -> str | None:
    kind = type(value)
    if kind is str:
        return None if _sound(value) else "is a text with broken characters"
    if kind is int:
        return None if -LARGEST_NUMBER <= value <= LARGEST_NUMBER else "is too large a number"  # type: ignore[operator]
    if kind is dict:
        if all(type(key) is str and _sound(key) for key in value):  # type: ignore[attr-defined]
            return None
        return "has a name that is not a sound text"
    if kind is list or kind is bool or value is None:
        return None
    return "is not whole" if kind is float else "is nothing that JSON has"


def _sound(text: object) -> bool:
    """Half of a surrogate pair is in no UTF-8."""
    try:
        str.encode(text)  # type: ignore[arg-type]
    except UnicodeEncodeError:
        return False
    return True


def _inside(value: object, path: str) -> _Pending | None:
    before = f"{path}." if path else ""
    if isinstance(value, Mapping) and value:
        return ((f"{before}{shown(key)}", each) for key, each in value.items())
    if isinstance(value, list) and value:
        return ((f"{before}{place}", each) for place, each in enumerate(value))
    return None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotARecord(f"an object has the name {shown(_twice(pairs))} twice")
    return members


def _twice(pairs: list[tuple[str, object]]) -> str:
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _integer(digits: str) -> int:
    if len(digits) > len(str(LARGEST_NUMBER)) + 1:
        raise NotARecord("has a number that is too large")
    return int(digits)


def _refuse_number(number: str) -> NoReturn:
    raise NotARecord(f"has a number that is not whole: {shown(number)}")
