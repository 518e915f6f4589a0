"""What is hidden in another request, or in another encoding, does nothing: the code in it is good yet."""

import gzip
import json
import socket
from itertools import count

import pytest

from tests.ballots.polls_over_http import poll_of
from tests.support.http_server import is_closed, read_response
from tests.support.running import running

LONE_SURROGATE = "\\ud800"
numbers = count()


@pytest.fixture(scope="module")
def region():
    with running("ballots", played=("proposals",)) as made:
        yield made


@pytest.fixture(scope="module")
def poll(region):
    """The path where papers are cast, and codes."""
    path, codes = poll_of(region, "hall")
    return f"{path}/papers", codes


@pytest.fixture
def code(region, poll):
    """An unspent code, which is still good after the test."""
    path, codes = poll
    unspent = codes[next(numbers)]
    yield unspent
    answer = region.call("POST", path, {"code": unspent, "marks": []})
    assert answer.status == 201, "what was refused has spent the code"


def cast(path, code):
    body = json.dumps({"code": code, "marks": ["water"]}).encode()
    return head(f"POST {path}", f"Content-Length: {len(body)}") + body


def head(line, *fields):
    lines = [f"{line} HTTP/1.1", "Host: h", "Content-Type: application/json", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def first_answer(region, octets):
    """Of all that came before the connection was closed there is one answer."""
    with socket.create_connection(("127.0.0.1", region.port), timeout=20) as client:
        client.sendall(octets)
        answer = read_response(client)
        assert is_closed(client), "there is more than one answer"
    return answer.status, answer.slug


FRAMES = {
    "length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "chunks and length": "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "chunks twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "chunks and identity": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "chunks that are not last": "Transfer-Encoding: chunked, gzip",
    "chunks by another name": "Transfer-Encoding: xchunked",
    "chunks after a tab": "Transfer-Encoding: \x0bchunked",
    "a blank before the colon": "Transfer-Encoding : chunked",
    "a folded field": "Transfer-Encoding:\r\n chunked",
    "a folded length": "Content-Length: 5\r\n 5",
    "two lengths": "Content-Length: 5\r\nContent-Length: 0",
    "two lengths in one": "Content-Length: 5, 0",
    "a length with a sign": "Content-Length: +5",
    "a length in hexadecimal": "Content-Length: 0x5",
    "a bare line feed": "X: a\nTransfer-Encoding: chunked",
    "a bare carriage return": "X: a\rTransfer-Encoding: chunked",
    "a NUL in a field": "X: a\x00\r\nContent-Length: 5",
    "two hosts": "Host: other\r\nContent-Length: 5",
}


@pytest.mark.parametrize("frame", FRAMES)
def test_a_request_hidden_by_an_ambiguous_frame_is_not_done(region, poll, code, frame):
    path, _ = poll
    octets = head(f"POST {path}", FRAMES[frame]) + b"0\r\n\r\n" + cast(path, code)
    assert first_answer(region, octets) == (400, "malformed-request")


def test_a_request_hidden_in_a_body_that_is_not_read_is_not_done(region, poll, code):
    path, _ = poll
    hidden = cast(path, code)
    absent = head("POST /ballots/absent", f"Content-Length: {len(hidden)}")
    assert first_answer(region, absent + hidden) == (404, "route-not-found")
    roll = head("PUT /ballots/bodies/hall/deputies", "Content-Length: 99999")
    assert first_answer(region, roll + hidden) == (401, "token-missing")


def test_a_request_hidden_in_trailers_is_not_done(region, poll, code):
    path, _ = poll
    chunks = head(f"POST {path}", "Transfer-Encoding: chunked") + b"0\r\n"
    assert first_answer(region, chunks + cast(path, code)) == (400, "malformed-request")


def encodings(code):
    text = json.dumps({"code": code, "marks": ["water"], "nonce": "a" * 16})
    twice = text[:-1] + f',"code":"{code}"}}'
    return {
        "UTF-16": (text.encode("utf-16"), {}, 400),
        "UTF-16, said": (text.encode("utf-16"), {"Content_Type": "application/json; charset=utf-16"}, 415),
        "UTF-32": (text.encode("utf-32-le"), {}, 400),
        "GBK": (text.replace("water", "饮水").encode("gbk"), {}, 400),
        "GBK, said": (text.encode("gbk"), {"Content_Type": "application/json; charset=gbk"}, 415),
        "a byte order mark": (b"\xef\xbb\xbf" + text.encode(), {}, 400),
        "gzip": (gzip.compress(text.encode()), {"Content_Encoding": "gzip"}, 415),
        "gzip that is none": (text.encode(), {"Content_Encoding": "gzip"}, 415),
        "a form": (b"code=" + code.encode(), {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        "text, as a form of another page sends": (text.encode(), {"Content_Type": "text/plain"}, 415),
        "NaN": (text.replace('"water"', "NaN").encode(), {}, 400),
        "a number without end": (text.replace('"water"', "1" * 60000).encode(), {}, 400),
        "a key twice": (twice.encode(), {}, 400),
        "half a character": (text.replace("water", LONE_SURROGATE).encode(), {}, 400),
        "half a character, raw": (text.replace("water", "\ud800").encode(errors="surrogatepass"), {}, 400),
        "NUL": (text.replace("water", "\\u0000").encode(), {}, 400),
        "two documents": (text.encode() * 2, {}, 400),
        "a comment": (text.encode() + b" // done", {}, 400),
        "deep brackets": (text.replace('"water"', "[" * 20000 + "]" * 20000).encode(), {}, 400),
        "a list": (f"[{text}]".encode(), {}, 422),
    }


@pytest.mark.parametrize("name", encodings("ABCD"))
def test_a_paper_in_another_encoding_is_refused(region, poll, code, name):
    path, _ = poll
    body, fields, status = encodings(code)[name]
    answer = region.call("POST", path, body, **fields)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert code.encode() not in answer.body
