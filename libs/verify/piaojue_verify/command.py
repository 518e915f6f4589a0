"""The command: a record in, a report out. Shared by ``python -m piaojue_verify`` and ``piaojue verify``."""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO, Final, TextIO

from piaojue_verify.keys import UnusableKey, expected_kid, is_kid
from piaojue_verify.strict import LARGEST_FILE, NotARecord, read
from piaojue_verify.verifying import verify_bytes

VERIFIED: Final = 0
NOT_VERIFIED: Final = 1
UNUSABLE: Final = 2
STDIN: Final = "-"


class Unusable(Exception):
    """What the command was given cannot be read, or is no key."""


def run(
    path: str,
    *,
    key: str | None = None,
    receipt: str | None = None,
    without_recount: bool = False,
    as_json: bool = False,
    stdin: BinaryIO,
    out: TextIO,
) -> int:
    """Writes the report on a file (``-``: ``stdin``) and returns VERIFIED or NOT_VERIFIED. Raises Unusable.

    ``key``: a ``kid``, or the path of a file with a JWK.
    """
    report = verify_bytes(
        _content(path, stdin),
        key=None if key is None else _key(key),
        receipt=receipt,
        without_recount=without_recount,
    )
    if as_json:
        plain = (out.encoding or "utf-8").lower().replace("-", "") != "utf8"
        out.write(json.dumps(report.as_json(), ensure_ascii=plain, indent=2) + "\n")
    else:
        out.write(report.as_text() + "\n")
    return VERIFIED if report.ok else NOT_VERIFIED


def _content(path: str, stdin: BinaryIO) -> bytes:
    """One byte beyond the largest record is enough to know that it is none."""
    if path == STDIN:
        return stdin.read(LARGEST_FILE + 1)
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise Unusable(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _key(given: str) -> str:
    if is_kid(given):
        return given
    try:
        with open(given, "rb") as file:
            jwk: str | Mapping[str, Any] = read(file.read(LARGEST_FILE))
        return expected_kid(jwk)
    except (OSError, NotARecord, UnusableKey, ValueError) as error:
        raise Unusable(
            f"{given} is no key: give the 43 letters of its kid, or a file with its JWK"
        ) from error
