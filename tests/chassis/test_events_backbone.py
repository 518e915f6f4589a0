"""The backbone's threads: none ends by itself, and if one does, the process says that it cannot go on."""

import eventlet
import pytest

from chassis.events import Backbone
from chassis.health import Health


@pytest.fixture
def health():
    return Health("north")


@pytest.fixture
def backbone(health):
    backbone = Backbone()
    backbone._name, backbone._drain = "north", 1
    backbone.when_broken = health.give_up
    return backbone


def end():
    return


def fail():
    raise RuntimeError("boom")


def killed():
    raise eventlet.Timeout(None)


def wait_for(thread):
    with eventlet.Timeout(10):
        try:
            thread.wait()
        except BaseException as error:
            assert not (isinstance(error, eventlet.Timeout) and error.seconds)  # noqa: PT017
    eventlet.sleep(0)


@pytest.mark.parametrize("run", [end, fail, killed])
def test_a_part_that_ends_makes_the_process_give_up(backbone, health, run):
    wait_for(backbone._spawn("relay", run))
    assert not health.live()
    assert health.ready() == (False, {"process": "the relay of its events has ended"})


def test_a_part_that_ends_at_a_stop_is_as_it_should_be(backbone, health):
    stopped = []
    backbone.relay = type("Relay", (), {"stop": lambda self: stopped.append(1)})()
    backbone._threads = [backbone._spawn("relay", end), backbone._spawn("consumer", eventlet.sleep, 60)]
    with eventlet.Timeout(10):
        backbone.stop()
    assert stopped
    assert health.live()


def test_a_stop_waits_for_the_relay_and_no_longer_than_it_may(backbone, health):
    backbone._drain = 0.1
    backbone.relay = type("Relay", (), {"stop": lambda self: None})()
    backbone._threads = [backbone._spawn("relay", eventlet.sleep, 60)]
    with eventlet.Timeout(10):
        backbone.stop()
    assert health.live()
