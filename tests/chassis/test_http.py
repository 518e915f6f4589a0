"""HTTP as a well-behaved client sees it: routes, refusals, headers, several services behind one front."""

import json
import re

import pytest

from tests.support.http_server import serving
from tests.support.http_services import KINDS

SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


def test_a_route_answers_below_the_name_of_its_service(server):
    answer = server.request("GET", "/north/hello")
    assert (answer.status, answer.reason, answer.body.decode()) == (200, "OK", "你好")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert server.request("GET", "/south/hello").body == b"south"


def test_a_body_goes_in_and_out_through_the_schemas(server):
    thing = {"name": "桥", "parts": [{"weight": 3}]}
    answer = server.request("POST", "/north/things", thing)
    assert (answer.status, answer.json) == (201, thing)
    assert answer.headers["content-type"] == "application/json"
    assert "桥".encode() in answer.body


def test_nothing_to_tell_is_204(server):
    assert server.request("PUT", "/north/things/a", {"name": "b"}).status == 204
    assert server.request("POST", "/north/nothing").status == 204


@pytest.mark.parametrize(
    ("path", "name"),
    [("/north/things/a%20b", "a b"), ("/north/things/%E6%A1%A5", "桥"), ("/north/things/a%2Fb", "a/b")],
)
def test_a_parameter_is_decoded(server, path, name):
    assert server.request("GET", path).json == {"name": name}


@pytest.mark.parametrize(
    "path",
    [
        "/absent",
        "/north",
        "/north/",
        "/north/absent",
        "/north/hello/",
        "/north//hello",
        "/hello",
        "/north/things/a%00b",
        "/north/things/%FF",
        "/north/things/%ED%A0%80",
        "/north/things/" + "a" * 201,
        "/north/things/a/b",
        "/NORTH/hello",
        "/north/../south/hello",
    ],
)
def test_what_is_not_there_is_404(server, path):
    answer = server.request("GET", path)
    assert (answer.status, answer.slug) == (404, "route-not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/north/things", "GET, POST, HEAD, OPTIONS"),
        ("GET", "/north/nothing", "POST, OPTIONS"),
        ("PROPFIND", "/north/hello", "GET, HEAD, OPTIONS"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("POST", "/", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_405_and_told_those_allowed(server, method, path, allowed):
    answer = server.request(method, path)
    assert (answer.status, answer.slug) == (405, "method-not-allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("method", ["BREW", "get"])
def test_a_method_that_is_none_of_http_is_malformed(server, method):
    answer = server.request(method, "/north/hello")
    assert (answer.status, answer.slug) == (400, "malformed-request")


def test_options_tells_the_methods(server):
    answer = server.request("OPTIONS", "/north/things")
    assert (answer.status, answer.headers["allow"], answer.body) == (204, "GET, POST, HEAD, OPTIONS", b"")
    assert server.request("OPTIONS", "/north/absent").status == 404


def test_head_is_get_without_the_body(server):
    head, get = server.request("HEAD", "/north/hello"), server.request("GET", "/north/hello")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert server.request("HEAD", "/north/nothing").status == 405


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/north/hello"), ("GET", "/absent"), ("POST", "/north/nothing"), ("GET", "/"), ("BREW", "/")],
)
def test_every_answer_has_the_safe_headers(server, method, path):
    headers = server.request(method, path).headers
    assert {name: headers.get(name) for name in SAFE} == SAFE
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])
    assert "server" not in headers


def test_an_answer_may_replace_a_safe_header_however_it_is_written(server):
    headers = server.request("GET", "/north/cached").headers
    assert {name: headers[name] for name in SAFE} == {**SAFE, "cache-control": "max-age=60"}


