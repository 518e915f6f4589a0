"""The built-in channels: the suite of the hook, and what is peculiar to each."""

import json
import os
import stat
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from chassis.config import load_settings
from chassis.plugins import nonconformities
from notifications.domain import Channel, ChannelSuite
from notifications.domain.suite import samples
from notifications.plugins import (
    CHANNELS,
    SETTINGS,
    AppriseChannel,
    ConsoleChannel,
    FileChannel,
    NotTaken,
    channels_for,
)
from notifications.usecases import sending_for
from tests.notifications.telling import Recording


def settings(folder, **own):
    environ = {f"PIAOJUE_NOTIFICATIONS_{key.upper()}": value for key, value in own.items()}
    return load_settings("notifications", SETTINGS, environ={"PIAOJUE_DATA_FOLDER": str(folder), **environ})


def in_words(line):
    """The texts of a line of the file."""
    return "\n".join(f"{each['title']}\n{each['text']}" for each in json.loads(line)["texts"])


class TestConsole(ChannelSuite):
    @pytest.fixture(autouse=True)
    def _output(self, capsys, monkeypatch):
        self.monkeypatch, self.capsys, self.seen = monkeypatch, capsys, ""

    def opened(self):
        channel = ConsoleChannel()
        channel.open(None)
        return channel

    def received(self):
        self.seen += self.capsys.readouterr().out
        return self.seen

    def without_receiver(self):
        class Gone:
            def write(self, text):
                raise BrokenPipeError

        self.monkeypatch.setattr(sys, "stdout", Gone())
        return ConsoleChannel()

    def test_block_says_for_whom_it_is(self):
        channel = self.opened()
        for outgoing in samples(channel):
            channel.send(outgoing)
        assert "──── yongan · public · result_declared ─" in self.received()
        assert "──── yongan · department · 镇社会事务办公室 · result_declared ─" in self.received()


class TestFile(ChannelSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def opened(self):
        channel = FileChannel()
        channel.open(settings(self.folder))
        return channel

    def lines(self):
        return (self.folder / "notifications.jsonl").read_text(encoding="utf-8").splitlines()

    def received(self):
        return "\n".join(map(in_words, self.lines()))

    def without_receiver(self):
        channel = self.opened()
        (self.folder / "notifications.jsonl").unlink()
        (self.folder / "notifications.jsonl").mkdir()
        return channel

    def test_line_tells_all(self):
        channel = self.opened()
        outgoing = next(samples(channel))
        channel.send(outgoing)
        (line,) = self.lines()
        told = json.loads(line)
        assert told["delivery"] == "sample-0"
        assert (told["body"], told["role"], told["kind"]) == ("yongan", None, "result_declared")
        assert told["written_at"] == "2022-04-16T03:05:00+00:00"

    def test_line_after_a_torn_one_is_whole(self):
        channel = self.opened()
        outgoing = next(samples(channel))
        channel.send(outgoing)
        with (self.folder / "notifications.jsonl").open("ab") as file:
            file.write(b'{"delivery":"torn')
        channel.send(outgoing)
        whole, torn, again = self.lines()
        assert torn == '{"delivery":"torn'
        assert whole == again

    def test_line_is_on_disk_before_it_counts_as_sent(self, monkeypatch):
        channel = self.opened()

        def refused(file):
            raise OSError("input/output error")

        monkeypatch.setattr(os, "fsync", refused)
        with pytest.raises(OSError, match="input/output"):
            channel.send(next(samples(channel)))

    def test_file_is_not_for_everybody(self):
        self.opened()
        assert not stat.S_IMODE((self.folder / "notifications.jsonl").stat().st_mode) & stat.S_IRWXO


class Hook:
    """A receiver of the scheme ``json``; ``status`` is what it answers."""

    def __init__(self):
        hook = self
        self.status, self.bodies = 200, []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 200:
                    hook.bodies.append(json.loads(body))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"json://127.0.0.1:{self.server.server_port}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def hooks():
    made = [Hook(), Hook()]
    yield made
    for hook in made:
        hook.close()


class TestApprise(ChannelSuite):
    @pytest.fixture(autouse=True)
    def _hooks(self, hooks, tmp_path):
        self.hooks, self.folder = hooks, tmp_path

    def opened(self, urls=None):
        urls = urls or f"public,deputy,department={self.hooks[0].url}"
        channel = AppriseChannel()
        channel.open(settings(self.folder, apprise_urls=urls, apprise_schemes="json"))
        return channel

    def received(self):
        return "\n".join(f"{each['title']}\n{each['message']}" for hook in self.hooks for each in hook.bodies)

    def without_receiver(self):
        self.hooks[0].status = 500
        return self.opened()

    def test_address_alone_is_for_notices(self):
        channel = self.opened(self.hooks[0].url)
        assert [role for role in (None, "deputy", "clerk") if channel.takes(role)] == [None]

    def test_address_receives_what_is_for_its_audience(self):
        channel = self.opened(f"{self.hooks[0].url} deputy={self.hooks[1].url}")
        for outgoing in samples(channel):
            channel.send(outgoing)
        assert [len(hook.bodies) for hook in self.hooks] == [1, 1]

    def test_address_that_has_it_does_not_receive_it_again_for_another_that_was_away(self):
        channel = self.opened(f"{self.hooks[0].url} {self.hooks[1].url}")
        outgoing = next(samples(channel))
        self.hooks[0].status = 503
        for _ in range(2):
            with pytest.raises(NotTaken):
                channel.send(outgoing)
        self.hooks[0].status = 200
        channel.send(outgoing)
        assert [len(hook.bodies) for hook in self.hooks] == [1, 1]


@pytest.mark.parametrize(
    ("urls", "schemes", "fault"),
    [
        ("json://h/secret", "jsons", "address 1 has none of the schemes"),
        (
            "jsons://h/ https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "jsons",
            "2",
        ),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "https",
            "1 is none",
        ),
        ("jsons://", "jsons", "address 1"),
        ("mayor=jsons://secret/", "jsons", "address 1 must be"),
        ("secret", "jsons", "address 1 must be"),
        ("", "jsons", "needs the setting apprise_urls"),
    ],
)
def test_address_that_cannot_be_used_stops_the_start_and_is_not_quoted(urls, schemes, fault, tmp_path):
    own = {"apprise_urls": urls} if urls else {}
    with pytest.raises(ValueError, match=fault) as caught:
        channels_for(settings(tmp_path, channels="apprise", apprise_schemes=schemes, **own))
    assert "secret" not in str(caught.value)
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in str(caught.value)


