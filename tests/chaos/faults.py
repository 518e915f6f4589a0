"""The faults: each is there within the block, and its cause is gone at the end of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from tests.chaos.schedule import Fault
from tests.chaos.stage import Stage
from tests.support.postgresql import PrivatePostgres
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import eventually


@contextmanager
def service_killed(stage: Stage, fault: Fault) -> Iterator[None]:
    with stage.down(fault.victim):
        stage.region.kill(fault.victim)
        yield
        stage.region.begin(fault.victim)


@contextmanager
def service_stopped(stage: Stage, fault: Fault) -> Iterator[None]:
    process = stage.region.processes[fault.victim]
    process.pause()
    yield
    process.resume()


@contextmanager
def broker_killed(stage: Stage, fault: Fault) -> Iterator[None]:
    """Once it has written what was declared: see ``PrivateRabbitMQ.settle``."""
    stage.rabbitmq.settle()
    with stage.down("rabbitmq"):
        stage.rabbitmq.kill()
        yield
        stage.rabbitmq.start()


@contextmanager
def broker_wiped(stage: Stage, fault: Fault) -> Iterator[None]:
    with stage.down("rabbitmq"):
        stage.rabbitmq.kill()
        stage.rabbitmq.wipe()
        yield
        stage.rabbitmq.start()


@contextmanager
def database_killed(stage: Stage, fault: Fault) -> Iterator[None]:
    with stage.down("postgres"):
        stage.postgres.kill()
        yield
        stage.postgres.start()


@contextmanager
def server_stopped(stage: Stage, fault: Fault) -> Iterator[None]:
    server = _server(stage, fault)
    server.pause()
    yield
    server.resume()


@contextmanager
def connections_cut(stage: Stage, fault: Fault) -> Iterator[None]:
    _way(stage, fault).cut()
    yield


@contextmanager
def connections_refused(stage: Stage, fault: Fault) -> Iterator[None]:
    way = _way(stage, fault)
    way.cut(refusing=True)
    yield
    way.restore()


@contextmanager
def connections_stalled(stage: Stage, fault: Fault) -> Iterator[None]:
    way = _way(stage, fault)
    way.hold()
    yield
    way.restore()


@contextmanager
def answers_lost(stage: Stage, fault: Fault) -> Iterator[None]:
    """What is asked for is done, and nobody hears of it."""
    way = _way(stage, fault)
    way.hold(questions=False)
    yield
    way.cut()
    way.restore()


@contextmanager
def database_disk_full(stage: Stage, fault: Fault) -> Iterator[None]:
    stage.disks["database"].fill()
    yield
    stage.disks["database"].free()


@contextmanager
def broker_disk_full(stage: Stage, fault: Fault) -> Iterator[None]:
    """Until RabbitMQ has seen that there is room again, for which it looks every ten seconds."""
    stage.disks["broker"].fill()
    yield
    stage.disks["broker"].free()
    eventually(stage.rabbitmq.welcomes, 30, "RabbitMQ takes messages again")


@contextmanager
def clock_wrong(stage: Stage, fault: Fault) -> Iterator[None]:
    stage.region.hurt(fault.victim, clock=fault.amount)
    yield
    stage.region.hurt(fault.victim)


@contextmanager
def handlers_failing(stage: Stage, fault: Fault) -> Iterator[None]:
    stage.region.hurt(fault.victim, crash="raise")
    yield
    stage.region.hurt(fault.victim)


@contextmanager
def handlers_dying(stage: Stage, fault: Fault) -> Iterator[None]:
    stage.region.hurt(fault.victim, crash="die")
    yield
    stage.region.hurt(fault.victim)


FAULTS: Mapping[str, Callable[[Stage, Fault], AbstractContextManager[None]]] = {
    "kill -9 of a service": service_killed,
    "kill -9 of the broker": broker_killed,
    "kill -9 of the database": database_killed,
    "SIGSTOP of a service": service_stopped,
    "SIGSTOP of the broker": server_stopped,
    "SIGSTOP of the database": server_stopped,
    "connections cut": connections_cut,
    "connections refused": connections_refused,
    "connections stalled": connections_stalled,
    "answers lost": answers_lost,
    "broker wiped": broker_wiped,
    "disk of the database full": database_disk_full,
    "disk of the broker full": broker_disk_full,
    "clock jump": clock_wrong,
    "handlers fail": handlers_failing,
    "handlers die": handlers_dying,
}


def _way(stage: Stage, fault: Fault) -> TcpProxy:
    name, _, place = fault.victim.partition(" to ")
    return stage.region.ways[name, place]


def _server(stage: Stage, fault: Fault) -> PrivatePostgres | PrivateRabbitMQ:
    return stage.postgres if fault.victim == "postgres" else stage.rabbitmq