STATUS = {
    "invalid": 422,
    "not-found": 404,
    "conflict": 409,
    "unauthenticated": 401,
    "forbidden": 403,
    "too-large": 413,
    "too-many": 429,
    "unavailable": 503,
    "refused": 400,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_refusal_has_its_status_and_a_problem_body(server, kind):
    answer = server.request("POST", f"/north/refuse/{kind}")
    assert answer.status == STATUS[kind]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": f"urn:piaojue:problem:no-{kind}",
        "title": f"No {kind.replace('-', ' ')}",
        "status": STATUS[kind],
        "detail": "This is refused.",
        "slug": f"no-{kind}",
        "correlation_id": answer.headers["x-correlation-id"],
    }
    assert ("www-authenticate" in answer.headers) == (kind == "unauthenticated")
    assert ("retry-after" in answer.headers) == (kind in ("too-many", "unavailable"))


def test_a_refusal_names_the_field(server):
    answer = server.request("POST", "/north/things", {"name": "taken"})
    assert (answer.status, answer.slug, answer.json["field"]) == (409, "thing-taken", "name")


def test_faults_of_a_body_are_listed_by_field(server):
    answer = server.request(
        "POST", "/north/things", {"nam": 1, "parts": [{"weight": 1}, {"weight": "heavy"}]}
    )
    assert (answer.status, answer.slug) == (422, "invalid-body")
    assert {error["field"] for error in answer.json["errors"]} == {"name", "nam", "parts.1.weight"}
    assert b"heavy" not in answer.body


def test_a_thousand_faults_are_told_in_part(server):
    answer = server.request("POST", "/north/things", {f"field{n}": n for n in range(1000)})
    assert (answer.status, len(answer.json["errors"])) == (422, 50)


def test_an_unknown_field_is_named_so_that_it_can_be_printed(server):
    named = {"name": "a", "parts": [], "x\u202ey\x9bz": 1}
    answer = server.request("POST", "/north/things", named)
    assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (422, ["x�y�z"])
    assert "\u202e" not in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"", "body-missing"),
        (b"{", "malformed-json"),
        (b"{} {}", "malformed-json"),
        (b"'a'", "malformed-json"),
        (b'\xff\xfe{"name":"a"}', "malformed-json"),
        (b'{"name":"\xe9"}', "malformed-json"),
        (b'{"name":"a","name":"b"}', "json-duplicate-key"),
        (b'{"name":NaN}', "json-number-not-finite"),
        (b'{"name":1e999}', "json-number-not-finite"),
        (b'{"name":"a\\u0000"}', "json-forbidden-character"),
        (b'{"name":"\\ud800"}', "json-forbidden-character"),
        (b"[" * 100_000, "json-too-deep"),
    ],
)
def test_json_that_two_readers_could_take_differently_is_refused(server, body, slug):
    answer = server.request("POST", "/north/things", body)
    assert (answer.status, answer.slug) == (400, slug)


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"1", b"null"])
def test_json_that_is_no_object_is_an_invalid_body(server, body):
    answer = server.request("POST", "/north/things", body)
    assert (answer.status, answer.slug) == (422, "invalid-body")


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "application/jso",
    ],
)
def test_a_body_of_another_media_type_is_415(server, media_type):
    answer = server.request("POST", "/north/things", b'{"name":"a"}', Content_Type=media_type)
    assert (answer.status, answer.slug) == (415, "unsupported-media-type")


