"""TLS to broker and database, by settings alone: who is trusted is talked to, others are not, and why is
told."""

import os
import shutil
import ssl
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import psycopg2
import pytest

from chassis.bus import BusUnavailable, KombuBus
from chassis.store import StoreUnavailable, look, open_engine
from chassis.testing.bus import answering, bodies, publish, received, subscribed
from piaojue.region.certificates import Authority
from tests.chaos.checks import check_inboxes, check_logs
from tests.end_to_end.test_year import a_year, what_everybody_then_knows
from tests.support.deployed import PIAOJUE, DeployedRegion, piaojue, psql
from tests.support.postgresql import OWNER, PrivatePostgres
from tests.support.rabbitmq import CONTROL, NODE, PrivateRabbitMQ
from tests.support.region import SERVICES
from tests.support.servers import free_ports
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.real]

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """On a broker and a database server with the settings of the region's folder, and no others."""
    folder = tmp_path_factory.mktemp("tls")
    broker_port, database_port = free_ports(2)
    made = folder / "region"
    piaojue(
        *("region", "init", "yongan", "--folder", made, "--tls"),
        *("--broker", f"{HOST}:{broker_port}", "--database", f"{HOST}:{database_port}"),
    )
    rabbitmq = PrivateRabbitMQ(folder / "rabbitmq", port=broker_port, configuration=at_loopback(made))
    theirs = readable_by_postgres(made / "database")
    settings = postgresql_settings(made / "database/postgresql.conf", theirs)
    postgres = PrivatePostgres(folder / "postgres", fsync=False, port=database_port, settings=settings)
    try:
        with rabbitmq, postgres:
            psql(postgres, made / "database/roles.sql")
            deployed = DeployedRegion(made, folder / "logs", rabbitmq, postgres)
            deployed.servers = (made / "broker", theirs)
            yield deployed
            for process in deployed.processes.values():
                process.kill()
    finally:
        shutil.rmtree(theirs)


def at_loopback(made):
    told = (made / "broker/rabbitmq.conf").read_text()
    return told.replace("/etc/piaojue", str(made)).replace("ssl.default = ", f"ssl.default = {HOST}:")


def readable_by_postgres(folder):
    """A copy, since the server's user may read neither root's files nor its own in a closed folder."""
    theirs = Path(mkdtemp(prefix="piaojue-tls-", dir="/tmp"))
    for file in folder.iterdir():
        shutil.copy(file, theirs)
    if os.geteuid() == 0:
        for path in (theirs, *theirs.iterdir()):
            shutil.chown(path, OWNER)
    return theirs


def postgresql_settings(file, folder):
    lines = file.read_text().replace("/etc/piaojue/database", str(folder)).replace("'", "").splitlines()
    return {**dict(line.split(" = ") for line in lines), "listen_addresses": HOST}


def broker_url(region, service="ballots"):
    return (region.made / service / "broker-url").read_text().strip()


def ca(region):
    return region.made / "ballots/ca.pem"


@pytest.fixture
def strange_ca(tmp_path):
    file = tmp_path / "strange.pem"
    file.write_bytes(Authority("somebody else").certificate)
    return file


def test_a_year_goes_through_over_tls_and_every_event_arrives(region):
    region.migrate()
    region.start()
    a_year(region)
    what_everybody_then_knows(region)
    region.settled()
    check_inboxes(region, check_logs(region))
    assert connections(region) == {True}


