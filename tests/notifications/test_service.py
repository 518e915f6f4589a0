"""Notifications over HTTP, with the other services played."""

import json

import pytest

from piaojue_contracts import golden_messages
from piaojue_contracts.ballots import POLL_CLOSED_V1
from piaojue_contracts.events import event_type
from piaojue_contracts.proposals import SUGGESTION_RECEIVED_V1
from tests.notifications.samples import DATA
from tests.support.running import running
from tests.support.waiting import eventually

PLAYED = ("proposals", "ballots", "ratings")
QUICK = {"PIAOJUE_COMPARE_INTERVAL": "0.2", "PIAOJUE_RETRY_PAUSES": "0.05,0.05"}
NOTICES = "/notifications/bodies/yongan/notices"
MESSAGES = "/notifications/bodies/yongan/messages"
DELIVERIES = "/notifications/deliveries"


def told_all(region):
    """Has every golden message told, in the order of each producer, and waits until it is heard."""
    golden = [event for _, event in golden_messages() if event.producer in PLAYED]
    for event in sorted(golden, key=lambda each: each.sequence):
        region.tell(event_type(event.type), event.subject, event.data)
    for producer in PLAYED:
        region.heard_all("notifications", producer)


def deliveries(region, query="limit=100"):
    return region.call("GET", f"{DELIVERIES}?{query}", roles=["operator"]).json["deliveries"]


def all_settled(region):
    eventually(lambda: not deliveries(region, "state=due"), 20, "all is delivered")


@pytest.fixture(scope="module")
def region():
    settings = QUICK | {"PIAOJUE_NOTIFICATIONS_CHANNELS": "file,console"}
    with running("notifications", played=PLAYED, settings=settings) as made:
        told_all(made)
        yield made


def test_notices_are_open_to_everybody_newest_first(region):
    page = region.call("GET", NOTICES).json
    kinds = {each["kind"] for each in page["notices"]}
    assert kinds == {
        *("candidates_published", "implementation_started", "poll_opened", "result_declared"),
        *("objection_filed", "objection_answered", "rating_opened", "rating_concluded"),
    }
    moments = [each["published_at"] for each in page["notices"]]
    assert moments == sorted(moments, reverse=True)
    assert page["before"] is None
    first = page["notices"][0]
    assert region.call("GET", f"{NOTICES}/{first['notice']}").json == first


def test_notices_are_read_page_by_page_in_one_language(region):
    seen, before = [], ""
    while before is not None:
        page = region.call("GET", f"{NOTICES}?language=en&limit=2{before and f'&before={before}'}").json
        seen += page["notices"]
        before = page["before"]
    assert len(seen) == 8
    assert {text["language"] for each in seen for text in each["texts"]} == {"en"}


def test_notice_is_published_to_other_services(region):
    shown = {each["notice"] for each in region.call("GET", NOTICES).json["notices"]}
    published = eventually(
        lambda: len(found := region.events("notifications", "notice_published")) == 8 and found, 20
    )
    assert {each["data"]["notice"] for each in published} == shown
    assert {each["subject"] for each in published} == {"bodies/yongan"}


def test_messages_are_for_the_roles_of_the_token(region):
    for role, kinds in (
        ("teller", {"poll_opened", "poll_closed", "channel_struck"}),
        ("department", {"candidates_published", "implementation_started", "rating_concluded"}),
        ("operator", set()),
    ):
        shown = region.call("GET", f"{MESSAGES}?limit=100", roles=[role]).json["messages"]
        assert {each["kind"] for each in shown} == kinds
        assert {each["role"] for each in shown} == ({role} if kinds else set())


def test_messages_are_for_bodies_of_the_token(region):
    assert region.call("GET", MESSAGES).status == 401
    refused = region.call("GET", MESSAGES, roles=["deputy"], bodies=["beita"])
    assert (refused.status, refused.json["slug"]) == (403, "body-not-allowed")


