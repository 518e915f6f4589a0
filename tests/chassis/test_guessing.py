"""The limit of guesses at one-time codes, and what is counted of them."""

import pytest

from chassis.guessing import Guesses, GuessLimit
from chassis.metrics import sample
from chassis.one_time_codes import CodeUnknown, TooManyGuesses


def test_guesses_are_answered_up_to_the_limit_and_again_with_time():
    limit = GuessLimit(per_minute=60, at_once=3)
    for _ in range(3):
        limit.take("a", 100.0)
    with pytest.raises(TooManyGuesses) as refused:
        limit.take("a", 100.0)
    assert refused.value.retry_after == 1
    with pytest.raises(TooManyGuesses):
        limit.take("a", 100.9)
    limit.take("a", 101.1)
    with pytest.raises(TooManyGuesses):
        limit.take("a", 101.2)


def test_guesses_do_not_add_up_beyond_a_full_bucket():
    limit = GuessLimit(per_minute=60, at_once=2)
    limit.take("a", 0.0)
    for _ in range(2):
        limit.take("a", 10_000.0)
    with pytest.raises(TooManyGuesses):
        limit.take("a", 10_000.0)


def test_guesses_at_one_place_are_no_matter_of_another():
    limit = GuessLimit(per_minute=1, at_once=1)
    limit.take("a", 0.0)
    limit.take("b", 0.0)
    with pytest.raises(TooManyGuesses) as refused:
        limit.take("a", 0.0)
    assert refused.value.retry_after == 60


def test_guesses_at_places_that_do_not_exist_neither_fill_the_memory_nor_empty_that_of_one_that_does():
    limit = GuessLimit(per_minute=1, at_once=5)
    for _ in range(5):
        limit.take("real", 0.0)
    for number in range(10_000):
        limit.take(f"made-up-{number}", 0.0)
    assert len(limit._buckets) <= 1024
    with pytest.raises(TooManyGuesses):
        limit.take("real", 0.0)


def test_unknown_codes_are_counted_and_those_beyond_the_limit_apart():
    guesses = Guesses("things", GuessLimit(per_minute=1, at_once=2))
    for expected in (CodeUnknown, CodeUnknown, TooManyGuesses):
        with pytest.raises(expected), guesses.limited("somewhere", "1"):
            raise CodeUnknown("unknown", field="code")
    with pytest.raises(KeyError), guesses.limited("somewhere", "1"):
        raise KeyError
    assert sample("piaojue_guesses_total", service="things") == 3
    assert sample("piaojue_guesses_throttled_total", service="things") == 1
