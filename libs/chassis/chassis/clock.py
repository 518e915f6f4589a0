"""Time, where it enters: in UTC, to the microsecond. Rules and use cases are given it as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """As events have it: ``2022-04-16T01:30:00.000000Z``. ValueError: the moment has no time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone could be any")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
