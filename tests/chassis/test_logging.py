"""Logging: one handler, the same fields for every logger, nothing that must not be seen."""

import io
import json
import logging

import pytest
import structlog

from chassis import logging as chassis_logging
from chassis.correlation import correlated, current_trace, enter_confidential
from chassis.logging import configure_logging, get_logger
from chassis.sensitive import is_sensitive, masked


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def lines(stream, monkeypatch):
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(chassis_logging, "_services", set())
    configure_logging("json", "INFO", "north", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def test_a_line_says_when_who_and_for_which_request(lines):
    with correlated("request-7"):
        trace = current_trace()
        get_logger("a.b").info("poll_opened", subject="polls/x")
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "poll_opened",
        "subject": "polls/x",
        "level": "info",
        "logger": "a.b",
        "service": "north",
        "correlation_id": "request-7",
        "trace_id": trace.trace_id,
        "span_id": trace.span_id,
    }


def test_a_line_outside_of_a_trace_names_none(lines):
    with correlated("request-7"):
        enter_confidential()
        get_logger("a.b").info("asked")
    get_logger("a.b").info("started")
    for line in lines():
        assert not {"trace_id", "span_id"} & set(line)


def test_the_standard_library_writes_the_same_lines(lines):
    with correlated("request-8"):
        logging.getLogger("nameko.containers").warning("worker %s of %s", 1, "amqp://u:pw@h/v")
    (line,) = lines()
    assert line["event"] == "worker 1 of amqp://u:***@h/v"
    assert (line["service"], line["correlation_id"]) == ("north", "request-8")
    assert (line["level"], line["logger"]) == ("warning", "nameko.containers")


def test_configuring_again_writes_each_line_once(lines, stream):
    configure_logging("json", "WARNING", "north", stream=stream)
    get_logger("a").info("below the level")
    get_logger("a").warning("once")
    assert [line["event"] for line in lines()] == ["once"]


def test_several_services_in_one_process_say_which_they_are(lines, stream):
    configure_logging("json", "INFO", "south", stream=stream)
    get_logger("a", "south").info("mine")
    get_logger("a").info("nobody's")
    assert [line.get("service") for line in lines()] == ["south", None]


def test_values_under_suspicious_keys_are_masked_however_deep(lines):
    given = {"marks": ["p1"], "nested": [{"Authorization": "Bearer x.y.z"}], "url": "postgresql://a:pw@h/n"}
    get_logger("a").info("command", command=given, code="ABCD", reset_password="pw")
    (line,) = lines()
    assert line["command"] == {
        "marks": "***",
        "nested": [{"Authorization": "***"}],
        "url": "postgresql://a:***@h/n",
    }
    assert (line["code"], line["reset_password"]) == ("***", "***")
    assert given["marks"] == ["p1"]


def test_an_exception_is_written_without_its_texts_and_locals(lines):
    try:
        slip = "-".join(["the", "slip"])
        try:
            raise KeyError("marks of a paper")
        except KeyError as cause:
            raise ValueError("amqp://u:pw@h/v is away") from cause
    except ValueError:
        get_logger("a").exception("failed")
        logging.getLogger("b").exception("failed")
    for line in lines():
        assert line["exception"].startswith("ValueError\n")
        assert "caused by KeyError" in line["exception"]
        assert "test_logging.py:" in line["exception"]
        assert not [text for text in (slip, "away", "marks of") if text in json.dumps(line)]


def test_a_value_that_json_does_not_know_is_shown_masked(lines):
    class Odd:
        def __repr__(self) -> str:
            return "Odd(amqp://u:pw@h)"

    get_logger("a").info("odd", value=Odd(), several=(Odd(),))
    assert lines()[0]["value"] == "Odd(amqp://u:***@h)"
    assert lines()[0]["several"] == ["Odd(amqp://u:***@h)"]


def test_the_console_format_writes_lines_for_people(lines):
    stream = io.StringIO()
    configure_logging("console", "INFO", "north", stream=stream)
    try:
        raise ValueError("because")
    except ValueError:
        get_logger("a").exception("poll_opened", code="ABCD")
    assert "poll_opened" in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert "because" not in stream.getvalue()
    assert "ABCD" not in stream.getvalue().replace('code="ABCD"', "")


@pytest.mark.parametrize("key", ["code", "codes", "accessToken", "api-token", "JWTKey", "X-Authorization"])
def test_a_key_with_a_suspicious_word_is_sensitive(key):
    assert is_sensitive(key)


@pytest.mark.parametrize("key", ["encode", "remarkable", "status", "subject", "correlation_id", "issued"])
def test_a_key_that_only_contains_such_letters_is_not(key):
    assert not is_sensitive(key)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("postgresql://a:p/w@x@h:1/n", "postgresql://a:***@h:1/n"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("DETAIL:  Key (hash)=(abc) already exists.", "DETAIL:  Key (hash)=(***"),
        ("failed\n[parameters: ('abc', 1)]\n(see)", "failed\n[parameters: ***\n(see)"),
    ],
)
def test_texts_are_masked(text, safe):
    assert masked(text) == safe
