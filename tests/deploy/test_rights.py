"""What the users of a region may do at its broker and its database server: their work, and nothing else."""

from contextlib import closing

import psycopg2
import pytest
from kombu import Connection

from chassis.bus import BusUnavailable, KombuBus
from tests.chaos.checks import check_inboxes, check_logs
from tests.end_to_end import year
from tests.end_to_end.test_year import a_year, what_everybody_then_knows
from tests.support.deployed import deployed, psql
from tests.support.region import SERVICES
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def region(rabbitmq, postgres, tmp_path_factory):
    with deployed(tmp_path_factory.mktemp("deployed"), rabbitmq, postgres) as made:
        yield made


@pytest.fixture(scope="module")
def started(region):
    region.start()
    return region


def url_of(region, service):
    return (region.made / service / "broker-url").read_text().strip()


def refused(url, deed):
    """Whether the broker refuses it for want of rights."""
    with Connection(url) as connection, connection.channel() as channel:
        try:
            deed(channel)
        except connection.channel_errors as error:
            return error.reply_code == 403
        return False


def publishing(exchange, key="x"):
    """With a confirm, since a refusal comes after the fact."""

    def publish(channel):
        channel.confirm_select()
        channel.basic_publish_confirm(channel.prepare_message(b"{}"), exchange=exchange, routing_key=key)

    return publish


def test_a_year_goes_through_with_these_rights_and_every_event_arrives(started):
    a_year(started)
    what_everybody_then_knows(started)
    started.settled()
    check_inboxes(started, check_logs(started))


def test_what_the_broker_lost_is_fetched_with_these_rights(started):
    """Notifications is down while its queue loses what others told it: it asks them, and is answered."""
    started.kill("notifications")
    path = f"/proposals/bodies/{year.BODY}/suggestions"
    given = {"year": 2024, "title": "修一口井", "content": "东村需要一口井", "source": "residents"}
    for _ in range(5):
        assert started.call("POST", path, given, roles=["deputy"]).status == 201
    started.rabbitmq.api("DELETE", f"queues/{started.vhost}/notifications.inbox/contents")
    started.restart("notifications")
    started.settled()
    check_inboxes(started, check_logs(started))


def test_no_log_says_that_the_broker_refused_something(started):
    assert "broker_refused" not in started.log()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_by_its_own_exchange_alone(region, service):
    url = url_of(region, service)
    assert not refused(url, publishing(f"{service}.events"))
    for other in SERVICES:
        if other != service:
            assert refused(url, publishing(f"{other}.events"))
    assert refused(url, publishing("", key="notifications.inbox"))
    assert refused(url, publishing("amq.topic"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_its_own_queues_alone(region, service):
    url = url_of(region, service)
    assert not refused(url, lambda channel: channel.basic_get(f"{service}.pages"))
    for other in SERVICES:
        if other != service:
            for queue in (f"{other}.inbox", f"{other}.pages"):
                assert refused(url, lambda channel, queue=queue: channel.basic_get(queue))
                assert refused(url, lambda channel, queue=queue: channel.queue_purge(queue))


def test_a_service_follows_no_other_than_those_it_handles_events_of(region):
    url = url_of(region, "ratings")
    for source, allowed in (("proposals", True), ("notifications", False)):
        bound = refused(
            url, lambda channel, to=f"{source}.events": channel.queue_bind("ratings.inbox", to, "#")
        )
        assert bound is not allowed


def test_a_service_declares_and_deletes_nothing_of_others(region):
    url = url_of(region, "ratings")
    assert refused(url, lambda channel: channel.exchange_delete("ballots.events"))
    assert refused(url, lambda channel: channel.queue_delete("notifications.inbox"))
    assert refused(url, lambda channel: channel.queue_declare("somebody", durable=True))
    assert refused(url, lambda channel: channel.exchange_declare("ballots.more", "topic"))


def test_a_service_asks_none_that_it_does_not_follow(region):
    bus = KombuBus(url_of(region, "ratings"), asker="ratings")
    with pytest.raises(BusUnavailable, match="refused"):
        bus.ask("notifications.pages", {"after": 0}, 5)


def test_queues_are_quorum_queues_also_those_that_do_not_say_so(region):
    for service in SERVICES:
        queue = region.rabbitmq.api("GET", f"queues/{region.vhost}/{service}.pages")
        assert queue["type"] == "quorum"
    assert region.rabbitmq.api("GET", f"vhosts/{region.vhost}")["metadata"]["default_queue_type"] == "quorum"


def test_a_role_reaches_its_own_database_alone(region):
    for service, url in region.databases.items():
        psycopg2.connect(url).close()
        for other, theirs in region.databases.items():
            if other != service:
                with pytest.raises(psycopg2.OperationalError, match="permission denied"):
                    psycopg2.connect(url.rpartition("/")[0] + "/" + theirs.rpartition("/")[2])


def test_the_database_server_logs_nothing_of_what_a_service_has_written(region):
    log, paper = region.postgres.folder / "postgresql.log", "marks-that-nobody-is-to-read"
    before = log.read_text().count("duplicate key")
    with closing(psycopg2.connect(region.databases["ballots"])) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE cast_once (paper text PRIMARY KEY)")
        with pytest.raises(psycopg2.errors.UniqueViolation):
            cursor.execute("INSERT INTO cast_once VALUES (%s), (%s)", (paper, paper))
    eventually(lambda: log.read_text().count("duplicate key") > before, 10, "the fault is logged")
    assert paper not in log.read_text()


def test_the_script_of_roles_run_again_changes_nothing(region):
    psql(region.postgres, region.made / "database/roles.sql")
    with closing(psycopg2.connect(region.databases["ballots"])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM event_log")
        cursor.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False)
