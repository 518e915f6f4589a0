"""Who may call a route. Every route says so; there is no default."""

from dataclasses import dataclass
from typing import Final

from chassis.auth import ROLES


@dataclass(frozen=True, slots=True)
class Access:
    """``roles`` is None where no token is asked for."""

    name: str
    roles: frozenset[str] | None
    description: str


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
    if unknown := set(roles) - set(ROLES):
        raise TypeError(f"unknown roles: {', '.join(sorted(unknown))}")
    return Access("bearer", frozenset(roles), f"Bearer token with a role of: {', '.join(roles)}.")
