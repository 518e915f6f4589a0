"""While somebody floods the service, papers are cast, quickly, and its memory stays bounded."""

import re
import time
from itertools import count
from pathlib import Path

import pytest

from tests.ballots.polls_over_http import poll_of
from tests.hostile.floods import flooding, floods
from tests.support.running import running
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

FLOODS = floods("/ballots/bodies/hall", "/ballots/bodies/hall/polls/p1/papers")
CASTS = 5
LONGEST_SECONDS = 10
MOST_MEMORY = 64 << 20
"""Beyond what it had before: a hundred kilobytes for each of the hostile connections, and thrice that."""
numbers = count()


@pytest.fixture(scope="module")
def region():
    with running("ballots", played=("proposals",), settings={"PIAOJUE_HTTP_TIMEOUT": "3"}) as made:
        yield made


@pytest.fixture(scope="module")
def poll(region):
    """The path of an open poll, and its codes."""
    return poll_of(region, "hall")


def memory(region, what):
    status = Path(f"/proc/{region.process.pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) << 10


def forget_peak(region):
    Path(f"/proc/{region.process.pid}/clear_refs").write_text("5")


def sockets(region):
    return sum(1 for fd in Path(f"/proc/{region.process.pid}/fd").iterdir() if fd.is_symlink())


@pytest.mark.parametrize("name", FLOODS)
def test_papers_are_cast_while_somebody_floods_and_memory_is_bounded(region, poll, name):
    path, codes = poll
    at_rest = sockets(region)
    forget_peak(region)
    before = memory(region, "VmRSS")
    with flooding(region.port, FLOODS[name]) as under_way:
        eventually(under_way, 60, "the flood is under way")
        for _ in range(CASTS):
            began = time.monotonic()
            paper = {"code": codes[next(numbers)], "marks": ["water"]}
            answer = region.call("POST", f"{path}/papers", paper)
            assert (answer.status, time.monotonic() - began < LONGEST_SECONDS) == (201, True)
    assert memory(region, "VmHWM") - before < MOST_MEMORY
    eventually(lambda: sockets(region) <= at_rest + 2, 30, "what came with the flood is gone with it")
    assert region.process.running
    assert "request_failed" not in region.log()