def test_channels_built_in_are_found_and_fit():
    loaded = CHANNELS.load(["console", "file", "apprise", "webhook"])
    assert [nonconformities(channel, Channel) for channel in loaded.values()] == [[], [], [], []]
    assert nonconformities(Recording(), Channel) == []


def test_channel_that_is_not_installed_stops_the_start(tmp_path):
    with pytest.raises(ValueError, match="pigeon: not installed"):
        sending_for(settings(tmp_path, channels="pigeon"))


def test_channel_that_cannot_be_opened_stops_the_start(tmp_path):
    (tmp_path / "notifications.jsonl").mkdir()
    with pytest.raises(ValueError, match="file: cannot be opened: IsADirectoryError"):
        sending_for(settings(tmp_path))


def test_pauses_that_do_not_fit_stop_the_start(tmp_path):
    with pytest.raises(ValueError, match="delivery_first_pause"):
        sending_for(settings(tmp_path, delivery_first_pause="60", delivery_longest_pause="30"))


def test_settings_reach_what_sends(tmp_path):
    made = sending_for(settings(tmp_path, channels="console,file", channel_timeout="3", delivery_round="7"))
    assert (list(made.channels), made.seconds, made.most) == (["console", "file"], 3, 7)
    assert list(sending_for(settings(tmp_path)).channels) == ["file"]
    assert list(sending_for(settings(tmp_path, channels="")).channels) == []


def test_apprise_is_not_loaded_by_those_who_do_not_use_it(tmp_path):
    """It is large, and the embedded suite is to be small."""
    import subprocess

    program = "import sys, notifications.service; sys.exit('apprise' in sys.modules)"
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, check=False)
    assert run.returncode == 0


class TestSuiteItself:
    """A suite that any channel passes would be worth nothing."""

    def suite(self, channel, received=lambda: "", away=None):
        made = ChannelSuite()
        made.opened, made.received, made.without_receiver = (lambda: channel), received, (lambda: away)
        return made

    def test_channel_that_drops_what_it_is_given_fails(self):
        with pytest.raises(AssertionError):
            self.suite(Recording()).test_what_is_sent_arrives_whole()

    def test_channel_that_answers_instead_of_raising_fails(self):
        class Answering(Recording):
            def send(self, outgoing):
                return True

        with pytest.raises(AssertionError):
            self.suite(Answering()).test_what_is_sent_again_is_no_failure()

    def test_channel_that_swallows_its_failures_fails(self):
        with pytest.raises(AssertionError, match="counts as sent"):
            self.suite(Recording(), away=Recording()).test_a_receiver_that_is_away_is_a_failure()

    def test_channel_that_takes_nothing_fails(self):
        nothing = Recording(takes=lambda role: False)
        with pytest.raises(AssertionError, match="of no use"):
            self.suite(nothing).test_it_says_of_every_audience_whether_it_takes_that()
