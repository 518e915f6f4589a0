"""Bearer tokens: JSON Web Tokens signed with Ed25519, from an issuer that configuration names.

The algorithm is pinned: a token that asks for none, for a shared secret or for RSA is refused before
any key is tried.
"""

import json
import os
import threading
import time
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import jwt
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chassis.errors import Forbidden, Unauthenticated, Unavailable

ALGORITHM: Final = "EdDSA"
EVERY_BODY: Final = "*"
ROLES: Final = ("clerk", "scrutineer", "teller", "deputy", "department", "supervisor", "operator")

LEEWAY: Final = timedelta(seconds=10)
TOKENS_REMEMBERED: Final = 4096
TOKEN_LENGTH: Final = 8192
FILE_CHECKED_SECONDS: Final = 1.0
FETCH_PAUSE_SECONDS: Final = 30.0
FETCH_TIMEOUT_SECONDS: Final = 5.0
KEYS_AGE_SECONDS: Final = 600.0
KEY_SET_SIZE: Final = 256 * 1024

_log = structlog.get_logger(__name__)


class TokenMissing(Unauthenticated):
    """The route needs a bearer token."""

    slug = "token-missing"


class TokenMalformed(Unauthenticated):
    """What was sent is not a token with the claims that are needed."""

    slug = "token-malformed"


class TokenExpired(Unauthenticated):
    """The token was good once."""

    slug = "token-expired"


class TokenNotYetValid(Unauthenticated):
    """The token will be good later; perhaps a clock is wrong."""

    slug = "token-not-yet-valid"


class TokenWrongIssuer(Unauthenticated):
    """The token comes from somebody else than the issuer trusted here."""

    slug = "token-wrong-issuer"


class TokenWrongAudience(Unauthenticated):
    """The token was issued for use elsewhere."""

    slug = "token-wrong-audience"


class TokenWrongAlgorithm(Unauthenticated):
    """The token is not signed with EdDSA."""

    slug = "token-wrong-algorithm"


class TokenUnknownKey(Unauthenticated):
    """The issuer's key set has no key with the token's ``kid``."""

    slug = "token-unknown-key"


class TokenBadSignature(Unauthenticated):
    """The signature is not the issuer's."""

    slug = "token-bad-signature"


class RoleNotAllowed(Forbidden):
    """The caller's roles are not among those that may do this."""

    slug = "role-not-allowed"


class BodyNotAllowed(Forbidden):
    """The token is not good for this body."""

    slug = "body-not-allowed"


class KeysUnavailable(Unavailable):
    """The issuer's keys could not be had, so no token can be checked at the moment."""

    slug = "keys-unavailable"


