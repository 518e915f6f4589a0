"""A Prometheus and an Alertmanager for a test, and promtool."""

import pytest

from tests.conftest import served
from tests.support.prometheus import PrivateAlertmanager, PrivatePrometheus, check_there, tool
from tests.support.servers import ServerMissingError


@pytest.fixture
def promtool():
    """``promtool(*words)``: exit status and output of promtool, or of amtool where that is the first word."""
    try:
        check_there()
    except ServerMissingError as missing:
        pytest.fail(str(missing), pytrace=False)

    def run(*words, **options):
        return tool(*(words if words[0] == "amtool" else ("promtool", *words)), **options)

    return run


@pytest.fixture
def prometheus(tmp_path):
    """Not started: its configuration is the test's."""
    yield from served(PrivatePrometheus, tmp_path / "prometheus")


@pytest.fixture
def alertmanager(tmp_path):
    """Not started: its configuration is the test's."""
    yield from served(PrivateAlertmanager, tmp_path / "alertmanager")
