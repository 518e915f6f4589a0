"""Ed25519 keys: the public ones of an issuer, from a file or an OIDC provider; and making one's own."""

import json
import os
import threading
import time
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chassis.auth.refusals import KeysUnavailable

ALGORITHM: Final = "EdDSA"
FILE_CHECKED_SECONDS: Final = 1.0
FETCH_PAUSE_SECONDS: Final = 30.0
FETCH_TIMEOUT_SECONDS: Final = 5.0
KEYS_AGE_SECONDS: Final = 600.0
KEY_SET_SIZE: Final = 256 * 1024

_log = structlog.get_logger("chassis.auth")


class KeySet(Protocol):
    """Where the issuer's public keys come from. ``generation`` grows whenever they change."""

    generation: int

    def find(self, kid: str) -> Ed25519PublicKey | None:
        """The key of this id, after looking again if it is not known. Raises KeysUnavailable."""

    def refresh(self) -> None:
        """Cheap, called for each token: notices changed keys sooner or later."""


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
            if keys != self._keys:
                self.generation += 1
            self._keys = keys


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Who names the keys can sign tokens: that is who was configured, and nobody to whom one is sent on."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirects)


def _fetched(url: str) -> bytes:
    with _OPENER.open(url, timeout=FETCH_TIMEOUT_SECONDS) as response:
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
        match key:
            case {"kty": "OKP", "crv": "Ed25519", "kid": str(kid), "x": str(x)} if (
                key.get("use", "sig") == "sig"
            ):
                keys[kid] = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(x + "=="))
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
    """Reads a key. Raises ValueError if it is of another kind, or if others may read it.

    A key that is somebody else's, as where containers are given secrets, may be read by our group.
    """
    status = path.stat()
    if status.st_mode & (0o077 if status.st_uid == os.geteuid() else 0o037):
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
