"""Several processes at one address."""

import pytest

from tests.support.http_server import serving
from tests.support.waiting import eventually


def at_the_address_of(server, **config):
    """Another process there."""
    return serving(WEB_SERVER_ADDRESS=f"127.0.0.1:{server.port}", **config)


def running_in(server, answers):
    """Asks, over a connection each, until so many processes have answered; their pids."""
    found = set()

    def all_have_answered():
        found.add(server.request("GET", "/south/process").json)
        return len(found) == answers

    eventually(all_have_answered, 20)
    return found


def test_two_processes_that_share_an_address_both_answer_there_and_one_goes_on_when_the_other_ends():
    with serving(HTTP_SHARED=True) as one:
        with at_the_address_of(one, HTTP_SHARED=True) as other:
            assert running_in(one, 2) == {one.process.pid, other.process.pid}
            other.stop()
            assert other.process.wait(20) == 0
        assert {one.request("GET", "/south/process").json for _ in range(20)} == {one.process.pid}


@pytest.mark.parametrize(("first", "second"), [(False, False), (True, False), (False, True)])
def test_an_address_is_shared_only_where_both_say_so(first, second):
    with serving(HTTP_SHARED=first) as server:
        comes = at_the_address_of(server, HTTP_SHARED=second)
        with pytest.raises(AssertionError, match="Address already in use"), comes:
            pass
        assert server.request("GET", "/south/process").json == server.process.pid
