"""The private RabbitMQ: what it keeps, what it loses, and that nothing of it stays behind."""

from contextlib import contextmanager

import pytest
from amqp import Message
from amqp.exceptions import NotFound
from kombu import Connection, Queue

from tests.support import rabbitmq as module
from tests.support.processes import descendants, listening, state
from tests.support.rabbitmq import PrivateRabbitMQ


@contextmanager
def channel(url):
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        yield connection.default_channel


def declare(at, name="inbox"):
    Queue(name, durable=True, queue_arguments={"x-queue-type": "quorum"})(at).declare()


def send(at, body, queue="inbox"):
    at.basic_publish_confirm(Message(body, delivery_mode=2), "", queue)


def names_of_queues(rabbitmq, url):
    return [queue["name"] for queue in rabbitmq.api("GET", f"queues/{url.rpartition('/')[2]}")]


def pids(rabbitmq):
    node, mapper = rabbitmq._server.pid, rabbitmq._mapper.pid
    return [node, mapper, *descendants(node), *descendants(mapper)]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_broker_url_is_an_empty_vhost_for_each_test(broker_url, rabbitmq, turn):
    assert names_of_queues(rabbitmq, broker_url) == []
    with channel(broker_url) as at:
        declare(at)
    assert names_of_queues(rabbitmq, broker_url) == ["inbox"]


def test_a_vhost_does_not_see_the_queues_of_another(broker_url, rabbitmq):
    other = rabbitmq.add_vhost("another one/with signs")
    with channel(broker_url) as at, channel(other) as there:
        declare(at)
        with pytest.raises(NotFound):
            there.queue_declare("inbox", passive=True)
    rabbitmq.remove_vhost("another one/with signs")


def test_wiping_a_running_broker_is_refused(rabbitmq):
    rabbitmq.start()
    with pytest.raises(RuntimeError, match="stop or kill it first"):
        rabbitmq.wipe()


def test_a_missing_broker_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SERVER", tmp_path / "rabbitmq-server")
    with pytest.raises(module.ServerMissingError, match="apt-get install rabbitmq-server"):
        PrivateRabbitMQ(tmp_path)


@pytest.mark.slow
def test_a_killed_broker_keeps_what_it_confirmed(broker_url, rabbitmq):
    with channel(broker_url) as at:
        declare(at)
        rabbitmq.settle()
        send(at, "kept")
    before = pids(rabbitmq)
    rabbitmq.kill()
    assert not any(map(state, before))
    assert not listening(rabbitmq.port)
    rabbitmq.start()
    with channel(broker_url) as at:
        assert at.basic_get("inbox").body == "kept"


@pytest.mark.slow
def test_a_wiped_broker_has_its_vhosts_and_nothing_in_them(broker_url, rabbitmq):
    with channel(broker_url) as at:
        declare(at)
        send(at, "lost")
    rabbitmq.kill()
    rabbitmq.wipe()
    rabbitmq.start()
    assert names_of_queues(rabbitmq, broker_url) == []


@pytest.mark.slow
def test_a_stopped_broker_leaves_no_process_and_keeps_its_data(broker_url, rabbitmq):
    with channel(broker_url) as at:
        declare(at)
        send(at, "kept")
    before = pids(rabbitmq)
    rabbitmq.stop()
    assert not any(map(state, before))
    rabbitmq.restart()
    with channel(broker_url) as at:
        assert at.basic_get("inbox").body == "kept"


@pytest.mark.slow
def test_two_brokers_share_nothing(rabbitmq, tmp_path):
    rabbitmq.start()
    with PrivateRabbitMQ(tmp_path / "other", schedulers=1) as other:
        url = other.add_vhost("here")
        assert "here" not in [vhost["name"] for vhost in rabbitmq.api("GET", "vhosts")]
        with channel(url) as at:
            declare(at)
        mine = pids(other)
        assert not set(mine) & set(pids(rabbitmq))
    assert not any(map(state, mine))
    assert rabbitmq.running
    assert not (tmp_path / "other/mnesia").exists()
