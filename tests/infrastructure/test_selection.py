"""Which tests are marked, in which order they run, and that a missing server fails them."""

import subprocess
import sys

import pytest

from tests import conftest
from tests.support import rabbitmq
from tests.support.generate import TOP
from tests.support.rabbitmq import PrivateRabbitMQ

COLLECT = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")


class Item:
    """What a collected test is to the one who sorts: its fixtures and its marks."""

    def __init__(self, name, fixtures=(), marks=()):
        self.name = name
        self.fixturenames = list(fixtures)
        self.keywords = set(marks)

    def add_marker(self, mark):
        self.keywords.add(mark)


def test_a_test_with_a_server_is_not_among_those_without():
    listed = subprocess.run(
        [*COLLECT, "-m", "not real", "tests/infrastructure/test_postgresql.py"],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "test_the_newest_server_is_taken" in listed.stdout
    assert "test_a_role_cannot_reach_the_database_of_another" not in listed.stdout


def test_quick_tests_come_first_and_slow_ones_last():
    items = [
        Item("kills", ["broker_url", "rabbitmq"], ["slow"]),
        Item("builds", marks=["slow"]),
        Item("asks", ["database_url", "postgres"]),
        Item("counts"),
        Item("adds", ["tmp_path"]),
    ]
    conftest.pytest_collection_modifyitems(items)
    assert [item.name for item in items] == ["counts", "adds", "asks", "builds", "kills"]
    assert [item.name for item in items if "real" in item.keywords] == ["asks", "kills"]


def test_a_server_that_cannot_be_had_fails_the_test(tmp_path, monkeypatch):
    monkeypatch.setattr(rabbitmq, "SERVER", tmp_path / "rabbitmq-server")
    with pytest.raises(pytest.fail.Exception, match="apt-get install rabbitmq-server"):
        next(conftest.served(PrivateRabbitMQ, tmp_path))
