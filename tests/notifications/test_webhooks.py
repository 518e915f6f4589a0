"""The channel ``webhook``: what it sends, how it signs, and what becomes of each endpoint's deliveries."""

import hmac
import json
import ssl
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from threading import Event

import pytest

from notifications.domain import ChannelSuite, Retries
from notifications.domain.suite import samples
from notifications.plugins import CHANNELS, channels_for
from notifications.plugins.signing import secrets_of, signed
from notifications.plugins.webhooks import EndpointSchema
from notifications.store import Notifications
from notifications.usecases import Sending, deliver
from piaojue.region.certificates import Authority
from piaojue_contracts import Event as Heard
from piaojue_contracts import all_event_types
from piaojue_contracts.ballots import TURNOUT_CHANGED_V1
from tests.notifications.receiving import LOOPBACK, SECRET, endpoints_file, entry, receiving
from tests.notifications.samples import DATA
from tests.notifications.telling import CANDIDATES, NOW, SUGGESTION, event, logged, tell
from tests.notifications.test_channels import settings
from tests.support.running import running
from tests.support.stores import migrated_store
from tests.support.waiting import eventually

PLAYED = ("proposals", "ballots", "ratings")
TURNOUT = "piaojue.ballots.turnout_changed.v1"


@pytest.fixture
def receivers():
    with receiving(2) as made:
        yield made


@pytest.fixture
def store(tmp_path):
    with migrated_store("notifications", Notifications, tmp_path) as made:
        yield made


def opened(folder, *entries, **own):
    """The channels of these endpoints, by name."""
    file = endpoints_file(folder, *entries)
    return channels_for(settings(folder, channels="webhook", webhooks=str(file), **(LOOPBACK | own)))


class TestWebhook(ChannelSuite):
    @pytest.fixture(autouse=True)
    def _receiver(self, receivers, tmp_path):
        self.receiver, self.folder = receivers[0], tmp_path

    def opened(self, for_="[public, deputy, department]"):
        (channel,) = opened(self.folder, entry(self.receiver.url(), for_=for_)).values()
        return channel

    def received(self):
        contents = [json.loads(each.body) for each in self.receiver.received]
        return "\n".join(f"{t['title']}\n{t['text']}" for each in contents for t in each["data"]["texts"])

    def without_receiver(self):
        self.receiver.answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
        return self.opened()


class TestPlugin(TestWebhook):
    """The same, asked for as a whole."""

    def opened(self, for_="[public, deputy, department]"):
        channel = CHANNELS.load(["webhook"])["webhook"]
        file = endpoints_file(self.folder, entry(self.receiver.url(), for_=for_))
        channel.open(settings(self.folder, webhooks=str(file), **LOOPBACK))
        return channel


def test_signature_is_that_of_the_specification():
    headers = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', secrets_of(f"{SECRET}\n")
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_of_two_secrets_signs_so_that_one_can_be_replaced():
    other = f"whsec_{b64encode(b'k' * 32).decode()}"
    both = signed("m", 1, b"{}", secrets_of(f"{SECRET}\n\n  {other}\n"))["webhook-signature"].split()
    alone = [signed("m", 1, b"{}", secrets_of(each))["webhook-signature"] for each in (SECRET, other)]
    assert both == alone


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_***"),
        f"whsec_{b64encode(b'k' * 65).decode()}",
        f"{SECRET}\nplain",
    ],
)
def test_secret_of_another_form_is_refused_and_not_quoted(text):
    with pytest.raises(ValueError, match=r"secret|bytes") as caught:
        secrets_of(text)
    assert "MfKQ9" not in str(caught.value)


def test_what_is_received_is_verified_by_the_three_headers(receivers, tmp_path):
    (channel,) = opened(tmp_path, entry(receivers[0].url(), for_="[public]")).values()
    outgoing = next(samples(channel))
    channel.send(outgoing)
    (request,) = receivers[0].received
    assert request.path == "/hook?from=piaojue"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == outgoing.delivery
    content = f"{outgoing.delivery}.{request.headers['webhook-timestamp']}.".encode() + request.body
    mark = hmac.digest(b64decode(SECRET.removeprefix("whsec_")), content, sha256)
    assert request.headers["webhook-signature"] == f"v1,{b64encode(mark).decode()}"


