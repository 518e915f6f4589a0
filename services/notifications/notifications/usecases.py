"""What notifications does: tells what it has heard, shows it, and sees it delivered."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import eventlet

from chassis.auth import EVERY_BODY, Caller
from chassis.clock import now as clock
from chassis.errors import Refused
from chassis.logging import get_logger
from chassis.metrics import PLUGIN_FAILURES, counter, gauge
from chassis.store import Store, StoreUnavailable
from notifications.domain import (
    EVENTS,
    Channel,
    Delivery,
    DeliveryState,
    EventChannel,
    Message,
    Notice,
    Order,
    Outgoing,
    Retries,
    Selective,
    Text,
    Told,
    notice_published,
    orders,
)
from notifications.plugins import CHANNELS, Templates, channels_for, retries_of
from notifications.store import Logged, Notifications
from piaojue_contracts import Event
from piaojue_contracts.notifications import NOTICE_PUBLISHED_V1

DELIVERIES: Final = counter(
    "piaojue_notifications_deliveries_total",
    "Attempts to deliver a notice or message. `outcome` is `sent`, `failed` (will be tried again) or "
    "`given_up`.",
    ["channel", "outcome"],
)
UNDELIVERED: Final = gauge(
    "piaojue_notifications_undelivered",
    "Notices and messages not yet delivered. `state` is `due` or `given_up`, which needs a person.",
    ["channel", "state"],
)

_SERVICE: Final = CHANNELS.service
_NAMESPACE: Final = UUID("6f4c1a52-9d0e-4d57-8a3b-3f7e5b1c2d90")
_SPARE: Final = timedelta(seconds=60)
"""How long after a channel's time is up the outcome may take to be written, before another tries again."""

_log = get_logger("notifications")


def tell(
    notifications: Notifications,
    event: Event,
    data: Mapping[str, Any],
    templates: Templates,
    sending: "Sending",
    now: datetime,
) -> None:
    """Writes what an event causes, all of it or nothing, plans its deliveries, and publishes the notice. The
    event itself is kept where a channel sends events.

    Idempotent: every id follows from the event's. Raises what the templates and texts do; then nothing is
    lost, since the event is kept.
    """
    if notifications.has_told_of(event.id):
        return
    if sending.keeps_events:
        told = Told(event.id, data["body"], event.type.split(".")[2], event.as_bytes().decode(), now)
        taking = sending.taking(EVENTS, event.type, data["body"])
        notifications.add(told, [_planned(told, channel, now) for channel in taking], now)
    for item in [_written(order, event, data, templates, now) for order in orders(event.type, data)]:
        role = item.role if isinstance(item, Message) else None
        taking = sending.taking(role, event.type, data["body"])
        notifications.add(item, [_planned(item, channel, now) for channel in taking], now)
        if isinstance(item, Notice):
            subject = f"bodies/{item.body}"
            notifications.publish(NOTICE_PUBLISHED_V1, subject=subject, data=notice_published(item))


def _written(
    order: Order, event: Event, data: Mapping[str, Any], templates: Templates, now: datetime
) -> Notice | Message:
    id, texts = _id(event.id, order.role or "", order.unit or ""), templates.write(order)
    if order.role is None:
        return Notice(id, data["body"], order.kind, texts, event.id, now)
    return Message(id, data["body"], order.role, order.unit, order.kind, texts, event.id, now)


def _planned(item: Notice | Message | Told, channel: str, now: datetime) -> Delivery:
    return Delivery.planned(id=_id(item.id, channel), item=item.id, channel=channel, now=now)


def _id(*of: str) -> str:
    """The same for the same; no part of it has a line break."""
    return str(uuid5(_NAMESPACE, "\n".join(of)))


