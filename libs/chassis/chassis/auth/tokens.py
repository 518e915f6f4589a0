"""Tokens to callers, and callers to tokens."""

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chassis.auth.keys import ALGORITHM, KeySet, jwks, key_set
from chassis.auth.refusals import (
    TokenBadSignature,
    TokenExpired,
    TokenMalformed,
    TokenMissing,
    TokenNotYetValid,
    TokenUnknownKey,
    TokenWrongAlgorithm,
    TokenWrongAudience,
    TokenWrongIssuer,
)
from chassis.errors import Unauthenticated
from chassis.reading import broken_in_line

EVERY_BODY: Final = "*"
ROLES: Final = ("clerk", "scrutineer", "teller", "deputy", "department", "supervisor", "operator")
LEEWAY: Final = timedelta(seconds=10)
TOKENS_REMEMBERED: Final = 1024
TOKEN_LENGTH: Final = 8192
SUBJECT_LENGTH: Final = 255
"""As OpenID Connect has it. A subject is kept and shown, as who has replaced a roll."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the token says. ``bodies`` may hold EVERY_BODY."""

    subject: str
    roles: frozenset[str]
    bodies: frozenset[str]

    def may_act_for(self, body: str) -> bool:
        return body in self.bodies or EVERY_BODY in self.bodies


def audience_of(service: str, audience: str) -> str:
    """The ``aud`` of a token that is good for this service alone; ``audience`` is that of all."""
    return f"{audience}/{service}"


class Authenticator:
    """Turns tokens into callers; remembers those verified of late. One per container.

    A token must be for ``audience``, or one of them.
    """

    def __init__(self, issuer: str, audience: str | Sequence[str], keys: KeySet) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._generation = keys.generation
        self._verified: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Authenticator":
        """From ``ISSUER``, ``AUDIENCE`` and ``JWKS`` (path or URL)."""
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
        if isinstance(claims["exp"], str):  # the library takes digits in a text
            raise TokenMalformed("The claim exp must be a number.")
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
    subject = claims["sub"]
    if len(subject) > SUBJECT_LENGTH or broken_in_line(subject):
        raise TokenMalformed(f"The claim sub must be a line of at most {SUBJECT_LENGTH} characters.")
    return Caller(subject, frozenset(roles).intersection(ROLES), frozenset(bodies))


def issue_token(
    private_key: Ed25519PrivateKey,
    *,
    issuer: str,
    audience: str | Sequence[str],
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
    return jwt.encode(claims, private_key, ALGORITHM, headers={"kid": jwks(private_key)["keys"][0]["kid"]})