def connections(region):
    """Whether the services' connections to the database are TLS."""
    with closing(psycopg2.connect(region.postgres.url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
            "WHERE usename LIKE 'yongan-%'"
        )
        return {row[0] for row in cursor.fetchall()}


def test_large_batches_arrive_whole_and_in_order_over_tls(region):
    """What is gathered is written to the TLS connection in one piece, larger than its records."""
    for process in region.processes.values():
        process.kill()
    sent = [str(number).encode() * 300 for number in range(1500)]
    bus = KombuBus(broker_url(region), asker="ballots", ca=ca(region))
    theirs = KombuBus(broker_url(region, "proposals"), asker="proposals", ca=ca(region))
    with subscribed(theirs, "proposals.inbox", exchanges=["ballots.events"], most=200) as subscription:
        eventually(lambda: not emptied(subscription), 20, "nothing older is left")
        publish(bus, "ballots.events", sent)
        assert bodies(received(subscription, len(sent), acknowledges=True)) == sent
    with answering(bus, "ballots.pages", lambda question: {"was": question, "page": ["x" * 1000] * 300}):
        assert theirs.ask("ballots.pages", {"after": 1}, 20)["was"] == {"after": 1}


def emptied(subscription):
    came = subscription.receive(0.5)
    subscription.acknowledge()
    return came


def test_broker_that_is_signed_by_somebody_else_is_refused_and_why_is_told(region, strange_ca):
    for authority in (strange_ca, None):
        bus = KombuBus(broker_url(region), ca=authority)
        with pytest.raises(BusUnavailable, match=r"certificate is not trusted: (self-signed|unable to get)"):
            bus.publisher("ballots.events")


def test_broker_of_another_name_is_refused(region):
    elsewhere = broker_url(region).replace(HOST, "localhost")
    with pytest.raises(BusUnavailable, match="not trusted: Hostname mismatch"):
        KombuBus(elsewhere, ca=ca(region)).publisher("ballots.events")


def test_nothing_is_told_to_a_broker_without_tls_where_tls_is_set(region, rabbitmq):
    plain = broker_url(region).replace(str(region.rabbitmq.port), str(rabbitmq.port))
    with pytest.raises(BusUnavailable):
        KombuBus(plain, ca=ca(region)).publisher("ballots.events")


def test_the_broker_speaks_tls_alone_and_not_an_old_one(region):
    with pytest.raises(BusUnavailable):
        KombuBus(broker_url(region).replace("amqps", "amqp", 1)).publisher("ballots.events")
    context = ssl.create_default_context(cafile=ca(region))
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_database_that_is_signed_by_somebody_else_is_refused_and_why_is_told(region, strange_ca):
    engine = open_engine(region.databases["ballots"], 1, strange_ca)
    with pytest.raises(StoreUnavailable, match="certificate is not trusted"):
        look(engine, "ballots")
    engine.dispose()


def test_a_missing_file_of_certificates_is_named_and_not_taken_for_a_database_that_is_away(region, tmp_path):
    engine = open_engine(region.databases["ballots"], 1, tmp_path / "none.pem")
    with pytest.raises(StoreUnavailable, match=r"\(store_ca\) cannot be read"):
        look(engine, "ballots")
    engine.dispose()


def test_database_of_another_name_is_refused(region):
    engine = open_engine(region.databases["ballots"].replace(HOST, "localhost"), 1, ca(region))
    with pytest.raises(StoreUnavailable, match="for another host"):
        look(engine, "ballots")
    engine.dispose()


def test_database_without_tls_is_refused_where_tls_is_set(region, postgres):
    engine = open_engine(postgres.url, 1, ca(region))
    with pytest.raises(StoreUnavailable):
        look(engine, "ballots")
    engine.dispose()
    plain = open_engine(postgres.url, 1)
    assert look(plain, "ballots").current is None
    plain.dispose()


def test_a_service_whose_database_is_not_trusted_does_not_start_and_says_why(
    region, strange_ca, start_process
):
    environ = {**region._environment("ballots"), "PIAOJUE_STORE_CA": str(strange_ca)}
    process = start_process([PIAOJUE, "run", "ballots"], env=environ)
    process.wait_until(lambda: not process.running, 60, "it ends")
    assert process.exit_status == 1
    assert "The database's certificate is not trusted" in process.said()


def rabbitmqctl(region, *words):
    done = subprocess.run(
        [CONTROL, "-n", NODE, *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=region.rabbitmq.tools(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def trust(region, content):
    for service in SERVICES:
        (region.made / service / "ca.pem").write_bytes(content)


def talks(region, authority):
    """Whether somebody who trusts these alone is let in by both servers."""
    engine = open_engine(region.databases["ballots"], 1, authority)
    try:
        look(engine, "ballots")
        KombuBus(broker_url(region), asker="ballots", ca=authority).publisher("ballots.events").close()
    except (StoreUnavailable, BusUnavailable):
        return False
    finally:
        engine.dispose()
    return True


def peers(region):
    """The services' connections to the broker and to the database."""
    told = rabbitmqctl(region, "list_connections", "-q", "pid").splitlines()
    with closing(psycopg2.connect(region.postgres.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename LIKE 'yongan-%'")
        return set(told[1:]) | {row[0] for row in cursor.fetchall()}


def cut(region):
    rabbitmqctl(region, "close_all_connections", "--vhost", region.vhost, "renewed")
    with closing(psycopg2.connect(region.postgres.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'yongan-%'")


def takes_events(region, name):
    told = rabbitmqctl(region, "list_queues", "-q", "--vhost", region.vhost, "name", "consumers")
    return f"{name}.inbox\t1" in told.splitlines()


def test_certificates_of_another_ca_are_taken_up_without_a_restart_of_any_service(region, tmp_path):
    """By the commands of the page: the servers are told to read theirs, the services read theirs anyway."""
    region.start("ballots", "proposals")
    old, new = ca(region).read_bytes(), Authority("the next five years")
    trust(region, old + new.certificate)
    for folder in region.servers:
        signed = new.sign(HOST)
        (folder / "server.pem").write_bytes(signed.certificate)
        (folder / "server-key.pem").write_bytes(signed.key)
    (tmp_path / "new.pem").write_bytes(new.certificate)
    assert not talks(region, tmp_path / "new.pem"), "nobody has told the servers yet"
    region.postgres.reload()
    rabbitmqctl(region, "eval", "ssl:clear_pem_cache().")
    eventually(lambda: talks(region, tmp_path / "new.pem"), 30)
    for trusted in (old + new.certificate, new.certificate):
        trust(region, trusted)
        before = peers(region)
        cut(region)
        eventually(lambda cut_off=before: not peers(region) & cut_off, 30)
        for name in ("ballots", "proposals"):
            region.wait_until_ready(name)
            eventually(lambda name=name: takes_events(region, name), 60)
