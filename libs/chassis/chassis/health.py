"""Health: whether a service should be started anew (live), and whether it should be sent work (ready)."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from chassis.sensitive import masked

Check = Callable[[], str | None]
"""Answers at once: None when all is well, else the reason in a few words, fit to be shown to anybody."""

_FRESH: Final = 1.0


class Health:
    """The checks of one service. Answers are kept for a second, so that probes cost nothing."""

    def __init__(self, service: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.service = service
        self._clock = clock
        self._checks: dict[str, Check] = {}
        self._notes: dict[str, Check] = {}
        self._given_up: str | None = None
        self._answer: tuple[float, dict[str, str]] | None = None

    def check(self, name: str, check: Check) -> None:
        """Add a check that readiness depends on. ValueError: there is one of this name."""
        if name in self._checks:
            raise ValueError(f"{self.service}: a check {name} exists already")
        self._checks[name] = check
        self._answer = None

    def note(self, name: str, check: Check) -> None:
        """Add a check whose failure is told, and does not keep work away. ValueError: as above."""
        if name in self._notes:
            raise ValueError(f"{self.service}: a check {name} exists already")
        self._notes[name] = check

    def give_up(self, reason: str) -> None:
        """Say that this process cannot recover by itself: from now on it is neither live nor ready."""
        self._given_up = masked(reason)
        self._answer = None

    def live(self) -> bool:
        """False when only a new start can help."""
        return self._given_up is None

    def ready(self) -> tuple[bool, dict[str, str]]:
        """Whether work is welcome, and what is missing by name of check. A check that raises counts as
        missing.

        Only the kind of such an error is told, since its text may hold an address or a password.
        """
        now = self._clock()
        if self._answer is None or not 0 <= now - self._answer[0] < _FRESH:
            self._answer = now, self._missing()
        missing = dict(self._answer[1])
        return not missing, missing

    def degraded(self) -> dict[str, str]:
        """What is missed meanwhile, by name of check."""
        return _failing(self._notes)

    def _missing(self) -> dict[str, str]:
        found = {"process": self._given_up} if self._given_up is not None else {}
        return found | _failing(self._checks)


def _failing(checks: Mapping[str, Check]) -> dict[str, str]:
    found = {}
    for name, check in checks.items():
        try:
            reason = check()
        except Exception as error:
            reason = f"cannot be checked: {type(error).__name__}"
        if reason is not None:
            found[name] = masked(reason)
    return found
