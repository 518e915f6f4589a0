"""Signatures of webhooks, after Standard Webhooks 1.0: HMAC-SHA256 over id, time and body."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Of a secret's bytes, as the specification has it."""


def secrets_of(text: str) -> tuple[bytes, ...]:
    """A secret on each line: ``whsec_`` and base64. Of several each signs, so that one can be replaced.

    ValueError: there is none, or one is of another form; its text does not quote it.
    """
    secrets = tuple(_secret(line) for each in text.splitlines() if (line := each.strip()))
    if not secrets:
        raise ValueError("has no secret")
    return secrets


def _secret(line: str) -> bytes:
    try:
        secret = b64decode(line.removeprefix(PREFIX), validate=True) if line.startswith(PREFIX) else b""
    except ValueError:
        secret = b""
    if not SHORTEST <= len(secret) <= LONGEST:
        raise ValueError(f"each line must be {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64")
    return secret


def signed(id: str, seconds: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers for this body, sent at this time: seconds since 1970."""
    content = f"{id}.{seconds}.".encode() + body
    marks = [b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }
