"""The walk of ``docs/operating.md``, as somebody takes it who types what the page says and nothing else."""

import re
from contextlib import suppress
from urllib.error import HTTPError

import pytest

from tests.support.machine import SERVICES, Machine
from tests.support.manifests import DEPLOY
from tests.support.walking import differs, steps

PAGE = DEPLOY.parent / "docs/operating.md"
REGION = "yongan"


@pytest.fixture
def machine(rabbitmq, postgres, tmp_path):
    """With servers of the tests, on which nothing of the region is left afterwards."""
    rabbitmq.start()
    postgres.start()
    with Machine(tmp_path / "machine", rabbitmq, postgres) as made:
        yield made
    rabbitmq.start()
    postgres.start()
    for name in SERVICES:
        postgres.drop_database(f"{REGION}-{name}")
    for path in (f"vhosts/{REGION}", *(f"users/{REGION}-{name}" for name in (*SERVICES, "operator"))):
        with suppress(HTTPError):  # the walk was broken off before there was any
            rabbitmq.api("DELETE", path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_operator_who_types_what_the_page_says_sees_what_it_says(machine):
    walk = steps(PAGE, "A walk")
    before = 0
    for number, step in enumerate(walk):
        if step.asks_for_status:
            assert step.shown == [str(before)], f"{walk[number - 1].command}: {before}"
            continue
        before, said = machine.run(step.command)
        told = differs(step.shown, said)
        assert told is None, f"{step.command}: {told}"
        following = walk[number + 1 : number + 3]
        if not (following and following[0].asks_for_status):
            assert before == 0, f"{step.command}: {before}, {said}"
        if step.command.startswith("piaojue doctor") and before:
            assert following[1].command in cures(said), f"{following[1].command} is no cure of {said}"


def cures(said):
    """Those that the doctor has told, as they are typed on a machine without containers."""
    found = re.findall(r"(?m)^ +cure +(.*)$", said)
    return {re.split(r" \(or: |; |: it ", cure)[0] for cure in found}