def test_deliveries_are_for_operators_and_show_no_texts(region):
    all_settled(region)
    refused = region.call("GET", DELIVERIES, roles=["clerk"])
    assert (refused.status, refused.json["slug"]) == (403, "role-not-allowed")
    answer = region.call("GET", f"{DELIVERIES}?limit=100", roles=["operator"])
    shown = answer.json["deliveries"]
    assert {each["state"] for each in shown} == {"sent"}
    assert {each["channel"] for each in shown} == {"file", "console"}
    assert {each["body"] for each in shown} == {"yongan"}
    for title in (
        text["title"] for each in region.call("GET", NOTICES).json["notices"] for text in each["texts"]
    ):
        assert title not in answer.body.decode()


def test_every_delivery_is_a_line_of_the_file(region):
    all_settled(region)
    lines = (region.folder / "notifications.jsonl").read_text(encoding="utf-8").splitlines()
    sent = [each["delivery"] for each in deliveries(region) if each["channel"] == "file"]
    assert sorted(json.loads(line)["delivery"] for line in lines) == sorted(sent)


def test_notice_is_printed_as_a_block(region):
    all_settled(region)
    assert "──── yongan · public · result_declared ─" in region.log()


def test_delivery_that_was_sent_is_not_taken_up_again(region):
    all_settled(region)
    delivery = deliveries(region)[0]["delivery"]
    refused = region.call("POST", f"{DELIVERIES}/{delivery}/retry", roles=["operator"])
    assert (refused.status, refused.json["slug"]) == (409, "delivery-not-given-up")
    unknown = region.call("POST", f"{DELIVERIES}/nothing/retry", roles=["operator"])
    assert (unknown.status, unknown.json["slug"]) == (404, "unknown-delivery")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "channel"),
        ({"channel": ""}, "channel"),
        ({"channel": "file", "state": "due"}, "state"),
        ({"channel": "file", "planned_since": "yesterday"}, "planned_since"),
        ({"channel": "file", "planned_since": "2022-04-16T00:00:00"}, "planned_since"),
        ({"channel": "file", "all": True}, "all"),
    ],
)
def test_what_is_to_be_sent_again_is_said_exactly(region, given, field):
    refused = region.call("POST", f"{DELIVERIES}/retry", given, roles=["operator"])
    assert (refused.status, refused.json["slug"]) == (422, "invalid-body")
    assert [each["field"] for each in refused.json["errors"]] == [field]


def test_what_was_sent_cannot_be_discarded(region):
    for given, status in (({"channel": "file", "state": "sent"}, 422), ({"channel": "file"}, 200)):
        answer = region.call("POST", f"{DELIVERIES}/discard", given, roles=["operator"])
        assert answer.status == status
    assert answer.json == {"deliveries": 0}


def test_what_was_sent_is_sent_again_when_an_operator_says_so(region):
    all_settled(region)
    again = {"channel": "console", "state": "sent", "planned_since": "2022-04-16T00:00:00+08:00"}
    assert region.call("POST", f"{DELIVERIES}/retry", again, roles=["clerk"]).status == 403
    sent = len(deliveries(region, "channel=console&limit=100"))
    answer = region.call("POST", f"{DELIVERIES}/retry", again, roles=["operator"])
    assert (answer.status, answer.json) == (200, {"deliveries": sent})
    all_settled(region)
    later = again | {"planned_since": "2122-04-16T00:00:00Z"}
    assert region.call("POST", f"{DELIVERIES}/retry", later, roles=["operator"]).json == {"deliveries": 0}


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        (f"{NOTICES}/nothing", 404, "unknown-notice"),
        (f"{NOTICES}?before=nothing", 404, "unknown-notice"),
        (f"{NOTICES}?limit=0", 422, "invalid-query"),
        (f"{NOTICES}?limit=many", 422, "invalid-query"),
        (f"{NOTICES}?colour=red", 422, "invalid-query"),
        (f"{MESSAGES}?before=nothing", 404, "unknown-message"),
        (f"{DELIVERIES}?state=lost", 422, "invalid-query"),
        (f"{DELIVERIES}?before=nothing", 404, "unknown-delivery"),
    ],
)
def test_mistake_of_a_user_is_called_by_its_name(region, path, status, slug):
    refused = region.call("GET", path, roles=["operator"])
    assert (refused.status, refused.json["slug"]) == (status, slug)