REFUSALS_401: Final = (
    TokenMissing,
    TokenMalformed,
    TokenExpired,
    TokenNotYetValid,
    TokenWrongIssuer,
    TokenWrongAudience,
    TokenWrongAlgorithm,
    TokenUnknownKey,
    TokenBadSignature,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the token says. ``bodies`` may hold EVERY_BODY."""

    subject: str
    roles: frozenset[str]
    bodies: frozenset[str]

    def may_act_for(self, body: str) -> bool:
        return body in self.bodies or EVERY_BODY in self.bodies


class KeySet(Protocol):
    """Where the issuer's public keys come from. ``generation`` grows whenever they change."""

    generation: int

    def find(self, kid: str) -> Ed25519PublicKey | None:
        """The key of this id, after looking again if it is not known. Raises KeysUnavailable."""

    def refresh(self) -> None:
        """Cheap, called for each token: notices changed keys sooner or later."""


class Authenticator:
    """Turns tokens into callers; remembers those verified of late. One per container."""

    def __init__(self, issuer: str, audience: str, keys: KeySet) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._generation = keys.generation
        self._verified: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Authenticator":
        """From ``ISSUER``, ``AUDIENCE`` and ``JWKS`` (path or URL); or a ready one, shared, at ``auth``."""
        ready = config.get("auth")
        if isinstance(ready, cls):
            return ready
        missing = [key for key in ("ISSUER", "AUDIENCE", "JWKS") if not config.get(key)]
        if missing:
            raise ValueError(f"missing for checking tokens: {', '.join(missing)}")
        return cls(config["ISSUER"], config["AUDIENCE"], key_set(str(config["JWKS"])))

    def caller(self, authorization: str | None) -> Caller:
        """Who calls with this ``Authorization`` header. Raises an Unauthenticated, or KeysUnavailable."""
        if not authorization:
            raise TokenMissing("Send a token: Authorization: Bearer …")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenMissing("The Authorization header must be: Bearer …")
        self._keys.refresh()
        if self._generation != self._keys.generation:
            self._verified.clear()
            self._generation = self._keys.generation
        known = self._verified.get(token)
        if known is not None and time.time() < known[0]:
            self._verified.move_to_end(token)
            return known[1]
        good_until, caller = self._verify(token)
        self._verified[token] = good_until, caller
        if len(self._verified) > TOKENS_REMEMBERED:
            self._verified.popitem(last=False)
        return caller

    def _verify(self, token: str) -> tuple[float, Caller]:
        key = self._key_of(token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as fault:
            raise _refusal(fault) from None
        return claims["exp"] + LEEWAY.total_seconds(), _caller(claims)

    def _key_of(self, token: str) -> Ed25519PublicKey:
        if len(token) > TOKEN_LENGTH:
            raise TokenMalformed("The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise TokenMalformed("This is not a JSON Web Token.") from None
        if header.get("alg") != ALGORITHM:
            raise TokenWrongAlgorithm(f"Tokens must be signed with {ALGORITHM}.")
        kid = header.get("kid")
        key = self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenUnknownKey("The issuer has no such key.")
        return key


def _refusal(fault: jwt.PyJWTError) -> Unauthenticated:
    match fault:
        case jwt.ExpiredSignatureError():
            return TokenExpired("The token has expired.")
        case jwt.ImmatureSignatureError():
            return TokenNotYetValid("The token is not valid yet.")
        case jwt.InvalidIssuerError():
            return TokenWrongIssuer("The token is from another issuer.")
        case jwt.InvalidAudienceError():
            return TokenWrongAudience("The token is for another audience.")
        case jwt.InvalidSignatureError():
            return TokenBadSignature("The signature does not fit.")
        case jwt.InvalidAlgorithmError():
            return TokenWrongAlgorithm(f"Tokens must be signed with {ALGORITHM}.")
        case jwt.MissingRequiredClaimError():
            return TokenMalformed(f"The token lacks the claim {fault.claim}.")
        case _:
            return TokenMalformed("The token cannot be read.")


def _caller(claims: Mapping[str, Any]) -> Caller:
    """Roles that are not known here are another system's business and grant nothing."""
    roles, bodies = claims.get("roles", []), claims.get("bodies", [])
    for name, value in (("roles", roles), ("bodies", bodies)):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise TokenMalformed(f"The claim {name} must be a list of strings.")
    if not claims["sub"]:
        raise TokenMalformed("The claim sub is empty.")
    return Caller(claims["sub"], frozenset(roles).intersection(ROLES), frozenset(bodies))


def key_set(source: str) -> KeySet:
    """The key set at an ``http(s)`` URL or in a file."""
    return UrlKeys(source) if source.startswith(("https://", "http://")) else FileKeys(Path(source))


class FileKeys:
    """A JWKS file, read again when it changes. Raises KeysUnavailable when made, if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.generation = 0
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._checked = 0.0
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._read()

    def find(self, kid: str) -> Ed25519PublicKey | None:
        if kid not in self._keys:
            self._read()
        return self._keys.get(kid)

    def refresh(self) -> None:
        if time.monotonic() - self._checked >= FILE_CHECKED_SECONDS:
            self._read()

    def _read(self) -> None:
        """While the file is missing or broken, as amid a change, the keys read before stay good."""
        self._checked = time.monotonic()
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp == self._stamp:
                return
            self._keys = public_keys(self._path.read_bytes())
        except (OSError, ValueError) as fault:
            if self._stamp is None:
                raise KeysUnavailable(f"The key set {self._path} cannot be read.") from fault
            _log.warning("key_set_not_read", source=str(self._path), error=type(fault).__name__)
            return
        self._stamp = stamp
        self.generation += 1


class UrlKeys:
    """An OIDC provider's key set: fetched when first needed, when a ``kid`` is new, and when grown old.

    At most one attempt in FETCH_PAUSE_SECONDS, so that made-up tokens cannot make us flood the provider.
    """

    def __init__(self, url: str, fetch: Callable[[str], bytes] | None = None) -> None:
        self.generation = 0
        self._url = url
        self._fetch = fetch or _fetched
        self._lock = threading.Lock()
        self._keys: dict[str, Ed25519PublicKey] | None = None
        self._fetched_at = -KEYS_AGE_SECONDS
        self._tried_at = -FETCH_PAUSE_SECONDS

    def find(self, kid: str) -> Ed25519PublicKey | None:
        if self._keys is None or kid not in self._keys:
            self._look()
        if self._keys is None:
            raise KeysUnavailable("The issuer's keys cannot be had at the moment.")
        return self._keys.get(kid)

    def refresh(self) -> None:
        if self._keys is not None and time.monotonic() - self._fetched_at >= KEYS_AGE_SECONDS:
            self._look()

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() - self._tried_at < FETCH_PAUSE_SECONDS:
                return
            self._tried_at = time.monotonic()
            try:
                keys = public_keys(self._fetch(self._url))
            except (OSError, ValueError) as fault:
                _log.warning("key_set_not_fetched", error=type(fault).__name__)
                return
            self._fetched_at = time.monotonic()
            if self._keys is None or keys.keys() != self._keys.keys():
                self.generation += 1
            self._keys = keys


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT_SECONDS) as response:
        document: bytes = response.read(KEY_SET_SIZE + 1)
    if len(document) > KEY_SET_SIZE:
        raise ValueError("the key set is too large")
    return document


def public_keys(document: bytes) -> dict[str, Ed25519PublicKey]:
    """The Ed25519 keys of a JWKS (RFC 7517) by their ids, other keys passed over. Raises ValueError."""
    found = json.loads(document)
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")
    keys = {}
    for key in found["keys"]:
        if key.get("kty") == "OKP" and key.get("crv") == "Ed25519" and key.get("use", "sig") == "sig":
            keys[key["kid"]] = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "=="))
    return keys


def new_key() -> Ed25519PrivateKey:
    """A fresh signing key, from the operating system's randomness."""
    return Ed25519PrivateKey.generate()


def save_key(key: Ed25519PrivateKey, path: Path) -> None:
    """Writes a key that only its owner can read. Raises FileExistsError rather than replace one."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


def load_key(path: Path) -> Ed25519PrivateKey:
    """Reads a key. Raises ValueError if it is of another kind, or if others may read it."""
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} is not an Ed25519 key")
    return key


def jwks(*keys: Ed25519PrivateKey | Ed25519PublicKey) -> dict[str, Any]:
    """The JSON Web Key Set of the public halves, to hand to whoever verifies."""
    return {"keys": [_public_jwk(key) for key in keys]}


def _public_jwk(key: Ed25519PrivateKey | Ed25519PublicKey) -> dict[str, str]:
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    x = _base64url(public.public_bytes_raw())
    thumbprint = sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()  # RFC 7638
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": x,
        "kid": _base64url(thumbprint),
        "use": "sig",
        "alg": ALGORITHM,
    }


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def issue_token(
    private_key: Ed25519PrivateKey,
    *,
    issuer: str,
    audience: str,
    subject: str,
    roles: Iterable[str],
    bodies: Iterable[str],
    lifetime: timedelta,
) -> str:
    """A signed token. Raises ValueError for a role that does not exist."""
    roles = sorted(set(roles))
    if unknown := set(roles) - set(ROLES):
        raise ValueError(f"unknown roles: {', '.join(sorted(unknown))}; there are: {', '.join(ROLES)}")
    now = datetime.now(UTC)
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "roles": roles,
        "bodies": sorted(set(bodies)),
    }
    return jwt.encode(claims, private_key, ALGORITHM, headers={"kid": _public_jwk(private_key)["kid"]})
