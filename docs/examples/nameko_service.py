"""python nameko_service.py FOLDER FEED: a nameko service that reserves funds for adopted projects."""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402

from following import Follower, broker  # noqa: E402
from nameko.events import event_handler  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402
from nameko.timer import timer  # noqa: E402


def reserve(event, db):
    """What it writes by ``db`` is done once; anything else may be done again, should this process die."""
    if event["type"] == "piaojue.ballots.result_declared.v1":
        print(event["sequence"], "reserve funds for", *event["data"]["adopted"], flush=True)


class Budget:
    name = "budget"

    @event_handler("ballots", "#")
    def heard(self, event):
        follower.take(event)

    @timer(interval=60, eager=True)
    def look(self):
        follower.catch_up()


follower = Follower(*sys.argv[1:], "nameko.db", reserve)
url, tls = broker(sys.argv[1])
config = {
    "AMQP_URI": url,
    "DECLARE_EVENT_EXCHANGES": False,  # they are not ours
    "max_workers": 1,  # in their order, one at a time
}
runner = ServiceRunner(config | ({"AMQP_SSL": tls} if tls else {}))
runner.add_service(Budget)
runner.start()
runner.wait()
