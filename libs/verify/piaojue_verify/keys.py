"""Ed25519 keys as JSON Web Keys, their thumbprints, and what they signed."""

import base64
import re
from collections.abc import Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from piaojue_verify.strict import canonical

KEY_OCTETS = 32
SIGNATURE_OCTETS = 64
_KID = re.compile(r"[A-Za-z0-9_-]{43}")


class UnusableKey(ValueError):
    """What was given as a key is none; the text says why."""


def is_kid(text: str) -> bool:
    """Has the form of a thumbprint: 43 letters of base64url."""
    return _KID.fullmatch(text) is not None


def thumbprint(x: str) -> str:
    """The ``kid`` of the Ed25519 key with this ``x`` (RFC 7638): it cannot be had for another key."""
    digest = sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def expected_kid(key: object) -> str:
    """The thumbprint of a key that somebody trusts, given as such or as a JWK. Raises UnusableKey."""
    if isinstance(key, str) and is_kid(key):
        return key
    if isinstance(key, Mapping):
        x, kid = key.get("x"), key.get("kid")
        if key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or octets(x, KEY_OCTETS) is None:
            raise UnusableKey("the key given is not the JWK of an Ed25519 key")
        if kid is not None and kid != thumbprint(str(x)):
            raise UnusableKey("the kid of the key given is not its thumbprint")
        return thumbprint(str(x))
    raise UnusableKey("a key is given by its kid, 43 letters, or as a JWK")


def octets(text: object, length: int) -> bytes | None:
    """From base64url without padding, in the one way of writing them; None: the text is none of these."""
    if not isinstance(text, str):
        return None
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    written = base64.urlsafe_b64encode(decoded).rstrip(b"=").decode()
    return decoded if len(decoded) == length and written == text else None


def has_signed(x: str, signature: str, message: object) -> bool:
    """Whether the key with this ``x`` signed the canonical JSON of a message."""
    public, signed = octets(x, KEY_OCTETS), octets(signature, SIGNATURE_OCTETS)
    if public is None or signed is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signed, canonical(message))
    except (InvalidSignature, ValueError):
        return False
    return True
