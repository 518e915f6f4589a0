"""What notifications does with what it hears: written once, shown to whom it is for, delivered in the end."""

from dataclasses import asdict
from datetime import timedelta

import eventlet
import pytest
from jinja2 import UndefinedError

from chassis.auth import Caller
from chassis.metrics import sample
from notifications import usecases
from notifications.domain import DeliveryNotGivenUp, InvalidMessage, Retries
from notifications.plugins import Templates
from notifications.store import Notifications, UnknownDelivery, UnknownMessage, UnknownNotice
from notifications.usecases import deliver
from tests.notifications.samples import DATA, PROJECTS
from tests.notifications.telling import (
    CANDIDATES,
    NOW,
    POLL_CLOSED,
    SUGGESTION,
    Recording,
    event,
    logged,
    sending,
    tell,
)
from tests.support.stores import migrated_store, told

PAGE = {"before": None, "limit": 20, "language": None}
LOG = {"before": None, "limit": 100, "state": None, "channel": None}
OPERATOR = Caller("someone", frozenset({"operator"}), frozenset({"*"}))


@pytest.fixture
def store(tmp_path):
    with migrated_store("notifications", Notifications, tmp_path) as made:
        yield made


def caller(*roles, bodies=("*",)):
    return Caller("someone", frozenset(roles), frozenset(bodies))


def at(moment=NOW):
    return lambda: moment


def messages_of(store, *roles, **query):
    return usecases.show_messages(store, "yongan", caller(*roles), PAGE | query)["messages"]


def test_event_becomes_a_notice_and_messages_and_the_notice_is_published(store):
    tell(store)
    (notice,) = usecases.show_notices(store, "yongan", PAGE)["notices"]
    assert (notice["kind"], notice["about"]) == ("candidates_published", event().id)
    assert [text.language for text in notice["texts"]] == ["zh-CN", "en"]
    (published,) = told(store, "notice_published")
    assert published["subject"] == "bodies/yongan"
    assert published["data"]["notice"] == notice["id"]
    assert published["data"]["texts"] == [asdict(text) for text in notice["texts"]]
    assert [each["role"] for each in messages_of(store, "deputy")] == ["deputy"]
    units = {each["unit"] for each in messages_of(store, "department")}
    assert units == {project["implementing_unit"] for project in PROJECTS}


def test_event_without_a_notice_publishes_nothing(store):
    tell(store, event(POLL_CLOSED))
    assert usecases.show_notices(store, "yongan", PAGE)["notices"] == []
    assert told(store) == []
    assert len(messages_of(store, "clerk", "scrutineer", "teller")) == 3


def test_event_told_twice_changes_nothing(store):
    recording = Recording()
    for _ in range(2):
        tell(store, via=sending(recording))
    assert len(told(store)) == 1
    assert len(logged(store)) == 4  # the notice, the deputies', and one for each of two units
    assert len({each["item"] for each in logged(store)}) == 4


def test_ids_follow_from_the_event_alone(tmp_path):
    found = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        with migrated_store("notifications", Notifications, tmp_path / name) as store:
            tell(store, now=NOW if name == "one" else NOW + timedelta(days=1))
            found.append(sorted((each["id"], each["item"]) for each in logged(store)))
    assert found[0] == found[1]


def test_other_event_of_the_same_kind_is_told_too(store):
    tell(store)
    tell(store, event(number=2))
    assert len(usecases.show_notices(store, "yongan", PAGE)["notices"]) == 2


def test_text_that_cannot_be_written_leaves_nothing(store, tmp_path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "message-candidates_published.txt").write_text("Title\n\n{{ nobody_knows }}")
    with pytest.raises(UndefinedError):
        tell(store, templates=Templates(folder=tmp_path))
    assert usecases.show_notices(store, "yongan", PAGE)["notices"] == []
    assert logged(store) == told(store) == []


