"""Health: live, ready, and what is missing."""

import pytest

from chassis.health import Health


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def health(clock):
    return Health("north", clock=clock)


def test_a_service_without_checks_is_ready(health):
    assert health.ready() == (True, {})
    assert health.live()


def test_a_service_that_lacks_something_says_what(health):
    health.check("store", lambda: None)
    health.check("broker", lambda: "amqp://u:pw@h/v does not answer")
    assert health.ready() == (False, {"broker": "amqp://u:***@h/v does not answer"})
    assert health.live()


def test_a_check_that_raises_is_missing_and_tells_only_the_kind(health):
    def broken() -> None:
        raise ConnectionError("password is pw")

    health.check("store", broken)
    assert health.ready() == (False, {"store": "cannot be checked: ConnectionError"})


def test_answers_are_kept_for_a_second(health, clock):
    asked = []
    health.check("store", lambda: asked.append(1))
    health.ready()
    clock.now += 0.9
    health.ready()
    assert len(asked) == 1
    clock.now += 0.2
    health.ready()
    assert len(asked) == 2


def test_an_answer_cannot_be_changed_by_who_asked(health):
    health.ready()[1]["store"] = "away"
    assert health.ready() == (True, {})


def test_a_process_that_gave_up_is_neither_live_nor_ready(health):
    health.ready()
    health.give_up("the relay has ended")
    assert not health.live()
    assert health.ready() == (False, {"process": "the relay has ended"})


def test_a_check_cannot_be_added_twice(health):
    health.check("store", lambda: None)
    with pytest.raises(ValueError, match="exists already"):
        health.check("store", lambda: None)


def test_what_is_missed_is_told_and_keeps_no_work_away(health):
    health.note("broker", lambda: "events are kept here")
    health.note("printer", lambda: None)
    assert health.degraded() == {"broker": "events are kept here"}
    assert health.ready() == (True, {})


def test_what_is_missed_is_masked_and_of_an_error_only_the_kind_is_told(health):
    def broken() -> None:
        raise ConnectionError("password is pw")

    health.note("broker", lambda: "amqp://u:pw@h/v does not answer")
    health.note("printer", broken)
    assert health.degraded() == {
        "broker": "amqp://u:***@h/v does not answer",
        "printer": "cannot be checked: ConnectionError",
    }


def test_what_is_missed_is_looked_at_anew_each_time(health):
    reasons = ["away"]
    health.note("broker", lambda: reasons[0] if reasons else None)
    assert health.degraded()
    reasons.clear()
    assert health.degraded() == {}


def test_a_note_cannot_be_added_twice(health):
    health.note("broker", lambda: None)
    with pytest.raises(ValueError, match="exists already"):
        health.note("broker", lambda: None)
