"""Refusals: what a user's mistake is called. Standard library only, so that every ``domain.py`` may build
on it.

A rule that refuses has a class of its own, named after the broken rule, with a stable ``slug``; it inherits
the *kind* of refusal below. Which HTTP status a kind becomes is one table in :mod:`chassis.http`, and
nobody else's business. The texts are shown to users and written to logs: they never hold a code, a mark, a
nonce or a deputy's choice.
"""

from collections.abc import Sequence
from typing import ClassVar, TypedDict


class FieldError(TypedDict):
    """One fault among several: the path of the field, such as ``projects.0.title``, and the rule."""

    field: str
    detail: str


class Refused(Exception):
    """A request that a rule refuses. ``field`` names the offending input as a path, such as
    ``projects.0.title``; ``errors`` names each one, where a rule looks for all faults at once."""

    slug: ClassVar[str] = "refused"
    errors: Sequence[FieldError] = ()

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class Invalid(Refused):
    """What was sent breaks a rule of form or content; sending it again as it is cannot help."""

    slug = "invalid"


class NotFound(Refused):
    """There is no such thing, or not for this caller."""

    slug = "not-found"


class Conflict(Refused):
    """The thing is not in a state that allows this."""

    slug = "conflict"


class Unauthenticated(Refused):
    """Nobody is known to be calling."""

    slug = "unauthenticated"


class Forbidden(Refused):
    """The caller is known and may not do this."""

    slug = "forbidden"


class TooLarge(Refused):
    """More was sent than is accepted."""

    slug = "too-large"


class TooMany(Refused):
    """Too many requests; later is better."""

    slug = "too-many-requests"


class Unavailable(Refused):
    """Something that is needed is not there at the moment; the same request may succeed later."""

    slug = "unavailable"
