"""Ids of requests and traces: taken over, made anew, and kept apart."""

import re

import pytest

from chassis.correlation import (
    correlated,
    current_correlation_id,
    current_trace,
    current_traceparent,
    enter,
    enter_confidential,
)
from tests.support.http_server import serving

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


def test_outside_a_request_there_is_none():
    assert current_correlation_id() is None
    assert current_traceparent() is None


def test_a_block_has_the_given_id_and_what_was_before_comes_back():
    with correlated("outer") as outer:
        with correlated("inner", TRACEPARENT):
            assert current_correlation_id() == "inner"
        assert (outer, current_correlation_id()) == ("outer", "outer")
    assert current_correlation_id() is None


@pytest.mark.parametrize("given", [None, "", "a" * 65, "a b", "a\nb", "编号", "a;b"])
def test_a_missing_or_malformed_id_is_replaced(given):
    with correlated(given) as made:
        assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_of_a_traceparent_the_trace_and_its_flags_are_kept_and_the_span_is_ours():
    with correlated(None, TRACEPARENT):
        found = re.fullmatch(rf"00-{TRACE}-([0-9a-f]{{16}})-01", current_traceparent())
    assert found
    assert found[1] not in ("b7ad6b7169203331", "0" * 16)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TRACEPARENT.upper(),
        TRACEPARENT.replace("00-", "ff-", 1),
        TRACEPARENT.replace("00-", "01-", 1) + "more",
        f"{TRACEPARENT}, {TRACEPARENT}",
        TRACEPARENT[:-1],
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        TRACEPARENT + "-00",
        TRACEPARENT + "\n",
    ],
)
def test_a_missing_or_malformed_traceparent_begins_a_new_trace(given):
    with correlated(None, given):
        found = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-00", current_traceparent())
    assert found
    assert found[1] not in (TRACE, "0" * 32)


@pytest.mark.parametrize("more", ["", "-", "-more-to-come"])
def test_of_a_version_to_come_what_is_known_is_read(more):
    with correlated(None, TRACEPARENT.replace("00-", "01-", 1).replace("-01", "-ff") + more):
        assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", current_traceparent())


def test_work_is_a_child_of_what_asked_for_it_and_its_parts_are_children_of_the_work():
    with correlated(None, TRACEPARENT):
        trace = current_trace()
    part = trace.child()
    assert (trace.parent_id, part.parent_id) == ("b7ad6b7169203331", trace.span_id)
    assert part.trace_id == trace.trace_id == TRACE
    assert part.sampled is trace.sampled is True


@pytest.mark.parametrize(("ratio", "sampled"), [(0.0, False), (1.0, True)])
def test_whether_a_trace_is_sampled_is_decided_where_it_begins(ratio, sampled):
    with correlated(None, None, ratio):
        assert current_trace().sampled is sampled
        assert current_trace().parent_id is None
    with correlated(None, TRACEPARENT[:-1] + "0", ratio):
        assert current_trace().sampled is False


def test_confidential_work_has_an_id_of_its_own_and_no_trace():
    with correlated("outer", TRACEPARENT):
        made = enter_confidential()
        assert re.fullmatch(r"[0-9a-f]{32}", made)
        assert (current_correlation_id(), current_trace(), current_traceparent()) == (made, None, None)
    assert current_correlation_id() is None


def test_a_confidential_request_takes_nothing_of_what_its_client_calls_it(server):
    named = {"X_Correlation_Id": "mine-1", "traceparent": TRACEPARENT}
    for body in ({"name": "thing"}, {"name": "x" * 2000}, b"{", {"name": 7}):
        answer = server.request("POST", "/north/secrets", body, **named)
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-correlation-id"])
        if answer.status == 200:
            assert answer.json == {"correlation_id": answer.headers["x-correlation-id"], "traceparent": None}
    assert server.request("POST", "/north/secrets", {"name": "crash"}, **named).status == 500
    log = server.log()
    assert "request_failed" in log
    assert "mine-1" not in log
    assert TRACE not in log


def test_entering_anew_replaces_both():
    with correlated("outer", TRACEPARENT):
        assert enter("next", None) == "next"
        assert current_correlation_id() == "next"
        assert TRACE not in current_traceparent()


def test_a_request_runs_under_the_ids_that_it_brought(server):
    answer = server.request("GET", "/north/ids", X_Correlation_Id="mine-1", traceparent=TRACEPARENT)
    assert answer.headers["x-correlation-id"] == "mine-1"
    assert (answer.json["call"], answer.json["correlation_id"]) == ("mine-1", "mine-1")
    assert answer.json["traceparent"].startswith(f"00-{TRACE}-")


def test_a_request_without_ids_is_given_some(server):
    first, second = (server.request("GET", "/north/ids") for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{32}", first.headers["x-correlation-id"])
    assert first.json["correlation_id"] == first.headers["x-correlation-id"]
    assert first.json["correlation_id"] != second.json["correlation_id"]
    assert first.json["traceparent"][3:35] != second.json["traceparent"][3:35]


def test_an_id_that_could_split_a_header_is_not_sent_back(server):
    answer = server.request("GET", "/north/ids", X_Correlation_Id="a; b")
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-correlation-id"])