@pytest.mark.parametrize("media_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_a_media_type_may_name_the_charset(server, media_type):
    assert server.request("POST", "/north/things", b'{"name":"a"}', Content_Type=media_type).status == 201


@pytest.mark.parametrize(
    ("media_type", "told"),
    [
        ("text/csv", ("text/csv", None)),
        ("Text/CSV; charset=GB18030", ("text/csv", "gb18030")),
        ("image/png", ("image/png", None)),
    ],
)
def test_a_body_that_is_no_json_comes_as_it_is_where_a_route_accepts_it(server, media_type, told):
    answer = server.request("POST", "/north/weights", b"\xff\x00a", Content_Type=media_type)
    assert answer.json == {"media_type": told[0], "charset": told[1], "octets": 3}


@pytest.mark.parametrize(
    "media_type",
    ["", "application/json", "text/plain", "image/png; charset=utf-8", "text/csv; header=present", "text/*"],
)
def test_a_body_that_a_route_does_not_accept_is_415(server, media_type):
    answer = server.request("POST", "/north/weights", b"abc", Content_Type=media_type)
    assert (answer.status, answer.slug) == (415, "unsupported-media-type")


def test_a_body_that_is_accepted_is_there_and_within_the_limit(server):
    answer = server.request("POST", "/north/weights", b"", Content_Type="text/csv")
    assert (answer.status, answer.slug) == (400, "body-missing")
    answer = server.request("POST", "/north/weights", b"a" * 1025, Content_Type="text/csv")
    assert (answer.status, answer.slug) == (413, "body-too-large")


def test_a_refusal_of_many_faults_names_each(server):
    answer = server.request("POST", "/north/weights", b"a", Content_Type="text/csv")
    assert (answer.status, answer.slug) == (422, "no-invalid")
    assert answer.json["errors"] == [
        {"field": "front", "detail": "is too light"},
        {"field": "back", "detail": "is too light"},
    ]


def test_a_body_where_none_is_expected_is_refused(server):
    answer = server.request("POST", "/north/nothing", {"a": 1})
    assert (answer.status, answer.slug) == (400, "body-not-expected")
    assert server.request("POST", "/north/nothing", {}).status == 204


def test_a_query_goes_through_its_schema(server):
    assert server.request("GET", "/north/things").json == {"after": 0}
    assert server.request("GET", "/north/things?after=3").json == {"after": 3}


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", "before=1", "after=1&after=2", "after", "after=%FF", "after=%00"]
)
def test_a_query_that_breaks_its_rules_is_refused(server, query):
    answer = server.request("GET", f"/north/things?{query}")
    assert (answer.status, answer.slug) == (422, "invalid-query")


def test_a_fault_here_is_500_and_tells_nothing_of_values(server):
    secret = "swordfish"
    answer = server.request("POST", "/north/crash", {"name": secret}, X_Correlation_Id="crash-1")
    assert (answer.status, answer.slug) == (500, "internal-error")
    assert secret.encode() not in answer.body
    (line,) = [each for each in map(json.loads, server.log().splitlines()) if "crash-1" in str(each)]
    assert secret not in server.log()
    assert line["event"] == "request_failed"
    assert line["exception"].startswith("RuntimeError\n")
    assert line["exception"].splitlines()[-1].endswith("crash")


def test_a_time_out_of_ours_is_500(server):
    answer = server.request("GET", "/north/time-out")
    assert (answer.status, answer.slug) == (500, "internal-error")


def test_a_route_at_the_root_shows_all_services_and_the_worst_status(server):
    answer = server.request("GET", "/health")
    assert answer.status == 503
    assert answer.json == {"services": {"north": {"up": True}, "south": {"up": False}}}
    assert server.request("GET", "/north/health").json == {"up": True}


def test_text_at_the_root_is_answered_once_when_all_were_asked(server):
    def north_asked():
        return re.findall(rb"\d+|True|False", server.request("GET", "/south/metrics").body)[0]

    before = int(north_asked())
    answer = server.request("GET", "/metrics")
    assert answer.body == f"asked the north before: {before + 1}, at the root: True".encode()
    assert server.request("GET", "/south/metrics").body.endswith(b"at the root: False")


def test_the_index_leads_to_the_services(server):
    page = server.request("GET", "/").body.decode()
    assert '<a href="/north/docs">north</a> The northern service.' in page


def test_requests_are_measured_by_route_and_status(server):
    def count(route, status):
        labels = f'method="GET",route="{route}",service="north",status="{status}"'
        page = server.request("GET", "/north/metrics/all").body.decode()
        found = re.search(rf"^piaojue_http_requests_total{{{labels}}} (\S+)", page, re.MULTILINE)
        return float(found[1]) if found else 0

    before = count("/things/<thing>", 200)
    for name in "abc":
        server.request("GET", f"/north/things/{name}")
    assert count("/things/<thing>", 200) == before + 3
