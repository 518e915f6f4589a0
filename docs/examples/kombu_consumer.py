"""python kombu_consumer.py FOLDER FEED: the same with kombu."""

import sys
from time import monotonic

from following import Follower, broker
from kombu import Connection, Exchange, Queue
from kombu.mixins import ConsumerMixin


def reserve(event, db):
    """What it writes by ``db`` is done once; anything else may be done again, should this process die."""
    if event["type"] == "piaojue.ballots.result_declared.v1":
        print(event["sequence"], "reserve funds for", *event["data"]["adopted"], flush=True)


class Budget(ConsumerMixin):
    def __init__(self, connection, follower):
        self.connection = connection
        self.follower = follower

    def get_consumers(self, Consumer, channel):  # noqa: N803
        exchange = Exchange("ballots.events", type="topic", durable=True, no_declare=True)
        queue = Queue("budget.kombu", exchange, routing_key="#", queue_arguments={"x-queue-type": "quorum"})
        return [Consumer([queue], callbacks=[self.heard], accept=["json"], prefetch_count=100)]

    def on_consume_ready(self, connection, channel, consumers, **kwargs):
        self.look_at = monotonic()

    def on_iteration(self):
        if monotonic() >= self.look_at:
            self.follower.catch_up()
            self.look_at = monotonic() + 60

    def heard(self, event, message):
        self.follower.take(event)
        message.ack()


follower = Follower(*sys.argv[1:], "kombu.db", reserve)
url, tls = broker(sys.argv[1])
with Connection(url, ssl=tls or False, heartbeat=30) as connection:
    Budget(connection, follower).run()
