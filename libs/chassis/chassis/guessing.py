"""Guesses at one-time codes: counted, and answered only so often, in each process.

What keeps a code from being guessed is its length. Whoever is told to wait knows as well that the code is
none, and a right code is never kept waiting: else anybody could keep a whole hall from voting. So this shows
that somebody tries, and stops nobody.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final

from chassis.config import Setting, Settings, Whole
from chassis.metrics import counter
from chassis.one_time_codes import CodeUnknown, TooManyGuesses

GUESSES: Final = counter(
    "piaojue_guesses_total",
    "Unknown codes that were sent, whatever for: slips of the finger, or somebody guesses.",
)
THROTTLED: Final = counter(
    "piaojue_guesses_throttled_total", "Unknown codes that were told to wait: somebody guesses."
)
SETTINGS: Final = (
    Setting(
        "guesses_per_minute",
        Whole(1, 1_000_000),
        120,
        "How many unknown codes are answered in a minute for a poll or rating, by each process; more are "
        "told to wait. A right code never is.",
    ),
    Setting(
        "guesses_at_once",
        Whole(1, 1_000_000),
        120,
        "How many unknown codes are answered in a row, before that limit is felt.",
    ),
)
"""Of a service that takes codes."""

_MOST_BUCKETS: Final = 1024


@dataclass(slots=True)
class _Bucket:
    """``answers`` are left at the time ``at``, in seconds."""

    answers: float
    at: float


class GuessLimit:
    """A bucket of answers for each place at which codes are taken, which fills up again with time.

    ``at_once``: answers in a full bucket; ``per_minute``: how many come back.
    """

    def __init__(self, per_minute: int, at_once: int) -> None:
        self._per_second = per_minute / 60
        self._full = at_once
        self._buckets: dict[Hashable, _Bucket] = {}

    def take(self, place: Hashable, now: float) -> None:
        """One answer to an unknown code. ``now``: seconds of a clock that is never set back.

        Raises TooManyGuesses, with the seconds after which there is an answer again.
        """
        bucket = self._buckets.get(place)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[place] = _Bucket(self._full, now)
        bucket.answers, bucket.at = self._left(bucket, now), now
        if bucket.answers < 1:
            raise TooManyGuesses((1 - bucket.answers) / self._per_second)
        bucket.answers -= 1

    def _left(self, bucket: _Bucket, now: float) -> float:
        return min(self._full, bucket.answers + (now - bucket.at) * self._per_second)

    def _make_room(self, now: float) -> None:
        """Forgets the fuller half: names of places that do not exist must not empty the memory of one that
        does."""
        if len(self._buckets) >= _MOST_BUCKETS:
            emptiest = sorted(self._buckets.items(), key=lambda each: self._left(each[1], now))
            self._buckets = dict(emptiest[: _MOST_BUCKETS // 2])


class Guesses:
    """Of one service, in one process."""

    def __init__(self, service: str, limit: GuessLimit) -> None:
        self._counted = GUESSES.of(service)
        self._throttled = THROTTLED.of(service)
        self._limit = limit

    @contextmanager
    def limited(self, *place: str) -> Iterator[None]:
        """Around whatever looks up a code of this place: its CodeUnknown may become a TooManyGuesses."""
        try:
            yield
        except CodeUnknown:
            self._counted.inc()
            try:
                self._limit.take(place, monotonic())
            except TooManyGuesses:
                self._throttled.inc()
                raise
            raise


def guesses_for(settings: Settings) -> Guesses:
    """By the settings above."""
    limit = GuessLimit(settings.guesses_per_minute, settings.guesses_at_once)
    return Guesses(settings.service, limit)
