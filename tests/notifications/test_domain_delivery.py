"""Deliveries and their pauses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain import (
    Delivery,
    DeliveryNotGivenUp,
    DeliverySettled,
    DeliveryState,
    InvalidDelivery,
    InvalidRetries,
    Retries,
)

NOW = datetime(2022, 4, 16, 2, tzinfo=UTC)
TWICE = Retries(tries=2, first_pause=timedelta(seconds=30))


def planned(**changes):
    return Delivery.planned(**({"id": "d1", "item": "n1", "channel": "console", "now": NOW} | changes))


def test_delivery_planned_is_due_at_once():
    assert planned().is_due(NOW)
    assert not planned().is_due(NOW - timedelta(microseconds=1))


def test_delivery_sent_is_settled():
    sent = planned().sent(NOW)
    assert (sent.state, sent.attempts, sent.settled_at) == (DeliveryState.SENT, 1, NOW)
    assert not sent.is_due(NOW + timedelta(days=9))
    for change in (lambda: sent.sent(NOW), lambda: sent.failed(NOW, "Timeout", TWICE)):
        with pytest.raises(DeliverySettled):
            change()


def test_delivery_failed_is_due_again_after_the_pause():
    failed = planned().failed(NOW, "Timeout", TWICE)
    assert (failed.state, failed.attempts, failed.failure) == (DeliveryState.DUE, 1, "Timeout")
    assert not failed.is_due(NOW + timedelta(seconds=29))
    assert failed.is_due(NOW + timedelta(seconds=30))
    assert failed.sent(NOW).failure is None


def test_delivery_is_given_up_after_the_last_try_and_taken_up_again_by_a_person():
    given_up = planned().failed(NOW, "Timeout", TWICE).failed(NOW, "x" * 99, TWICE)
    assert (given_up.state, given_up.attempts) == (DeliveryState.GIVEN_UP, 2)
    assert given_up.failure == "x" * 63
    again = given_up.taken_up_again(NOW)
    assert again.is_due(NOW)
    assert again.failed(NOW, "Timeout", TWICE).state is DeliveryState.DUE
    for other in (again, again.sent(NOW)):
        with pytest.raises(DeliveryNotGivenUp):
            other.taken_up_again(NOW)


def test_pauses_grow_up_to_the_longest():
    retries = Retries(tries=6, first_pause=timedelta(seconds=30), growth=4, longest_pause=timedelta(hours=1))
    pauses = [retries.pause_after(attempts) for attempts in range(1, 7)]
    assert [pause and pause.total_seconds() for pause in pauses] == [30, 120, 480, 1920, 3600, None]


some_retries = st.builds(
    Retries,
    tries=st.integers(1, 100),
    first_pause=st.timedeltas(timedelta(microseconds=1), timedelta(hours=1)),
    growth=st.integers(1, 100),
    longest_pause=st.timedeltas(timedelta(hours=1), timedelta(days=900_000)),
)


@given(some_retries)
def test_delivery_that_always_fails_ends_after_its_tries_with_pauses_that_never_shrink(retries):
    delivery, now, pauses = planned(), NOW, []
    try:
        while delivery.state is DeliveryState.DUE:
            pauses.append(delivery.next_try_at - now)
            now = delivery.next_try_at
            delivery = delivery.failed(now, "Timeout", retries)
    except OverflowError:
        return  # beyond the year 9999
    assert delivery.attempts == len(pauses) == retries.tries
    assert pauses == sorted(pauses)
    assert pauses[-1] <= retries.longest_pause
    if retries.tries > 1:
        assert pauses[1] == retries.first_pause


@pytest.mark.parametrize(
    "wrong",
    [
        {"tries": 0},
        {"tries": 101},
        {"growth": 0},
        {"growth": 101},
        {"first_pause": timedelta(0)},
        {"longest_pause": timedelta(seconds=1)},
    ],
)
def test_retries_that_never_end_or_never_wait_cannot_be_built(wrong):
    with pytest.raises(InvalidRetries):
        Retries(**wrong)


@pytest.mark.parametrize("changes", [{"id": "D 1"}, {"item": ""}, {"channel": "a\nb"}, {"now": None}])
def test_delivery_invalid_cannot_be_built(changes):
    with pytest.raises(InvalidDelivery):
        planned(**changes)
    with pytest.raises(InvalidDelivery):
        Delivery("d1", "n1", "console", DeliveryState.SENT, 0, None, None, NOW)


@pytest.mark.parametrize(
    "kept", [planned(), planned().sent(NOW), planned().failed(NOW, "Timeout", Retries(tries=1))]
)
def test_delivery_restored_is_the_same(kept):
    assert Delivery.restored(kept.as_stored()) == kept