def show_notices(store: Store[Notifications], body: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """A page of a body's notices, newest first. Raises UnknownNotice."""
    with store.reading() as notifications:
        found = notifications.notices(body, before=query["before"], most=query["limit"] + 1)
        return _page("notices", [_notice_shown(each, query["language"]) for each in found], query["limit"])


def show_notice(store: Store[Notifications], body: str, notice: str, language: str | None) -> dict[str, Any]:
    """Raises UnknownNotice."""
    with store.reading() as notifications:
        return _notice_shown(notifications.notice(body, notice), language)


def show_messages(
    store: Store[Notifications], body: str, caller: Caller, query: Mapping[str, Any]
) -> dict[str, Any]:
    """A page of the messages for the caller's roles, newest first. Raises UnknownMessage."""
    with store.reading() as notifications:
        found = notifications.messages(body, caller.roles, before=query["before"], most=query["limit"] + 1)
        shown = [each.as_stored() | {"texts": _in(query["language"], each.texts)} for each in found]
        return _page("messages", shown, query["limit"])


def show_deliveries(store: Store[Notifications], caller: Caller, query: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the delivery log of the bodies that the token is good for. Raises UnknownDelivery."""
    with store.reading() as notifications:
        found = notifications.deliveries(
            _bodies(caller),
            channel=query["channel"],
            state=query["state"],
            before=query["before"],
            most=query["limit"] + 1,
        )
        return _page("deliveries", [_delivery_shown(each) for each in found], query["limit"])


def retry_delivery(
    store: Store[Notifications], delivery: str, caller: Caller, now: datetime
) -> dict[str, Any]:
    """Has a delivery that was given up tried again. Raises UnknownDelivery, DeliveryNotGivenUp."""
    with store.transaction() as notifications:
        logged = notifications.delivery_to_change(delivery, _bodies(caller))
        notifications.save(logged.delivery.taken_up_again(now))
        return _delivery_shown(notifications.delivery_to_change(delivery, None))


def retry_deliveries(
    store: Store[Notifications], given: Mapping[str, Any], caller: Caller, now: datetime
) -> dict[str, int]:
    """Has what was given up by a channel tried again, or sends again what was sent; how many that are."""
    with store.transaction() as notifications:
        found = notifications.take_up_again(
            given["channel"],
            DeliveryState(given["state"]),
            _bodies(caller),
            since=given["planned_since"],
            now=now,
        )
    _log.info("deliveries_taken_up_again", service=_SERVICE, channel=given["channel"], deliveries=found)
    return {"deliveries": found}


def discard_deliveries(
    store: Store[Notifications], given: Mapping[str, Any], caller: Caller, now: datetime
) -> dict[str, int]:
    """No more is made of what a channel has given up, or has yet to send; how many that are."""
    with store.transaction() as notifications:
        state = DeliveryState(given["state"])
        found = notifications.discard(given["channel"], state, _bodies(caller), now)
    _log.info("deliveries_discarded", service=_SERVICE, channel=given["channel"], deliveries=found)
    return {"deliveries": found}


def _page(name: str, shown: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """``shown`` has one more than the page where there is a next one."""
    more = len(shown) > limit
    return {name: shown[:limit], "before": shown[limit - 1]["id"] if more else None}


def _notice_shown(notice: Notice, language: str | None) -> dict[str, Any]:
    return notice.as_stored() | {"texts": _in(language, notice.texts)}


def _in(language: str | None, texts: tuple[Text, ...]) -> list[Text]:
    """The text in that language, or the first one where there is none; all where none is asked for."""
    if language is None:
        return list(texts)
    return [text for text in texts if text.language == language][:1] or list(texts[:1])


def _delivery_shown(logged: Logged) -> dict[str, Any]:
    about = {"body": logged.body, "kind": logged.kind, "role": logged.role, "planned_at": logged.planned_at}
    return logged.delivery.as_stored() | about


def _bodies(caller: Caller) -> Collection[str] | None:
    return None if caller.may_act_for(EVERY_BODY) else caller.bodies


@dataclass
class Sending:
    """How deliveries are made. ``seconds``: for one at most; ``most``: in one round of a channel.

    Each channel has at most one round under way, in a green thread of its own, so none waits for another.
    """

    channels: Mapping[str, Channel]
    seconds: float = 20
    most: int = 100
    retries: Retries = field(default_factory=Retries)
    stopping: bool = False
    counted: set[str] = field(default_factory=set)
    """Channels of which it was told how much is undelivered: those that are gone by now, too."""
    _under_way: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for channel in self.channels:
            for outcome in ("sent", "failed", "given_up"):
                DELIVERIES.of(_SERVICE, channel, outcome)  # seen at 0 before the first

    def taking(self, role: str | None, type: str, body: str) -> list[str]:
        """The channels that take what an event of this type and body causes: a notice where ``role`` is None,
        the event itself where it is EVENTS.

        One that fails to say so is taken to: its failure is then seen.
        """
        return [name for name in self.channels if self._takes(name, role, type, body)]

    @property
    def keeps_events(self) -> bool:
        """Whether a channel sends events, with texts or without."""
        return any(isinstance(each, EventChannel) for each in self.channels.values())

    def send(self, name: str, outgoing: Outgoing) -> str | None:
        """None when the channel has taken it, else the name of what went wrong. Raises nothing."""
        with eventlet.Timeout(self.seconds) as time_up:
            try:
                self.channels[name].send(outgoing)
                return None
            except Refused as refusal:
                failure = refusal.slug
            except Exception as error:
                failure = str(getattr(error, "failure", type(error).__name__))
            except eventlet.Timeout as timeout:
                if timeout is not time_up:
                    raise
                failure = "Timeout"
        _count_failure(name)
        return failure

    def start(self, round: Callable[[str], object]) -> None:
        """A round of every channel that has none under way. Returns at once."""
        for name in self.channels:
            if name not in self._under_way and not self.stopping:
                self._under_way[name] = eventlet.spawn(self._run, round, name)

    def finish(self, seconds: float) -> None:
        """No more is sent. Returns when what is being sent is noted down, or the time is up."""
        self.stopping = True
        with eventlet.Timeout(seconds, False):
            self.wait()
        for thread in list(self._under_way.values()):
            thread.kill()

    def wait(self) -> None:
        """Returns when the rounds under way have ended."""
        for thread in list(self._under_way.values()):
            thread.wait()

    def _run(self, round: Callable[[str], object], name: str) -> None:
        try:
            round(name)
        except StoreUnavailable:
            _log.warning("deliveries_wait_for_the_store", service=_SERVICE, channel=name)
        except Exception:
            _log.exception("delivering_failed", service=_SERVICE, channel=name)
        finally:
            self._under_way.pop(name, None)

    def _takes(self, name: str, role: str | None, type: str, body: str) -> bool:
        channel = self.channels[name]
        try:
            if role == EVENTS:
                takes = isinstance(channel, EventChannel) and channel.takes_event(type)
            else:
                takes = channel.takes(role)
            return takes and (not isinstance(channel, Selective) or channel.selects(type, body))
        except Exception as error:
            _count_failure(name)
            _log.warning("channel_failed", service=_SERVICE, channel=name, failure=error.__class__.__name__)
            return True


def sending_for(settings: Any) -> Sending:
    """Of the settings, the channels opened. ValueError: with what is wrong with them."""
    retries = retries_of(settings)
    return Sending(channels_for(settings), settings.channel_timeout, settings.delivery_round, retries)


def _count_failure(channel: str) -> None:
    PLUGIN_FAILURES.of(_SERVICE, CHANNELS.group, channel).inc()


def deliver_due(store: Store[Notifications], sending: Sending) -> None:
    """Brings the gauge up to date, and starts a round of each channel that is not at one. StoreUnavailable:
    none is started, which could only say the same."""
    with store.reading() as notifications:
        unsent = notifications.unsent()
    sending.counted.update(sending.channels, (name for name, _ in unsent))
    for channel in sending.counted:
        for state in (DeliveryState.DUE.value, DeliveryState.GIVEN_UP.value):
            UNDELIVERED.of(_SERVICE, channel, state).set(unsent.get((channel, state), 0))
    sending.start(lambda channel: deliver(store, sending, channel))


def deliver(
    store: Store[Notifications], sending: Sending, channel: str, now: Callable[[], datetime] = clock
) -> int:
    """Sends what is due by a channel until nothing is, or one fails; returns how many were sent.

    At least once: each is claimed, then sent outside of any transaction, then its outcome is written. Who
    dies between the last two has it sent again once the claim has lapsed, with the same ``delivery``.
    """
    for sent in range(sending.most):
        until = now() + timedelta(seconds=sending.seconds) + _SPARE
        claimed = None if sending.stopping else _claimed(store, channel, now(), until)
        if claimed is None:
            return sent
        delivery, outgoing = claimed
        failure = sending.send(channel, outgoing)
        after = _after(delivery, failure, now(), sending.retries)
        with store.transaction() as notifications:
            noted = notifications.settle(after, until)
        _observe(after, noted)
        if failure is not None:
            return sent
    return sending.most


def _after(delivery: Delivery, failure: str | None, now: datetime, retries: Retries) -> Delivery:
    return delivery.sent(now) if failure is None else delivery.failed(now, failure, retries)


def _claimed(
    store: Store[Notifications], channel: str, now: datetime, until: datetime
) -> tuple[Delivery, Outgoing] | None:
    with store.transaction() as notifications:
        claimed = notifications.claim(channel, now, until)
        if claimed is None:
            return None
        delivery, item = claimed
        event = None if isinstance(item, Told) else notifications.message_of(item.about)
        return delivery, Outgoing.of(delivery.id, item, event)


def _observe(delivery: Delivery, noted: bool) -> None:
    outcome = "failed" if delivery.state is DeliveryState.DUE else delivery.state.value
    DELIVERIES.of(_SERVICE, delivery.channel, outcome).inc()
    about = {"service": _SERVICE, "delivery": delivery.id, "channel": delivery.channel}
    if delivery.failure is not None:
        failed = {"failure": delivery.failure, "attempts": delivery.attempts, "outcome": outcome}
        _log.warning("delivery_failed", **about, **failed)
    if not noted:
        _log.warning("delivery_took_too_long", **about)
