"""Who may call a route. Every route says so; there is no default."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from chassis.auth import ROLES


@dataclass(frozen=True, slots=True)
class Access:
    """``roles`` is None where no token is asked for; ``optional`` where one of theirs may be given.

    ``every_body``: the token must be good for all bodies, since what is there is of all of them.
    """

    name: str
    roles: frozenset[str] | None
    description: str
    optional: bool = False
    every_body: bool = False


PUBLIC: Final = Access("public", None, "Open to everyone; no token.")
INTERNAL: Final = Access(
    "internal",
    None,
    "For monitoring inside the operator's network; no token. Do not route it to the outside.",
)


def bearer(*roles: str, every_body: bool = False) -> Access:
    """Callers whose token has one of these roles and, where the path has ``<body>``, is good for it; with
    ``every_body``, for all bodies."""
    if not roles:
        raise TypeError("bearer() needs the roles that may call; a route open to all is PUBLIC")
    good_for = " and good for every body" if every_body else ""
    told = f"Bearer token with a role of: {', '.join(roles)}{good_for}."
    return Access("bearer", _known(roles), told, every_body=every_body)


def public_and(*roles: str) -> Access:
    """Everyone, and those whom ``call.caller`` is for: callers as :func:`bearer` has them, who may see more.

    A token that is good for something else makes nobody of its caller; one that is good for nothing is
    refused.
    """
    if not roles:
        raise TypeError("public_and() needs the roles that may see more; a route without any is PUBLIC")
    told = f"Open to everyone; a bearer token with a role of {', '.join(roles)} may show more."
    return Access("public", _known(roles), told, optional=True)


def _known(roles: Collection[str]) -> frozenset[str]:
    if unknown := set(roles) - set(ROLES):
        raise TypeError(f"unknown roles: {', '.join(sorted(unknown))}")
    return frozenset(roles)
