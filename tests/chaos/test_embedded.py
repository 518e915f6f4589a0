"""The embedded suite amid kill -9, and on a disk that is full: it goes on where it was."""

import pytest

from tests.chaos.casting import Casting
from tests.chaos.checks import check_logs, check_notices
from tests.end_to_end import year
from tests.support.region import SERVICES
from tests.support.running import running
from tests.support.small_disk import disk_or_skip
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


class Again:
    """A suite that may be another one at each call: what was killed was started again."""

    def __init__(self, folder):
        self._folder = folder
        self._entered = None
        self.start()

    def start(self):
        self._context = running(*SERVICES, folder=self._folder)
        self.region = self._context.__enter__()

    def kill(self):
        self.region.process.kill()
        self._context.gen.close()

    def stop(self):
        self._context.__exit__(None, None, None)

    def __getattr__(self, name):
        return getattr(self.region, name)


def test_kills_lose_and_double_nothing(tmp_path):
    suite = Again(tmp_path)
    year.publish_candidates(suite)
    year.open_meeting(suite, 300)
    casting = Casting(suite, year.open_poll(suite, slips=300)).start()
    for moment in (40, 120, 200):
        casting.wait_for(moment)
        suite.kill()
        suite.start()
    casting.finish()
    assert len(casting.accepted) == 300
    result = year.declare(suite)
    assert result["returned"] == 300
    assert result["votes"] == casting.votes()
    eventually(lambda: "result_declared" in year.kinds(suite), 60, "the result is announced")
    check_notices(suite, check_logs(suite))
    suite.stop()


@pytest.fixture
def disk(tmp_path):
    with disk_or_skip(tmp_path / "disk", 24) as made:
        yield made


def test_a_disk_that_is_full_refuses_for_a_while_and_loses_and_doubles_nothing(disk):
    with running(*SERVICES, folder=disk.folder / "data") as suite:
        year.publish_candidates(suite)
        year.open_meeting(suite, 200)
        casting = Casting(suite, year.open_poll(suite, slips=200)).start()
        for moment in (40, 120):
            casting.wait_for(moment)
            refused = casting.asking.unavailable
            disk.fill()
            eventually(lambda refused=refused: casting.asking.unavailable > refused, 30, "casts are refused")
            disk.free()
        casting.finish()
        assert len(casting.accepted) == 200
        result = year.declare(suite)
        assert (result["returned"], result["votes"]) == (200, casting.votes())
        eventually(lambda: "result_declared" in year.kinds(suite), 60, "the result is announced")
        check_notices(suite, check_logs(suite))