def test_event_is_sent_once_as_its_log_has_it(store, receivers, tmp_path):
    channels = opened(tmp_path, entry(receivers[0].url()))
    via, heard = Sending(channels), event().sealed()
    for _ in range(2):
        tell(store, heard, via)
    assert deliver(store, via, "webhook:budget", lambda: NOW) == 1
    (request,) = receivers[0].received
    assert request.body == heard.as_bytes()
    assert Heard.from_bytes(request.body).computed_hash() == heard.hash
    (only,) = logged(store)
    assert (only["channel"], only["role"], only["kind"]) == (
        "webhook:budget",
        "events",
        "candidates_published",
    )
    assert (only["item"], only["body"], only["state"]) == (heard.id, "yongan", "sent")


def test_event_that_nobody_is_written_of_is_sent_too(store, receivers, tmp_path):
    via = Sending(opened(tmp_path, entry(receivers[0].url())))
    tell(store, event(TURNOUT), via)
    tell(store, event(TURNOUT), via)
    assert deliver(store, via, "webhook:budget", lambda: NOW) == 1


def test_endpoint_gets_the_types_it_asks_for(store, receivers, tmp_path):
    via = Sending(opened(tmp_path, entry(receivers[0].url(), types=f"[{TURNOUT}]")))
    tell(store, event(), via)
    assert logged(store) == []
    tell(store, event(TURNOUT), via)
    assert [each["kind"] for each in logged(store)] == ["turnout_changed"]


def test_endpoint_gets_the_texts_of_the_types_it_asks_for(store, receivers, tmp_path):
    via = Sending(
        opened(tmp_path, entry(receivers[0].url(), for_="[public, clerk]", types=f"[{SUGGESTION}]"))
    )
    tell(store, event(), via)
    assert logged(store) == []
    tell(store, event(SUGGESTION), via)
    assert [(each["kind"], each["role"]) for each in logged(store)] == [("suggestion_received", "clerk")]


@pytest.mark.parametrize("for_", ["[events]", "[public]", "[deputy]"])
def test_endpoint_gets_what_concerns_the_bodies_it_asks_for(store, receivers, tmp_path, for_):
    first, second = (each.url() for each in receivers)
    via = Sending(
        opened(tmp_path, entry(first, "one", for_=for_, bodies="[beita, songya]"), entry(second, for_=for_))
    )
    for number, body in enumerate(("yongan", "beita"), 1):
        tell(store, event(data=DATA[CANDIDATES] | {"body": body}, number=number), via)
    found = sorted((each["channel"], each["body"]) for each in logged(store))
    assert found == [("webhook:budget", "beita"), ("webhook:budget", "yongan"), ("webhook:one", "beita")]


def test_notice_comes_with_the_event_that_caused_it(store, receivers, tmp_path):
    via, heard = Sending(opened(tmp_path, entry(receivers[0].url(), for_="[public]"))), event().sealed()
    tell(store, heard, via)
    deliver(store, via, "webhook:budget", lambda: NOW)
    (request,) = receivers[0].received
    content = json.loads(request.body)
    assert content["type"] == "piaojue.notifications.notice.v1"
    assert content["timestamp"] == NOW.isoformat()
    assert content["event"] == heard.as_json()
    assert content["data"]["about"] == heard.id
    assert "event" not in content["data"]


def test_message_says_for_whom_it_is(store, receivers, tmp_path):
    via = Sending(opened(tmp_path, entry(receivers[0].url(), for_="[department]")))
    tell(store, event(), via)
    deliver(store, via, "webhook:budget", lambda: NOW)
    contents = [json.loads(each.body) for each in receivers[0].received]
    assert {each["type"] for each in contents} == {"piaojue.notifications.message.v1"}
    assert len({each["data"]["unit"] for each in contents}) == len(contents) == 2


