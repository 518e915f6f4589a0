"""The key that counts and records are signed with."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ballots.usecases import Recorder
from chassis.auth import jwks, load_key, new_key, save_key
from chassis.config import Settings


class Ed25519Key:
    """A :class:`ballots.domain.RecordKey`."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        shown = jwks(private)["keys"][0]
        self.jwk = {name: shown[name] for name in ("kty", "crv", "x", "kid")}

    def sign(self, message: bytes) -> str:
        return urlsafe_b64encode(self._private.sign(message)).rstrip(b"=").decode()

    def has_signed(self, message: bytes, signature: str) -> bool:
        try:
            self._private.public_key().verify(urlsafe_b64decode(f"{signature}=="), message)
        except (InvalidSignature, ValueError):
            return False
        return True


def recorder_for(settings: Settings) -> Recorder:
    """Makes records with the key in the file that the setting ``record_key`` names.

    Without the setting, a key is made once and kept in the data folder, readable by its owner alone.
    ValueError: the file is not there, is no key, or can be read by others.
    """
    file: Path | None = settings.record_key
    try:
        if file is None:
            key = own_key(settings.data_folder / f"{settings.service}-record-key.pem")
        else:
            key = load_key(file)
    except (OSError, ValueError, TypeError) as fault:
        raise ValueError(f"record_key: the key cannot be used: {fault}") from fault
    return Recorder(settings.region, Ed25519Key(key))


def own_key(file: Path) -> Ed25519PrivateKey:
    """The key in the file; a new one, put there first, when there is none. Safe when several do it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        made = file.with_name(f"{file.name}.{token_hex(8)}")
        save_key(new_key(), made)
        with open(made, "rb") as written:
            os.fsync(written.fileno())
        with suppress(FileExistsError):
            os.link(made, file)
        made.unlink()
    return load_key(file)
