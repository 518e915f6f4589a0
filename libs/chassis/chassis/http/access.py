"""Who may call a route. Every route says so; there is no default."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from chassis.auth import ROLES


@dataclass(frozen=True, slots=True)
class Access:
    """``roles`` is None where no token is asked for; ``optional`` where one of theirs may be given."""

    name: str
    roles: frozenset[str] | None
    description: str
    optional: bool = False


PUBLIC: Final = Access("public", None, "Open to everyone; no token.")
INTERNAL: Final = Access(
    "internal",
    None,
    "For monitoring inside the operator's network; no token. Do not route it to the outside.",
)


def bearer(*roles: str) -> Access:
    """Callers whose token has one of these roles and, where the path has ``<body>``, is good for it."""
    if not roles:
        raise TypeError("bearer() needs the roles that may call; a route open to all is PUBLIC")
    return Access("bearer", _known(roles), f"Bearer token with a role of: {', '.join(roles)}.")


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
