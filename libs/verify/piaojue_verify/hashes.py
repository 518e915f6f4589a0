"""The hashes of a record, each from what it is said to be of."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from piaojue_verify.strict import canonical

Record = Mapping[str, Any]

_UNHASHED = ("record_hash", "signature")
_COUNTED = ("candidates", "rules_hash", "attendance", "reconciliation", "papers", "receipts_root", "result")


def rules_hash(record: Record) -> str:
    """Of the rules, the versions of what applies them, the projects in the paper's order, and the profile."""
    fixed = {
        "rules": record["rules"],
        "versions": record["versions"],
        "candidates": [candidate["project"] for candidate in record["candidates"]],
    }
    if "profile" in record:
        fixed["profile"] = record["profile"]
    return sha256(canonical(fixed)).hexdigest()


def count_hash(record: Record) -> str:
    """What the scrutineers confirm: the count, and which poll it is of."""
    ids = {name: record[name]["id"] for name in ("body", "meeting", "poll")}
    counted = {name: record[name] for name in (*_COUNTED, "channels") if name in record}
    return sha256(canonical(counted | ids)).hexdigest()


def record_hash(record: Record) -> str:
    content = {name: value for name, value in record.items() if name not in _UNHASHED}
    return sha256(canonical(content)).hexdigest()


def merkle_root(leaves: Sequence[bytes]) -> str:
    """As certificate transparency has it (RFC 6962): leaves and nodes are told apart by their first byte."""
    return _root(leaves).hex()


def _root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1  # the largest power of two below their number
    return sha256(b"\1" + _root(leaves[:split]) + _root(leaves[split:])).digest()
