"""Time, where it enters."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chassis.clock import now, rfc3339


def test_now_is_in_utc():
    assert now().tzinfo is UTC
    assert abs(now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_moment_is_written_in_utc_and_to_the_microsecond():
    beijing = timezone(timedelta(hours=8))
    assert rfc3339(datetime(2022, 4, 16, 9, 30, tzinfo=beijing)) == "2022-04-16T01:30:00.000000Z"
    assert rfc3339(datetime(2022, 4, 16, 1, 30, 0, 7, tzinfo=UTC)) == "2022-04-16T01:30:00.000007Z"


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        rfc3339(datetime(2022, 4, 16))