def test_without_webhooks_no_event_is_kept(store):
    tell(store)
    with store.reading() as notifications:
        assert notifications.message_of(event().id) is None


def test_endpoint_that_is_away_keeps_nothing_from_the_other(store, receivers, tmp_path):
    away, there = receivers
    away.answer = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
    channels = opened(tmp_path, entry(away.url(), "away"), entry(there.url(), "there"))
    via = Sending(channels, retries=Retries(2, timedelta(seconds=30)))
    tell(store, event(), via)
    moments = iter(NOW + timedelta(seconds=each) for each in range(100))
    for name in channels:
        deliver(store, via, name, lambda: next(moments))
    found = {each["channel"]: each for each in logged(store)}
    assert (found["webhook:there"]["state"], len(there.received)) == ("sent", 1)
    assert (found["webhook:away"]["state"], found["webhook:away"]["failure"]) == ("due", "status-500")
    deliver(store, via, "webhook:away", lambda: NOW + timedelta(minutes=5))
    (given_up,) = [each for each in logged(store) if each["state"] == "given_up"]
    assert (given_up["channel"], given_up["attempts"]) == ("webhook:away", 2)
    assert len(there.received) == 1


def test_what_is_sent_again_has_the_same_id_and_a_new_time(store, receivers, tmp_path):
    (channel,) = opened(tmp_path, entry(receivers[0].url())).values()
    via = Sending({channel.name: channel})
    tell(store, event(), via)
    receivers[0].answer = b"HTTP/1.1 200 OK\r\n\r\n"
    receivers[0].before = lambda: (_ for _ in ()).throw(ConnectionError)  # it has it, and cannot say so
    receivers[0].server.handle_error = lambda *_: None
    deliver(store, via, channel.name, lambda: NOW)
    receivers[0].before = lambda: None
    deliver(store, via, channel.name, lambda: NOW + timedelta(minutes=1))
    first, again = receivers[0].received
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ((), "must be a list"),
        (("name: x",), r"endpoint 1 has faults in: secret_file, url"),
        ((entry("https://a/", colour="red"),), "endpoint 1 has faults in: colour"),
        ((entry("https://a/", for_="[mayor]"),), "endpoint 1 has faults in: for"),
        ((entry("https://a/", for_="[]"),), "endpoint 1 has faults in: for"),
        ((entry("https://a/", types="[result_declared]"),), "endpoint 1 has faults in: types"),
        ((entry("https://a/", types="[]"),), "endpoint 1 has faults in: types"),
        ((entry("https://a/", bodies="[]"),), "endpoint 1 has faults in: bodies"),
        ((entry("https://a/", bodies="yongan"),), "endpoint 1 has faults in: bodies"),
        ((entry("https://a/", bodies="[Yong'an]"),), "endpoint 1 has faults in: bodies"),
        ((entry("https://a/", "Upper"),), "endpoint 1 has faults in: name"),
        ((entry("https://a/"), entry("https://b/")), "endpoint budget is there twice"),
        ((entry("http://secret.example/"),), "endpoint budget: url must be https"),
        ((entry("https://u:secret@a/"),), "url must have neither a user"),
        ((entry("https://a/").replace("hook.secret", "none"),), "secret_file cannot be read"),
        ((entry("https://a/", ca_file="hook.secret"),), "ca_file has no certificates"),
        (("name: [",), "the file cannot be read: ParserError"),
    ],
)
def test_endpoint_that_cannot_be_used_stops_the_start_and_is_not_quoted(entries, fault, tmp_path):
    with pytest.raises(ValueError, match=fault) as caught:
        opened(tmp_path, *entries, webhook_plain="false")
    assert "secret." not in str(caught.value)


def test_secret_that_cannot_be_used_stops_the_start_and_is_not_quoted(tmp_path):
    file = endpoints_file(tmp_path, entry("https://a/"), secret="whsec_hush")
    with pytest.raises(ValueError, match="endpoint budget: secret_file: each line must be") as caught:
        channels_for(settings(tmp_path, channels="webhook", webhooks=str(file)))
    assert "hush" not in str(caught.value)


