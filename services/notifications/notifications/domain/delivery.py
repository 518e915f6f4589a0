"""Deliveries: a notice or message on its way through one channel, tried with growing pauses."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import Enum

from notifications.domain.errors import (
    DeliveryNotGivenUp,
    DeliverySettled,
    Fault,
    InvalidDelivery,
    InvalidRetries,
)
from notifications.domain.reading import NAME_LENGTH, read_id, read_text

MOST_TRIES = 100


class DeliveryState(Enum):
    DUE = "due"
    SENT = "sent"
    GIVEN_UP = "given_up"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Retries:
    """``tries`` in all; after the first one ``first_pause``, each later pause ``growth`` times as long."""

    tries: int = 16
    first_pause: timedelta = timedelta(seconds=30)
    growth: int = 4
    longest_pause: timedelta = timedelta(hours=6)

    def __post_init__(self) -> None:
        if not 1 <= self.tries <= MOST_TRIES:
            raise InvalidRetries(f"tries: must be from 1 to {MOST_TRIES}", field="tries")
        if not timedelta(0) < self.first_pause <= self.longest_pause:
            raise InvalidRetries(
                "first_pause: must be above none, and at most the longest", field="first_pause"
            )
        if not 1 <= self.growth <= 100:
            raise InvalidRetries("growth: must be from 1 to 100", field="growth")

    def pause_after(self, attempts: int) -> timedelta | None:
        """The pause after so many attempts, at least one; None when there is no further one."""
        if attempts >= self.tries:
            return None
        pause = self.first_pause
        for _ in range(attempts - 1):
            # Never beyond the longest pause, so that no product can leave the range of a timedelta.
            if pause >= self.longest_pause / self.growth:
                return self.longest_pause if self.growth > 1 else pause
            pause = min(pause * self.growth, self.longest_pause)
        return pause


@dataclass(frozen=True, slots=True)
class Delivery:
    """``item``: the id of the notice or message; ``channel``: the name of the plugin that sends it.

    ``failure`` is the name of what last went wrong, and never its text, which may hold an address.
    """

    id: str
    item: str
    channel: str
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None
    failure: str | None = None
    settled_at: datetime | None = None

    def __post_init__(self) -> None:
        try:
            read_id(self.id, "id")
            read_id(self.item, "item")
            read_text(self.channel, "channel", longest=NAME_LENGTH)
            if self.failure is not None:
                read_text(self.failure, "failure", longest=NAME_LENGTH)
        except Fault as fault:
            raise InvalidDelivery(fault.detail, field=fault.field) from fault
        due = self.state is DeliveryState.DUE
        if due != (self.next_try_at is not None) or due != (self.settled_at is None):
            raise InvalidDelivery("state: a due delivery, and no other, has a next try and no end")
        untried = due or self.state is DeliveryState.DISCARDED
        if self.attempts < 0 or (self.attempts == 0 and not untried):
            raise InvalidDelivery("attempts: what was sent or given up has at least one", field="attempts")

    @classmethod
    def planned(cls, *, id: str, item: str, channel: str, now: datetime) -> "Delivery":
        """A new delivery, due at once. Raises InvalidDelivery."""
        return cls(id, item, channel, DeliveryState.DUE, attempts=0, next_try_at=now)

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Delivery":
        """From :meth:`as_stored`."""
        values = {each.name: stored[each.name] for each in fields(cls)}
        values["state"] = DeliveryState(stored["state"])
        return cls(**values)  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values, times as datetimes."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"state": self.state.value}

    def is_due(self, now: datetime) -> bool:
        return self.next_try_at is not None and self.next_try_at <= now

    def sent(self, now: datetime) -> "Delivery":
        """The channel took it. Raises DeliverySettled."""
        self._check_due()
        return self._settled(DeliveryState.SENT, None, now)

    def failed(self, now: datetime, failure: str, retries: Retries) -> "Delivery":
        """An attempt failed: due again after a pause, or given up after the last. Raises DeliverySettled."""
        self._check_due()
        pause = retries.pause_after(self.attempts + 1)
        if pause is None:
            return self._settled(DeliveryState.GIVEN_UP, failure[:NAME_LENGTH], now)
        return replace(
            self, attempts=self.attempts + 1, next_try_at=now + pause, failure=failure[:NAME_LENGTH]
        )

    def taken_up_again(self, now: datetime) -> "Delivery":
        """By a person: due at once, with all tries before it. Raises DeliveryNotGivenUp."""
        if self.state is not DeliveryState.GIVEN_UP:
            raise DeliveryNotGivenUp("only a delivery that was given up is taken up again")
        return replace(self, state=DeliveryState.DUE, attempts=0, next_try_at=now, settled_at=None)

    def _settled(self, state: DeliveryState, failure: str | None, now: datetime) -> "Delivery":
        return replace(
            self,
            state=state,
            attempts=self.attempts + 1,
            next_try_at=None,
            failure=failure,
            settled_at=now,
        )

    def _check_due(self) -> None:
        if self.state is not DeliveryState.DUE:
            raise DeliverySettled("the delivery was sent or given up before")
