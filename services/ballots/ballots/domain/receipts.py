"""The receipt (回执): proves to a deputy that the paper is in the count, and to nobody what is on it.

It is made of the code on the slip and a nonce that the deputy's device chose, and of nothing that is on the
paper. Who has both can make it again; nobody can go back from it to either.
"""

from collections.abc import Collection

from ballots.domain.hashing import digest, merkle_root

NONCE = r"^[A-Za-z0-9_-]{16,64}\Z"
"""What a nonce looks like."""


def receipt_of(body: str, poll: str, code: str, nonce: str) -> str:
    """The receipt of a paper cast with this normalised code: 64 hexadecimal digits."""
    return digest(["piaojue-receipt-1", body, poll, code.replace("-", ""), nonce])


def receipts_root(receipts: Collection[str]) -> str:
    """The Merkle root of receipts, in their own order, which tells nothing."""
    return merkle_root([bytes.fromhex(receipt) for receipt in sorted(receipts)])
