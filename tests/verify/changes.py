"""Every change that can be made to a record in one place: another value, one more, one less."""

from copy import deepcopy

_MOST_RECEIPTS = 3
"""They are all alike."""


def places(value, path=()):
    """The path of every value in a record, of the record itself first."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def at(record, path):
    for key in path:
        record = record[key]
    return record


def put(record, path, value):
    """A copy of the record with this value at a path."""
    changed = deepcopy(record)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def without(record, path):
    changed = deepcopy(record)
    del at(changed, path[:-1])[path[-1]]
    return changed


def others(value):
    """Values of the same kind, as little different as can be."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, max(value - 1, 0)] if value else [1]
        case str():
            first = "b" if value[:1] == "a" else "a"
            return [first + value[1:], value + " ", later(value)]
        case None:
            return [0]
    return []


def later(text):
    """The last digit of a time or a hash is another one."""
    place = max((place for place, letter in enumerate(text) if letter.isdigit()), default=None)
    return (
        text[::-1] if place is None else text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
    )


def more(value):
    """The same with one thing more."""
    match value:
        case dict():
            return [value | {"extra": 1}]
        case list():
            return [[*value, deepcopy(value[-1])], [deepcopy(value[0]), *value]] if value else [[1]]
    return []


def changes(record):
    """``(path, record)``: every change in one place."""
    for path in places(record):
        if path[:1] == ("receipts",) and path[1:] > (_MOST_RECEIPTS,):
            continue
        value = at(record, path)
        for other in (*others(value), *more(value)):
            if path and other != value:
                yield path, put(record, path, other)
        if path:
            yield path, without(record, path)
            yield path, put(record, path, {"no": "such"})
        if isinstance(value, list) and len(value) > 1 and value[::-1] != value:
            yield path, put(record, path, value[::-1])
    yield ("extra",), record | {"extra": 1}
