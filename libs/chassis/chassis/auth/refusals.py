"""Why a token, or its bearer, is refused."""

from typing import Final

from chassis.errors import Forbidden, Unauthenticated, Unavailable


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
