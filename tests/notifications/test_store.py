"""The repository of notifications, on both databases."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from notifications.domain import Delivery, DeliveryState, Message, Notice, Retries, Text, Told
from notifications.store import Notifications
from notifications.usecases import deliver
from tests.notifications.telling import NOW, Recording, event, logged, sending, tell
from tests.support.stores import migrated_store

TEXTS = (Text("zh-CN", "公告", "第一段。\n\n第二段。"), Text("en", "Notice", "A & <b>"))
NOTICE = Notice("n1", "yongan", "result_declared", TEXTS, "e1", NOW)
MESSAGE = Message("m1", "yongan", "department", "镇社会事务办公室", "result_declared", TEXTS, "e1", NOW)
TOLD = Told("e1", "yongan", "result_declared", '{"id":"e1"}', NOW)
UNTIL = NOW + timedelta(seconds=80)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def store(request, tmp_path):
    url = request.getfixturevalue("database_url")("notifications") if request.param == "postgresql" else None
    with migrated_store("notifications", Notifications, tmp_path, url=url) as made:
        yield made


def planned(item="n1", number=1, channel="file", now=NOW):
    return Delivery.planned(id=f"{item}-{channel}-{number}", item=item, channel=channel, now=now)


def test_what_is_added_is_found_as_it_was(store):
    with store.transaction() as notifications:
        notifications.add(NOTICE, [planned()], NOW)
        notifications.add(MESSAGE, [], NOW)
    with store.reading() as notifications:
        assert notifications.notice("yongan", "n1") == NOTICE
        assert notifications.notices("yongan", before=None, most=9) == [NOTICE]
        assert notifications.messages("yongan", ["department"], before=None, most=9) == [MESSAGE]
        assert notifications.messages("yongan", [], before=None, most=9) == []
        (entry,) = notifications.deliveries(None, state="due", before=None, most=9)
        assert entry.delivery == planned()
        assert (entry.body, entry.kind, entry.role) == ("yongan", "result_declared", None)
        assert notifications.has_told_of("e1")
        assert not notifications.has_told_of("e2")


def test_event_itself_is_kept_and_claimed_as_it_was(store):
    with store.transaction() as notifications:
        assert notifications.message_of("e1") is None
        notifications.add(TOLD, [planned("e1", channel="hook")], NOW)
    with store.transaction() as notifications:
        assert notifications.has_told_of("e1")
        assert notifications.message_of("e1") == TOLD.message
        (entry,) = notifications.deliveries(["yongan"], state="due", before=None, most=9)
        assert (entry.kind, entry.role) == ("result_declared", "events")
        assert notifications.claim("hook", NOW, UNTIL) == (entry.delivery, TOLD)


def test_notice_of_an_id_that_is_taken_is_refused_by_the_database(store):
    with store.transaction() as notifications:
        notifications.add(NOTICE, [], NOW)
    with pytest.raises(IntegrityError), store.transaction() as notifications:
        notifications.add(NOTICE, [], NOW)


def test_log_is_told_by_state_and_goes_on_from_one_that_has_left_it(store):
    with store.transaction() as notifications:
        for number in range(4):
            moment = NOW + timedelta(seconds=number)
            notifications.add(
                Notice(f"n{number}", "yongan", "k", TEXTS, f"e{number}", moment),
                [planned(f"n{number}", now=moment)],
                moment,
            )
    with store.transaction() as notifications:
        first = notifications.deliveries(None, state="due", before=None, most=2)
        assert [each.delivery.item for each in first] == ["n3", "n2"]
        notifications.save(first[-1].delivery.sent(UNTIL))
        rest = notifications.deliveries(None, state="due", before=first[-1].delivery.id, most=9)
        assert [each.delivery.item for each in rest] == ["n1", "n0"]
        (sent,) = notifications.deliveries(["yongan"], state="sent", before=None, most=9)
        assert (sent.delivery.item, sent.delivery.settled_at) == ("n2", UNTIL)
        assert notifications.deliveries(["beita"], state=None, before=None, most=9) == []


def test_claimed_is_with_its_text_and_nobody_elses_until_the_claim_lapses(store):
    with store.transaction() as notifications:
        notifications.add(MESSAGE, [planned("m1")], NOW)
    with store.transaction() as notifications:
        assert notifications.claim("console", NOW, UNTIL) is None
        assert notifications.claim("file", NOW - timedelta(microseconds=1), UNTIL) is None
        assert notifications.claim("file", NOW, UNTIL) == (planned("m1"), MESSAGE)
    with store.transaction() as notifications:
        assert notifications.claim("file", UNTIL - timedelta(microseconds=1), UNTIL) is None
        again = notifications.claim("file", UNTIL, UNTIL + timedelta(seconds=80))
        assert again is not None
        assert not notifications.settle(again[0].sent(UNTIL), UNTIL)
        assert notifications.settle(again[0].sent(UNTIL), UNTIL + timedelta(seconds=80))
        assert notifications.claim("file", UNTIL + timedelta(days=1), UNTIL + timedelta(days=2)) is None


def test_planned_by_a_clock_that_was_set_back_since_is_claimed(store):
    with store.transaction() as notifications:
        notifications.add(MESSAGE, [planned("m1")], NOW)
        before = NOW - timedelta(hours=2)
        assert notifications.claim("file", before, before + (UNTIL - NOW)) == (planned("m1"), MESSAGE)


def test_claimed_by_a_process_whose_clock_is_ahead_is_left_to_it(store):
    with store.transaction() as notifications:
        notifications.add(MESSAGE, [planned("m1")], NOW)
        ahead = (UNTIL - NOW) / 2
        assert notifications.claim("file", NOW + ahead, UNTIL + ahead) is not None
        assert notifications.claim("file", NOW, UNTIL) is None


def test_failed_is_claimed_again_after_its_pause(store):
    with store.transaction() as notifications:
        notifications.add(NOTICE, [planned()], NOW)
        claimed = notifications.claim("file", NOW, UNTIL)
        failed = claimed[0].failed(NOW, "Timeout", Retries(2, timedelta(seconds=30)))
        assert notifications.settle(failed, UNTIL)
    with store.transaction() as notifications:
        assert notifications.claim("file", NOW + timedelta(seconds=29), UNTIL) is None
        claimed = notifications.claim("file", NOW + timedelta(seconds=30), UNTIL)
        assert claimed[0].attempts == 1
        given_up = claimed[0].failed(NOW, "Timeout", Retries(2, timedelta(seconds=30)))
        assert notifications.settle(given_up, UNTIL)
        assert notifications.unsent() == {("file", "given_up"): 1}
        assert given_up.state is DeliveryState.GIVEN_UP


def test_two_processes_send_each_once(store):
    """Each has a store of its own, as processes have, and both look at the same moment."""
    for number in range(1, 11):
        tell(store, event(number=number))
    recordings = [Recording(), Recording()]
    url = store.engine.url.render_as_string(hide_password=False)
    together = Barrier(2)

    def work(recording):
        own = type(store).at(url, Notifications)
        together.wait(30)
        while deliver(own, sending(recording, most=7), "recording", lambda: NOW):
            pass
        own.close()

    threads = [Thread(target=work, args=(recording,)) for recording in recordings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    sent = [each.delivery for recording in recordings for each in recording.sent]
    assert sorted(sent) == sorted(each["id"] for each in logged(store))
    assert {each["state"] for each in logged(store)} == {"sent"}


def test_claim_passes_over_what_another_transaction_holds(database_url, tmp_path):
    with migrated_store("notifications", Notifications, tmp_path, url=database_url("claims")) as store:
        with store.transaction() as notifications:
            notifications.add(NOTICE, [planned(number=1), planned(number=2)], NOW)
        with store.transaction() as one, store.transaction() as other:
            other.connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            first, second = one.claim("file", NOW, UNTIL), other.claim("file", NOW, UNTIL)
            assert {first[0].id, second[0].id} == {"n1-file-1", "n1-file-2"}
            assert other.claim("file", NOW, UNTIL) is None