def test_unit_that_cannot_be_named_leaves_nothing(store):
    data = {**DATA[CANDIDATES], "candidates": [PROJECTS[0] | {"implementing_unit": "one\ntwo"}]}
    with pytest.raises(InvalidMessage):
        tell(store, event(data=data))
    assert logged(store) == told(store) == []


def test_notices_are_shown_newest_first_and_by_page(store):
    for number in range(1, 6):
        tell(store, event(number=number), now=NOW + timedelta(seconds=number // 2))  # some at the same time
    whole = usecases.show_notices(store, "yongan", PAGE)
    moments = [each["published_at"] for each in whole["notices"]]
    assert moments == sorted(moments, reverse=True)
    assert whole["before"] is None
    seen, before = [], None
    while True:
        page = usecases.show_notices(store, "yongan", PAGE | {"before": before, "limit": 2})
        seen += [each["id"] for each in page["notices"]]
        before = page["before"]
        if before is None:
            break
    assert seen == [each["id"] for each in whole["notices"]]
    assert len(seen) == 5


def test_notice_is_shown_in_the_language_asked_for(store):
    tell(store)
    for asked, shown in (("en", "en"), ("zh-CN", "zh-CN"), ("fr", "zh-CN")):
        (notice,) = usecases.show_notices(store, "yongan", PAGE | {"language": asked})["notices"]
        assert [text.language for text in notice["texts"]] == [shown]


def test_notice_is_shown_by_its_body_alone(store):
    tell(store)
    (notice,) = usecases.show_notices(store, "yongan", PAGE)["notices"]
    assert usecases.show_notice(store, "yongan", notice["id"], None)["id"] == notice["id"]
    assert usecases.show_notices(store, "beita", PAGE)["notices"] == []
    with pytest.raises(UnknownNotice):
        usecases.show_notice(store, "beita", notice["id"], None)
    with pytest.raises(UnknownNotice):
        usecases.show_notices(store, "beita", PAGE | {"before": notice["id"]})


def test_messages_are_for_the_roles_of_the_caller_alone(store):
    tell(store, event(POLL_CLOSED))
    tell(store, event(SUGGESTION))
    assert [each["role"] for each in messages_of(store, "scrutineer")] == ["scrutineer"]
    assert {each["kind"] for each in messages_of(store, "clerk")} == {"poll_closed", "suggestion_received"}
    assert messages_of(store, "operator") == messages_of(store, "deputy") == []
    (other,) = messages_of(store, "teller")
    with pytest.raises(UnknownMessage):
        messages_of(store, "scrutineer", before=other["id"])


def test_due_is_sent_once_and_noted(store):
    recording = Recording()
    via = sending(recording)
    tell(store, via=via)
    before = sample("piaojue_notifications_deliveries_total", **_counted("recording", "sent"))
    assert deliver(store, via, "recording", at()) == 4
    assert deliver(store, via, "recording", at(NOW + timedelta(days=1))) == 0
    assert sorted(each.delivery for each in recording.sent) == sorted(each["id"] for each in logged(store))
    assert {each["state"] for each in logged(store)} == {"sent"}
    assert sample("piaojue_notifications_deliveries_total", **_counted("recording", "sent")) == before + 4


def test_channel_is_given_what_it_takes(store):
    public, deputies = Recording("public", lambda role: role is None), Recording("deputies", _is_deputy)
    via = sending(public, deputies)
    tell(store, via=via)
    for name in via.channels:
        deliver(store, via, name, at())
    assert [each.role for each in public.sent] == [None]
    assert [each.role for each in deputies.sent] == ["deputy"]
    assert len(logged(store)) == 2


def test_channel_that_cannot_say_what_it_takes_is_asked_to_send_and_the_event_is_handled(store):
    def broken(role):
        raise RuntimeError("no idea")

    failed = {"service": "notifications", "group": "piaojue.notifications.channels", "plugin": "odd"}
    before = sample("piaojue_plugin_failures_total", **failed)
    tell(store, event(SUGGESTION), sending(Recording("odd", broken)))
    assert [each["channel"] for each in logged(store)] == ["odd"]
    assert sample("piaojue_plugin_failures_total", **failed) == before + 1


def test_failure_is_noted_and_tried_again_with_growing_pauses_until_given_up(store):
    recording = Recording("flaky")
    recording.failing = ConnectionError("http://user:password@host")
    via = sending(recording, retries=Retries(3, timedelta(seconds=30), 4))
    tell(store, event(SUGGESTION), via)
    moment = NOW
    for pause, attempts in ((30, 1), (120, 2)):
        deliver(store, via, "flaky", at(moment))
        (now_logged,) = logged(store)
        assert (now_logged["state"], now_logged["attempts"]) == ("due", attempts)
        assert now_logged["failure"] == "ConnectionError"
        assert now_logged["next_try_at"] == moment + timedelta(seconds=pause)
        assert deliver(store, via, "flaky", at(moment + timedelta(seconds=pause - 1))) == 0
        assert logged(store) == [now_logged]
        moment = now_logged["next_try_at"]
    deliver(store, via, "flaky", at(moment))
    (given_up,) = logged(store)
    assert (given_up["state"], given_up["attempts"]) == ("given_up", 3)
    assert "password" not in str(given_up)


def test_given_up_is_taken_up_again_by_an_operator(store):
    recording = Recording("flaky")
    recording.failing = ConnectionError()
    via = sending(recording, retries=Retries(1))
    tell(store, event(SUGGESTION), via)
    deliver(store, via, "flaky", at())
    (given_up,) = usecases.show_deliveries(store, OPERATOR, LOG | {"state": "given_up"})["deliveries"]
    shown = usecases.retry_delivery(store, given_up["id"], OPERATOR, NOW)
    assert (shown["state"], shown["next_try_at"]) == ("due", NOW)
    recording.failing = None
    assert deliver(store, via, "flaky", at()) == 1
    with pytest.raises(DeliveryNotGivenUp):
        usecases.retry_delivery(store, given_up["id"], OPERATOR, NOW)


def test_deliveries_are_shown_for_the_bodies_of_the_token(store):
    tell(store, event(SUGGESTION))
    (delivery,) = usecases.show_deliveries(store, caller("operator", bodies=["yongan"]), LOG)["deliveries"]
    stranger = caller("operator", bodies=["beita"])
    assert usecases.show_deliveries(store, stranger, LOG)["deliveries"] == []
    with pytest.raises(UnknownDelivery):
        usecases.retry_delivery(store, delivery["id"], stranger, NOW)


def test_round_ends_with_a_failure_so_that_a_receiver_that_is_away_is_not_hammered(store):
    recording = Recording("flaky")
    recording.failing = ConnectionError()
    via = sending(recording)
    tell(store, via=via)
    deliver(store, via, "flaky", at())
    assert sorted(each["attempts"] for each in logged(store)) == [0, 0, 0, 1]
    recording.failing = None
    assert deliver(store, via, "flaky", at()) == 3


def test_round_is_bounded(store):
    via = sending(Recording(), most=3)
    tell(store, via=via)
    assert [deliver(store, via, "recording", at()) for _ in range(3)] == [3, 1, 0]


def test_sending_holds_no_transaction(store):
    recording = Recording()
    via = sending(recording)
    tell(store, event(SUGGESTION), via)

    def write(outgoing):
        with eventlet.Timeout(5), store.transaction() as notifications:  # would wait for ever
            notifications.save(notifications.delivery_to_change(outgoing.delivery, None).delivery)

    recording.before = write
    assert deliver(store, via, "recording", at()) == 1


def test_death_between_sending_and_noting_has_it_sent_again_as_the_same(store):
    class Died(BaseException):
        pass

    def die(outgoing):
        recording.sent.append(outgoing)
        raise Died

    recording = Recording()
    recording.before = die
    via = sending(recording, seconds=20)
    tell(store, event(SUGGESTION), via)
    with pytest.raises(Died):
        deliver(store, via, "recording", at())
    recording.before = lambda outgoing: None
    assert deliver(store, via, "recording", at(NOW + timedelta(seconds=79))) == 0
    assert deliver(store, via, "recording", at(NOW + timedelta(seconds=80))) == 1
    first, again = recording.sent
    assert first == again
    (only,) = logged(store)
    assert (only["state"], only["attempts"]) == ("sent", 1)


def test_outcome_that_comes_after_the_claim_has_lapsed_is_not_written(store):
    recording = Recording()
    via = sending(recording)
    tell(store, event(SUGGESTION), via)
    other = Recording()

    def overtaken(outgoing):
        late = at(NOW + timedelta(minutes=5))
        other.failing = ConnectionError()
        deliver(store, sending(other), "recording", late)

    recording.before = overtaken
    deliver(store, via, "recording", at())
    (only,) = logged(store)
    assert (only["state"], only["attempts"]) == ("due", 1)
    assert only["next_try_at"] > NOW + timedelta(minutes=5)


def test_channel_that_hangs_is_stopped_and_counts_as_failed(store):
    recording = Recording("hanging")
    recording.before = lambda outgoing: eventlet.Event().wait()
    via = sending(recording, seconds=0.05)
    tell(store, event(SUGGESTION), via)
    deliver(store, via, "hanging")
    (only,) = logged(store)
    assert (only["state"], only["failure"], only["attempts"]) == ("due", "Timeout", 1)


def test_channel_that_hangs_keeps_no_other_waiting(store):
    release = eventlet.Event()
    hanging, quick = Recording("hanging"), Recording("quick")
    entered = []

    def hang(outgoing):
        entered.append(outgoing)
        release.wait()

    hanging.before = hang
    via = sending(hanging, quick, seconds=60)
    tell(store, event(SUGGESTION), via)
    usecases.deliver_due(store, via)
    _until(lambda: quick.sent)
    tell(store, event(SUGGESTION, number=2), via)
    usecases.deliver_due(store, via)
    _until(lambda: len(quick.sent) == 2)
    assert hanging.sent == []
    assert len(entered) == 1  # nor is it asked again meanwhile
    release.send(None)
    via.wait()
    assert len(hanging.sent) == 2


def test_stopping_finishes_what_is_being_sent_and_begins_nothing(store):
    release = eventlet.Event()
    recording = Recording()
    recording.before = lambda outgoing: release.wait()
    via = sending(recording, seconds=60)
    tell(store, via=via)
    usecases.deliver_due(store, via)
    eventlet.sleep(0)
    eventlet.spawn_after(0, release.send, None)
    via.finish(10)
    assert sorted(each["state"] for each in logged(store)) == ["due", "due", "due", "sent"]
    usecases.deliver_due(store, via)
    assert via._under_way == {}


def test_undelivered_is_measured(store):
    recording = Recording("measured")
    recording.failing = ConnectionError()
    via = sending(recording, retries=Retries(1))
    tell(store, event(SUGGESTION), via)

    def measured(state):
        labels = {"service": "notifications", "channel": "measured", "state": state}
        return sample("piaojue_notifications_undelivered", **labels)

    usecases.deliver_due(store, via)
    assert (measured("due"), measured("given_up")) == (1, 0)
    via.wait()
    usecases.deliver_due(store, via)
    assert (measured("due"), measured("given_up")) == (0, 1)
    (given_up,) = logged(store)
    recording.failing = None
    usecases.retry_delivery(store, given_up["id"], OPERATOR, NOW)
    deliver(store, via, "measured")
    usecases.deliver_due(store, via)
    assert (measured("due"), measured("given_up")) == (0, 0)


def _counted(channel, outcome):
    return {"service": "notifications", "channel": channel, "outcome": outcome}


def _is_deputy(role):
    return role == "deputy"


def _until(condition):
    with eventlet.Timeout(10):
        while not condition():
            eventlet.sleep(0)
