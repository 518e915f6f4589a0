"""Bearer tokens: JSON Web Tokens signed with Ed25519, from an issuer that configuration names.

The algorithm is pinned: a token that asks for none, for a shared secret or for RSA is refused before
any key is tried.
"""

from chassis.auth.keys import FileKeys, KeySet, UrlKeys, jwks, key_set, load_key, new_key, save_key
from chassis.auth.refusals import REFUSALS_401, BodyNotAllowed, KeysUnavailable, RoleNotAllowed, TokenMissing
from chassis.auth.tokens import EVERY_BODY, ROLES, Authenticator, Caller, audience_of, issue_token

__all__ = [
    "EVERY_BODY",
    "REFUSALS_401",
    "ROLES",
    "Authenticator",
    "BodyNotAllowed",
    "Caller",
    "FileKeys",
    "KeySet",
    "KeysUnavailable",
    "RoleNotAllowed",
    "TokenMissing",
    "UrlKeys",
    "audience_of",
    "issue_token",
    "jwks",
    "key_set",
    "load_key",
    "new_key",
    "save_key",
]
