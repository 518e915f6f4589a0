"""What a channel gave up, or sent to who has lost it, is made again at a person's word."""

from datetime import timedelta

import pytest

from chassis.auth import Caller
from chassis.metrics import sample
from chassis.store import StoreUnavailable
from notifications import usecases
from notifications.domain import Retries
from notifications.store import Notifications
from notifications.usecases import deliver
from tests.notifications.samples import DATA
from tests.notifications.telling import NOW, SUGGESTION, Recording, event, logged, sending, tell
from tests.support.stores import migrated_store

LATER = NOW + timedelta(days=3)
LOG = {"before": None, "limit": 100, "state": None}
RETRIES = {"state": "given_up", "planned_since": None}


@pytest.fixture
def store(tmp_path):
    with migrated_store("notifications", Notifications, tmp_path) as made:
        yield made


def caller(*bodies):
    return Caller("someone", frozenset({"operator"}), frozenset(bodies))


def at(moment):
    return lambda: moment


def given_up(store):
    """Two channels, now there again, that gave up what two bodies said, a day apart."""
    flaky, other = Recording("flaky"), Recording("other")
    via = sending(flaky, other, retries=Retries(1))
    flaky.failing = other.failing = ConnectionError()
    for number, body in enumerate(("yongan", "beita")):
        moment = NOW + timedelta(days=number)
        tell(store, event(SUGGESTION, DATA[SUGGESTION] | {"body": body}, number + 1), via, now=moment)
        for name in ("flaky", "other"):
            deliver(store, via, name, at(moment))
    flaky.failing = other.failing = None
    return via


def states(store):
    return {(each["channel"], each["body"]): each["state"] for each in logged(store)}


def test_all_that_a_channel_gave_up_is_taken_up_again_in_the_order_of_its_planning(store):
    via = given_up(store)
    again = RETRIES | {"channel": "flaky"}
    assert usecases.retry_deliveries(store, again, caller("*"), LATER) == {"deliveries": 2}
    assert usecases.retry_deliveries(store, again, caller("*"), LATER) == {"deliveries": 0}
    assert deliver(store, via, "flaky", at(LATER)) == 2
    assert [each.body for each in via.channels["flaky"].sent] == ["yongan", "beita"]
    assert {key[0] for key, state in states(store).items() if state == "given_up"} == {"other"}


def test_what_was_sent_is_sent_again_with_the_same_id_for_a_receiver_that_lost_it(store):
    via = given_up(store)
    usecases.retry_deliveries(store, RETRIES | {"channel": "flaky"}, caller("*"), LATER)
    deliver(store, via, "flaky", at(LATER))
    lost = RETRIES | {"channel": "flaky", "state": "sent", "planned_since": NOW + timedelta(hours=1)}
    assert usecases.retry_deliveries(store, lost, caller("*"), LATER) == {"deliveries": 1}
    assert deliver(store, via, "flaky", at(LATER)) == 1
    _, second, again = via.channels["flaky"].sent
    assert (again.delivery, again.body) == (second.delivery, "beita")


def test_deliveries_of_other_bodies_than_the_tokens_are_not_taken_up(store):
    given_up(store)
    town = caller("beita")
    assert usecases.retry_deliveries(store, RETRIES | {"channel": "flaky"}, town, LATER) == {"deliveries": 1}
    assert [key for key, state in states(store).items() if state == "due"] == [("flaky", "beita")]


def test_deliveries_of_one_channel_are_shown_alone(store):
    given_up(store)
    shown = usecases.show_deliveries(store, caller("*"), LOG | {"channel": "other"})["deliveries"]
    assert [each["channel"] for each in shown] == ["other", "other"]


def test_what_is_discarded_is_tried_no_more_and_stays_in_the_log(store):
    via = given_up(store)
    assert discarded(store, "flaky") == 2
    assert discarded(store, "flaky") == 0
    assert usecases.retry_deliveries(store, RETRIES | {"channel": "flaky"}, caller("*"), LATER) == {
        "deliveries": 0
    }
    assert deliver(store, via, "flaky", at(LATER)) == 0
    assert {state for key, state in states(store).items() if key[0] == "flaky"} == {"discarded"}
    with store.reading() as notifications:
        assert notifications.unsent() == {("other", "given_up"): 2}


def test_what_is_due_to_a_receiver_that_is_gone_is_discarded_untried(store):
    tell(store, event(SUGGESTION), sending(Recording("gone")))
    assert discarded(store, "gone") == 0
    assert discarded(store, "gone", "due") == 1
    (only,) = logged(store)
    assert (only["state"], only["attempts"], only["settled_at"]) == ("discarded", 0, LATER)


def test_gauge_falls_when_all_of_a_channel_that_is_gone_is_discarded(store):
    def undelivered():
        usecases.deliver_due(store, via)
        via.wait()
        return sample(
            "piaojue_notifications_undelivered", service="notifications", channel="gone", state="due"
        )

    via = sending(Recording("there"))
    tell(store, event(SUGGESTION), sending(Recording("gone")))
    assert undelivered() == 1
    discarded(store, "gone", "due")
    assert undelivered() == 0


def test_no_round_is_begun_while_the_store_is_away(store, monkeypatch):
    """Each of them would log it, every second."""

    def away():
        raise StoreUnavailable("The database cannot be reached at the moment.")

    recording = Recording()
    via = sending(recording)
    tell(store, event(SUGGESTION), via)
    monkeypatch.setattr(store, "reading", away)
    with pytest.raises(StoreUnavailable):
        usecases.deliver_due(store, via)
    assert via._under_way == {}
    monkeypatch.undo()
    usecases.deliver_due(store, via)
    via.wait()
    assert len(recording.sent) == 1


def test_what_is_discarded_while_it_is_sent_stays_discarded(store):
    channel = Recording("slow")
    channel.before = lambda outgoing: discarded(store, "slow", "due")
    via = sending(channel)
    tell(store, event(SUGGESTION), via)
    deliver(store, via, "slow", at(NOW))
    assert set(states(store).values()) == {"discarded"}


def discarded(store, channel, state="given_up"):
    given = {"channel": channel, "state": state}
    return usecases.discard_deliveries(store, given, caller("*"), LATER)["deliveries"]
