"""What a record hashes: one way to write a value, and the root of a tree of receipts."""

import hashlib
import json
from collections.abc import Sequence


def canonical(value: object) -> bytes:
    """JSON with sorted keys, without spaces, in UTF-8; for whole numbers, as every program writes them."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def merkle_root(leaves: Sequence[bytes]) -> str:
    """The root of RFC 6962: leaves and nodes begin with another byte each, so that none passes for the other.

    Of no leaves it is the hash of nothing.
    """
    return _root(leaves).hex()


def _root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)  # the largest power of two below their number
    return hashlib.sha256(b"\x01" + _root(leaves[:split]) + _root(leaves[split:])).digest()