def test_metrics_tell_what_was_delivered(region):
    all_settled(region)
    text = region.call("GET", "/notifications/metrics").body.decode()
    counted = 'piaojue_notifications_deliveries_total{channel="file",outcome="sent",service="notifications"}'
    number = next(line.split()[-1] for line in text.splitlines() if line.startswith(counted))
    assert float(number) == len([each for each in deliveries(region) if each["channel"] == "file"])


def test_event_whose_text_cannot_be_written_is_parked_and_told_after_replay(tmp_path):
    template = tmp_path / "templates" / "en" / "message-poll_closed.txt"
    template.parent.mkdir(parents=True)
    template.write_text("Closed\n\n{{ nobody_knows }}")
    settings = QUICK | {"PIAOJUE_NOTIFICATIONS_TEMPLATES_FOLDER": str(tmp_path / "templates")}
    with running("notifications", played=PLAYED, settings=settings) as region:
        closed, suggested = DATA["piaojue.ballots.poll_closed.v1"], DATA[SUGGESTION_RECEIVED_V1.type]
        region.tell(POLL_CLOSED_V1, "polls/yongan/p1", closed)
        region.tell(SUGGESTION_RECEIVED_V1, "suggestions/s-17", suggested)
        (parked,) = eventually(lambda: inbox(region)["parked"], 20, "the event is parked")
        assert (parked["type"], parked["error"]) == (POLL_CLOSED_V1.type, "UndefinedError")
        assert {each["kind"] for each in messages(region)} == {"suggestion_received"}
        template.write_text("Closed\n\n{{ returned }} papers")
        replay = region.call("POST", f"/notifications/inbox/parked/{parked['id']}/replay", roles=["operator"])
        assert replay.status == 204
        eventually(lambda: len(messages(region)) == 2, 20, "it is told after all")
        assert inbox(region)["parked"] == []


def test_what_was_planned_is_delivered_after_a_new_start(tmp_path):
    gone = {"PIAOJUE_NOTIFICATIONS_APPRISE_URLS": "clerk=json://127.0.0.1:9/"}  # nobody answers there
    sending = {
        "PIAOJUE_NOTIFICATIONS_CHANNELS": "file,apprise",
        "PIAOJUE_NOTIFICATIONS_APPRISE_SCHEMES": "json",
        "PIAOJUE_NOTIFICATIONS_DELIVERY_TRIES": "1",
    }
    settings = QUICK | sending | gone
    with running("notifications", played=PLAYED, folder=tmp_path, settings=settings) as region:
        region.tell(SUGGESTION_RECEIVED_V1, "suggestions/s-17", DATA[SUGGESTION_RECEIVED_V1.type])
        (given_up,) = eventually(lambda: deliveries(region, "state=given_up"), 30, "it is given up")
        assert (given_up["channel"], given_up["failure"]) == ("apprise", "NotTaken")
        (line,) = [line for line in region.log().splitlines() if "delivery_failed" in line]
        failed = json.loads(line)
        assert (failed["service"], failed["channel"]) == ("notifications", "apprise")
        assert (failed["failure"], failed["outcome"]) == ("NotTaken", "given_up")
        assert "127.0.0.1:9" not in region.log()
    settings = QUICK | {"PIAOJUE_NOTIFICATIONS_CHANNELS": "file"}
    with running("notifications", played=PLAYED, folder=tmp_path, settings=settings) as region:
        retry = region.call("POST", f"{DELIVERIES}/{given_up['delivery']}/retry", roles=["operator"])
        assert (retry.json["state"], retry.json["attempts"]) == ("due", 0)
        (sent,) = deliveries(region, "state=sent")
        assert sent["channel"] == "file"


def inbox(region):
    return region.call("GET", "/notifications/inbox", roles=["operator"]).json


def messages(region):
    return region.call("GET", MESSAGES, roles=["clerk"]).json["messages"]
