"""What a check found."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

OK: Final = "ok"
SKIPPED: Final = "skipped"
WARNING: Final = "warning"
ERROR: Final = "error"
LEVELS: Final = (ERROR, WARNING, SKIPPED, OK)
"""The gravest first. What was skipped could not be looked at from here, and is no fault."""


@dataclass(frozen=True)
class Finding:
    """``about`` is the service, file or queue; ``cure`` the command that mends it, or what a person does."""

    level: str
    check: str
    about: str
    what: str
    cure: str | None = None

    def told(self) -> dict[str, Any]:
        return asdict(self)


Check = Callable[[], Iterable[Finding]]
