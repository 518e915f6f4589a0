"""The embedded suite's own signing key: made once, in the data folder, by whoever needs it first."""

import json
import os
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final, NamedTuple

from chassis.auth import jwks, load_key, new_key, save_key
from piaojue.holding import unusable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE: Final = "signing-key.pem"
JWKS_FILE: Final = "jwks.json"


class KeyUnusableError(Exception):
    """The key cannot be made, read or published; the text says what to do about it."""


class OwnKey(NamedTuple):
    """``made``: there was none before."""

    private: "Ed25519PrivateKey"
    made: bool


def own_key(folder: Path) -> OwnKey:
    """The key of a data folder, with its public half in the folder's ``jwks.json``.

    Makes what is missing: the folder, the key (only its owner can read it), the key set. Idempotent, and
    safe when several do it at once: all get the same key. Other keys in the key set are kept.
    Raises KeyUnusableError.
    """
    path = folder / KEY_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = not path.exists() and _make(path)
        key = _load(path)
        _publish(key, folder / JWKS_FILE)
    except OSError as error:
        raise KeyUnusableError(f"the data folder {folder} cannot be used: {unusable(error)}") from error
    return OwnKey(key, made)


def _make(path: Path) -> bool:
    """A key that is there wholly or not at all; False if somebody else was faster."""
    draft = _draft(path)
    try:
        save_key(new_key(), draft)
        _keep(draft)
        os.link(draft, path)  # unlike a renaming, never in place of another
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _load(path: Path) -> "Ed25519PrivateKey":
    try:
        return load_key(path)
    except (ValueError, TypeError) as error:
        reason = str(error) if str(path) in str(error) else f"{path} is not a signing key, put it back"
        remedy = "Or move it away to have a new one made; tokens signed so far are then refused."
        raise KeyUnusableError(f"{reason}. {remedy}") from error


def _publish(key: "Ed25519PrivateKey", path: Path) -> None:
    published = _published(path)
    own = jwks(key)["keys"][0]
    if any(other.get("kid") == own["kid"] for other in published):
        return
    draft = _draft(path)
    try:
        draft.write_text(json.dumps({"keys": [*published, own]}, indent=2) + "\n", encoding="utf-8")
        _keep(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _published(path: Path) -> list[dict[str, object]]:
    try:
        keys = json.loads(path.read_bytes())["keys"]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, RecursionError):
        keys = None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise KeyUnusableError(f"{path} is not a JSON Web Key Set. Move it away to have it written again.")
    return keys


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{token_hex(8)}")


def _keep(path: Path) -> None:
    """On the disk before it has its name: a key that is empty after a power cut would stop the suite."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
