"""Waiting for a condition with a deadline."""

import time

import eventlet
import pytest

from tests.support.waiting import eventually


def test_waiting_returns_the_first_true_answer():
    answers = iter([None, 0, "here", "too late"])
    assert eventually(lambda: next(answers)) == "here"


def test_waiting_in_vain_says_for_what_and_what_was_seen():
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: the count is 3; at last it was False"):
        eventually(lambda: False, 0.05, "the count is 3")


def test_a_failing_assertion_is_tried_again():
    answers = iter([1, 2, 3])

    def condition():
        found = next(answers)
        assert found == 3
        return found

    assert eventually(condition) == 3


def test_an_error_ends_the_waiting_unless_it_is_to_be_ignored():
    answers = iter([0, 0, 4])
    assert eventually(lambda: 12 // next(answers), ignoring=(ZeroDivisionError,)) == 3
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 // 0)


def test_a_condition_is_asked_once_more_at_the_deadline():
    start = time.monotonic()
    assert eventually(lambda: time.monotonic() - start > 0.1, within=0.1, pause=0.15)


def test_greenlets_work_while_it_waits():
    done = []
    eventlet.spawn(done.append, "work")
    assert eventually(lambda: done, 5) == ["work"]
