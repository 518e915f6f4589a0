"""How many unknown codes are answered: a bucket of answers for each poll, which fills up again with time.

What keeps a code from being guessed is its length. This keeps whoever tries from being told much, and shows
that somebody does. It never stands in the way of a right code, which is not its business.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from ballots.domain.errors import TooManyGuesses

_MOST_BUCKETS = 1024


@dataclass(slots=True)
class _Bucket:
    """``answers`` are left at the time ``at``, in seconds."""

    answers: float
    at: float


class GuessLimit:
    """Of one process. ``at_once``: answers in a full bucket; ``per_minute``: how many come back."""

    def __init__(self, per_minute: int, at_once: int) -> None:
        self._per_second = per_minute / 60
        self._full = at_once
        self._buckets: dict[Hashable, _Bucket] = {}

    def take(self, poll: Hashable, now: float) -> None:
        """One answer to an unknown code. ``now``: seconds of a clock that is never set back.

        Raises TooManyGuesses, with the seconds after which there is an answer again.
        """
        bucket = self._buckets.get(poll)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[poll] = _Bucket(self._full, now)
        bucket.answers, bucket.at = self._left(bucket, now), now
        if bucket.answers < 1:
            raise TooManyGuesses((1 - bucket.answers) / self._per_second)
        bucket.answers -= 1

    def _left(self, bucket: _Bucket, now: float) -> float:
        return min(self._full, bucket.answers + (now - bucket.at) * self._per_second)

    def _make_room(self, now: float) -> None:
        """Forgets the fuller half: names of polls that do not exist must not empty the memory of one that
        does."""
        if len(self._buckets) >= _MOST_BUCKETS:
            emptiest = sorted(self._buckets.items(), key=lambda each: self._left(each[1], now))
            self._buckets = dict(emptiest[: _MOST_BUCKETS // 2])
