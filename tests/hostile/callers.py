"""Who calls, and what the OpenAPI document says that they may."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.auth import ROLES
from tests.support.running import EVERY_BODY, Region

ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Caller:
    """With a token for a role and a body; without one when there is no role; with ``text`` in its place."""

    role: str | None = None
    body: str = EVERY_BODY
    text: str | None = None

    def __str__(self) -> str:
        return self.text or f"{self.role or 'nobody'} of {self.body}"

    def authorization(self, region: Region, subject: str) -> dict[str, str]:
        """The header, if any."""
        if self.text is not None:
            return {"Authorization": self.text}
        if self.role is None:
            return {}
        return {"Authorization": region.token(self.role, bodies=[self.body], subject=subject)}


NOBODY = Caller()
FORGER = Caller(text="Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJjbGVyayJdfQ.")
"""A token of no signature that says it is a clerk's."""
CALLERS = (
    *(NOBODY, FORGER),
    *(Caller(role) for role in ROLES),
    *(Caller(role, ELSEWHERE) for role in ROLES),
)


def refusal_of(operation: Mapping[str, Any], caller: Caller, has_body: bool) -> tuple[int, str] | None:
    """The status and slug with which a document says that a caller is refused; None if it is not."""
    if not operation["security"]:
        return None
    optional = {} in operation["security"]
    if caller.text is not None:
        return 401, "token-wrong-algorithm"
    if optional:
        return None
    if caller.role is None:
        return 401, "token-missing"
    if caller.role not in operation["x-roles"]:
        return 403, "role-not-allowed"
    if (has_body or operation.get("x-every-body")) and caller.body == ELSEWHERE:
        return 403, "body-not-allowed"
    return None
