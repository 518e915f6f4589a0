"""Guesses at codes: counted, and limited, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from ballots.domain import CodeUnknown, GuessLimit, TooManyGuesses
from chassis.config import Settings
from chassis.metrics import counter

GUESSES = counter(
    "piaojue_ballots_guesses_total",
    "Unknown codes that were sent, in all polls: slips of the finger, or somebody guesses.",
)
THROTTLED = counter(
    "piaojue_ballots_guesses_throttled_total",
    "Unknown codes that were not answered but told to wait, in all polls: somebody guesses.",
)


class Guesses:
    """Of one process."""

    def __init__(self, service: str, limit: GuessLimit) -> None:
        self._counted = GUESSES.of(service)
        self._throttled = THROTTLED.of(service)
        self._limit = limit

    @contextmanager
    def limited(self, body: str, poll: str) -> Iterator[None]:
        """Casting is done in the block, whose every code is looked up; only its CodeUnknown may become a
        TooManyGuesses."""
        try:
            yield
        except CodeUnknown:
            self._counted.inc()
            try:
                self._limit.take((body, poll), monotonic())
            except TooManyGuesses:
                self._throttled.inc()
                raise
            raise


def guesses_for(settings: Settings) -> Guesses:
    """By the settings ``guesses_per_minute`` and ``guesses_at_once``."""
    limit = GuessLimit(settings.guesses_per_minute, settings.guesses_at_once)
    return Guesses(settings.service, limit)
