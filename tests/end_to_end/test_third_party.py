"""A service of somebody else, with nameko and nothing of ours, receives a declared result."""

import json
import subprocess

import pytest

from tests.end_to_end import year
from tests.support.environments import environment
from tests.support.processes import Process
from tests.support.region import real_region
from tests.support.waiting import eventually

SERVICE = """\
import eventlet

eventlet.monkey_patch()
import json
import sys

from nameko.events import event_handler
from nameko.runners import ServiceRunner


class Budget:
    name = "budget"

    @event_handler("ballots", "result_declared.v1")
    def on_result(self, event):
        print("received", json.dumps(event["data"]["adopted"]), flush=True)


runner = ServiceRunner({"AMQP_URI": sys.argv[1]})
runner.add_service(Budget)
runner.start()
runner.wait()
"""


@pytest.mark.slow
def test_a_plain_nameko_service_receives_a_declared_result(rabbitmq, postgres, tmp_path):
    python = environment(tmp_path / "theirs", others=["nameko"])
    alone = subprocess.run([python, "-c", "import piaojue_contracts"], capture_output=True, timeout=60)
    assert alone.returncode != 0, "nothing of ours is installed there"
    (tmp_path / "budget.py").write_text(SERVICE)
    with real_region(tmp_path / "region", rabbitmq, postgres) as region:
        broker = region.broker_url
        command = [str(python), "budget.py", broker]
        theirs = Process(command, output=tmp_path / "budget.log", cwd=tmp_path)
        try:
            bound = lambda: "evt-ballots-result_declared.v1--budget.on_result" in queues(region)  # noqa: E731
            eventually(bound, 60, "their queue exists")
            year.publish_candidates(region)
            year.open_meeting(region)
            for code in year.open_poll(region)[:50]:
                assert year.cast(region, code, ["clinic"]).status == 201
            year.declare(region)
            found = theirs.wait_for_line(r"^received (.*)$", 60)
            assert json.loads(found[1]) == ["clinic"]
        finally:
            theirs.kill()


def queues(region):
    vhost = region.broker_url.rpartition("/")[2]
    return [each["name"] for each in region.rabbitmq.api("GET", f"queues/{vhost}")]
