"""Sheets in, results out: what ``piaojue count`` and ``piaojue rate`` do between a file and the domain.

A file is one JSON document, or JSON Lines: one sheet a line, one result a line, in the same order. JSON Lines
are read, counted and written line by line, so a file of any length takes the memory of its longest line.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import chain
from typing import BinaryIO, NoReturn, TextIO

from chassis.errors import Refused

ALL_COUNTED = 0
SOME_REFUSED = 2
STDIN = "-"

_LINES_SUFFIXES = (".jsonl", ".ndjson")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

SheetFunction = Callable[[object], dict[str, object]]


class NotASheet(Refused):
    """The input is not even JSON."""

    slug = "invalid-sheet"


class UnreadableError(Exception):
    """A file that cannot be opened or read to its end."""


def run(paths: Sequence[str], function: SheetFunction, *, stdin: BinaryIO, out: TextIO, err: TextIO) -> int:
    """Applies ``function`` to every sheet of every path (``-``: ``stdin``), results to ``out``.

    A refused sheet's result is ``{"error": {"slug", "detail"}}``. A file that cannot be read is told on
    ``err``, and the others are still counted. Returns 0 when every sheet was counted, 2 otherwise.
    """
    sheets = refused = 0
    unreadable = False
    for path in paths:
        try:
            for data, alone in _sheets(path, _lines(path, stdin)):
                result = _result(data, function)
                sheets, refused = sheets + 1, refused + ("error" in result)
                out.write(written(result, out, pretty=alone and out.isatty()) + "\n")
        except UnreadableError as error:
            unreadable = True
            err.write(f"{error}\n")
    if refused:
        err.write(f"{refused} of {sheets} refused: see the error in the result\n")
    return SOME_REFUSED if refused or unreadable else ALL_COUNTED


def parse(data: bytes) -> object:
    """JSON, strictly: UTF-8, no NaN or Infinity, no name twice in an object. Raises NotASheet."""
    try:
        return json.loads(data.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise NotASheet(f"sheet: must be UTF-8, which byte {error.start + 1} is not") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise NotASheet(f"sheet: must be JSON: {error.msg} at {place}") from error
    except RecursionError:
        raise NotASheet("sheet: is nested too deeply") from None
    except ValueError as error:
        raise NotASheet("sheet: has a number with too many digits") from error


def _lines(path: str, stdin: BinaryIO) -> Iterator[bytes]:
    """The lines that are not blank, without a byte order mark. Raises UnreadableError."""
    try:
        with nullcontext(stdin) if path == STDIN else open(path, "rb") as source:
            for number, line in enumerate(source):
                text = line if number else line.removeprefix(_BYTE_ORDER_MARK)
                if text.strip():
                    yield text
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror or error}") from error


def _sheets(path: str, lines: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each sheet's bytes, and whether it stands alone in its file; an empty file is one empty sheet."""
    first = next(lines, b"")
    if path.endswith(_LINES_SUFFIXES) and first:
        yield from _each(chain([first], lines))
    elif _is_json(first):
        second = next(lines, None)
        yield first, second is None
        yield from _each(chain([second], lines) if second else ())
    else:
        rest = list(lines)
        whole = first + b"".join(rest)
        if rest and not _is_json(whole) and _look_like_sheets(first, rest):
            yield from _each([first, *rest])
        else:
            yield whole, True


def _each(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    return ((line, False) for line in lines)


def _look_like_sheets(first: bytes, rest: Sequence[bytes]) -> bool:
    """Of what is not one document: is it JSON Lines with a fault, rather than a long document with one?

    In a document over many lines the first opens a bracket, and no line begins with a whole object.
    """
    if first.lstrip()[:1] not in (b"{", b"["):
        return True
    return any(line.startswith(b'{"') and line.rstrip().endswith(b"}") for line in (first, *rest))


def _is_json(data: bytes) -> bool:
    try:
        parse(data)
    except NotASheet:
        return False
    return True


def _result(data: bytes, function: SheetFunction) -> dict[str, object]:
    try:
        if not data:
            raise NotASheet("sheet: is empty")
        return function(parse(data))
    except Refused as refusal:
        return {"error": {"slug": refusal.slug, "detail": refusal.detail}}


def written(result: dict[str, object], out: TextIO, *, pretty: bool) -> str:
    """As JSON, in one line unless ``pretty``; in ASCII where the output's encoding cannot hold every text."""
    plain = (out.encoding or "utf-8").lower().replace("-", "") != "utf8"
    return json.dumps(result, ensure_ascii=plain, indent=2 if pretty else None)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise NotASheet("sheet: an object has the same name twice")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise NotASheet(f"sheet: must be JSON, which {name} is not")