def test_endpoint_shows_neither_its_url_nor_its_secret(tmp_path):
    (channel,) = opened(tmp_path, entry("https://a.example/hush")).values()
    assert "webhook:budget" in repr(channel)
    assert "hush" not in repr(channel)
    assert repr(secrets_of(SECRET)[0])[2:10] not in repr(channel)


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ({}, "needs the setting webhooks"),
        ({"webhooks": "nowhere.yaml"}, "cannot be read: FileNotFoundError"),
        ({"webhooks": "webhooks.yaml", "webhook_networks": "10.0.0.1/8"}, "must be a network"),
    ],
)
def test_settings_that_do_not_do_stop_the_start(own, fault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    endpoints_file(tmp_path, entry("https://a/"))
    with pytest.raises(ValueError, match=fault):
        channels_for(settings(tmp_path, channels="webhook", **own))


def test_every_type_that_is_heard_can_be_asked_for():
    asked = sorted(each.type for each in all_event_types() if each.producer != "notifications")
    read = EndpointSchema().load({"name": "a", "url": "u", "secret_file": "s", "types": asked})
    assert read["types"] == asked


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A CA's certificate, and what a server of ours at the loopback address answers with."""
    folder = tmp_path_factory.mktemp("tls")
    made = Authority("tests")
    server = made.sign("127.0.0.1")
    (folder / "ca.pem").write_bytes(made.certificate)
    (folder / "server.pem").write_bytes(server.certificate + server.key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem")
    return folder / "ca.pem", tls


def test_certificate_that_nobody_has_signed_is_not_trusted(authority, tmp_path):
    ca, tls = authority
    with receiving(1, tls) as (receiver,):
        (channel,) = opened(tmp_path, entry(receiver.url(scheme="https"), for_="[public]")).values()
        with pytest.raises(ssl.SSLCertVerificationError):
            channel.send(next(samples(channel)))
        with_ca = entry(receiver.url(scheme="https"), for_="[public]", ca_file=str(ca))
        (channel,) = opened(tmp_path, with_ca).values()
        channel.send(next(samples(channel)))
        assert len(receiver.received) == 1


@pytest.mark.slow
def test_service_sends_events_to_whom_it_reaches_while_others_hang_or_are_forbidden(authority, tmp_path):
    """As it runs: green, over TLS, with an endpoint that never answers and one that may not be asked."""
    ca, tls = authority
    held = Event()
    with receiving() as (hanging,), receiving(1, tls) as (there,):
        hanging.before = lambda: held.wait(120)
        file = endpoints_file(
            tmp_path,
            entry(hanging.url(), "hanging"),
            entry(there.url(scheme="https"), "there", ca_file=str(ca)),
            entry(f"http://[::1]:{there.port}/", "forbidden"),
        )
        own = LOOPBACK | {"channels": "webhook", "webhooks": str(file), "delivery_tries": "1"}
        environ = {f"PIAOJUE_NOTIFICATIONS_{key.upper()}": value for key, value in own.items()}
        with running("notifications", played=PLAYED, settings=environ) as region:
            for number in range(1, 6):
                region.tell(TURNOUT_CHANGED_V1, "polls/yongan/p1", DATA[TURNOUT] | {"returned": number})
            eventually(lambda: len(there.received) == 5, 30, "all have arrived")
            # At its log one sees that what came is the log's, whatever the order.
            told = {each["id"]: each for each in region.events("ballots")}
            assert {each["id"]: each for each in map(json.loads, (r.body for r in there.received))} == told
            assert hanging.asked == 1
            assert region.call("GET", "/notifications/health/ready").status == 200

            def log(state):
                answer = region.call(
                    "GET", f"/notifications/deliveries?limit=100&state={state}", roles=["operator"]
                )
                return sorted((each["channel"], each["failure"]) for each in answer.json["deliveries"])

            given_up = [("webhook:forbidden", "address-not-allowed")] * 5
            eventually(lambda: log("given_up") == given_up, 30, "what may not be asked is given up")
            assert log("sent") == [("webhook:there", None)] * 5
            held.set()
            assert SECRET not in region.log()
