"""What a route must declare, which route a path leads to, and how a worker runs."""

from types import SimpleNamespace

import pytest
from marshmallow import EXCLUDE, Schema, fields
from nameko.extensions import DependencyProvider

from chassis.errors import Conflict
from chassis.http import INTERNAL, PUBLIC, Answer, Route, bearer, http, public_and, routes, status_of
from chassis.http.access import Access
from chassis.http.front import Front
from chassis.http.problems import STATUS, MethodNotAllowed, RouteNotFound, Stopping
from chassis.http.routing import Router, segments_of
from chassis.http.worker import Worker
from tests.support.http_services import North, South


class Lenient(Schema):
    class Meta:
        unknown = EXCLUDE

    name = fields.String()


class Endless(Schema):
    """Takes lists of any length."""

    things = fields.List(fields.String())


def test_a_route_that_does_not_say_who_may_call_cannot_be_declared():
    with pytest.raises(TypeError, match="who"):
        http("GET", "/x")
    for nobody in (None, "public", True):
        with pytest.raises(TypeError, match="who"):
            http("GET", "/x", who=nobody)


def test_every_route_of_a_service_says_who_may_call():
    for service_cls in (North, South):
        found = routes(service_cls)
        assert found
        assert all(isinstance(route.who, Access) for route in found)


def test_bearer_needs_roles_that_exist():
    with pytest.raises(TypeError):
        bearer()
    with pytest.raises(TypeError, match="king"):
        bearer("clerk", "king")
    with pytest.raises(TypeError):
        public_and()
    with pytest.raises(TypeError, match="king"):
        public_and("king")
    assert bearer("clerk").roles == public_and("clerk").roles == {"clerk"}
    assert PUBLIC.roles is INTERNAL.roles is None


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("HEAD", "/x", {}),
        ("get", "/x", {}),
        ("GET", "x", {}),
        ("GET", "/x/", {}),
        ("GET", "/x", {"body": Schema()}),
        ("DELETE", "/x", {"body": Schema()}),
        ("POST", "/x", {"body": Lenient()}),
        ("POST", "/x", {"body": Endless()}),
        ("GET", "/x", {"accepts": ("text/csv",)}),
        ("POST", "/x", {"accepts": ("text/csv",), "body": Schema()}),
        ("POST", "/x", {"accepts": ("text/csv; charset=utf-8",)}),
        ("GET", "/x", {"query": Lenient()}),
        ("GET", "/x", {"refuses": (ValueError,)}),
        ("GET", "/x/<y>", {"also_at_root": True}),
        ("GET", "/x", {"status": 299}),
    ],
)
def test_a_route_that_breaks_its_rules_cannot_be_declared(method, path, more):
    with pytest.raises(TypeError):
        Route(method, path, PUBLIC, **more)


def route(path, method="GET"):
    return Route(method, path, PUBLIC)


def test_a_literal_segment_goes_before_a_parameter():
    by_name, by_parameter = route("/things/latest"), route("/things/<thing>")
    router = Router([by_parameter, by_name])
    assert router.find("GET", ["things", "latest"]) == (by_name, {})
    assert router.find("GET", ["things", "a"]) == (by_parameter, {"thing": "a"})


def test_a_route_is_found_by_its_method():
    get, put = route("/<a>/<b>"), route("/<x>/<y>", "PUT")
    router = Router([get, put])
    assert router.find("PUT", ["1", "2"]) == (put, {"x": "1", "y": "2"})
    assert router.find("HEAD", ["1", "2"])[0] is get
    with pytest.raises(MethodNotAllowed) as refused:
        router.find("POST", ["1", "2"])
    assert refused.value.headers == (("Allow", "GET, PUT, HEAD, OPTIONS"),)
    with pytest.raises(RouteNotFound):
        router.find("GET", ["1"])


def test_a_route_declared_twice_stops_the_start():
    with pytest.raises(TypeError, match="twice"):
        Router([route("/<a>"), route("/<b>")])


def test_segments_are_decoded_after_the_path_is_split():
    assert segments_of("/a%2Fb/c") == ["a/b", "c"]
    assert segments_of("/") == []
    for path in ("/a//b", "/a/", "/%00", "/%C3", "/" + "a" * 201):
        with pytest.raises(RouteNotFound):
            segments_of(path)


def test_a_refusal_has_the_status_of_its_nearest_kind():
    class Odd(Conflict):
        pass

    assert status_of(Odd) == 409
    assert len({kind.slug for kind in STATUS}) == len(STATUS)


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\n": "a"}, {"X": "名"}])
def test_an_answer_cannot_split_its_headers(headers):
    with pytest.raises(ValueError, match="ASCII"):
        Answer(headers=headers)


def test_an_answer_has_a_status_that_exists():
    with pytest.raises(ValueError, match="299"):
        Answer(status=299)


class Watching(DependencyProvider):
    def __init__(self):
        self.told = []

    def get_dependency(self, context):
        self.told.append("get")
        return "injected"

    def worker_setup(self, context):
        self.told.append("setup")

    def worker_result(self, context, result=None, exc_info=None):
        self.told.append((result, exc_info and exc_info[0]))

    def worker_teardown(self, context):
        self.told.append("teardown")


class Service:
    name = "service"

    def work(self, call):
        if isinstance(call, BaseException):
            raise call
        return call, self.watched


@pytest.fixture
def watching():
    return Watching()


@pytest.fixture
def run(watching):
    watching.attr_name = "watched"
    container = SimpleNamespace(
        service_cls=Service, service_name="service", dependencies=[watching], config={}
    )
    worker = Worker(container)
    return lambda call: worker.run(SimpleNamespace(method_name="work"), call, {})


def test_a_worker_is_given_its_dependencies_and_they_are_told(run, watching):
    assert run("call") == ("call", "injected")
    assert watching.told == ["get", "setup", (("call", "injected"), None), "teardown"]


@pytest.mark.parametrize("fault", [ValueError("x"), SystemExit()])
def test_dependencies_are_told_of_a_failure_of_whatever_sort(run, watching, fault):
    with pytest.raises(type(fault)):
        run(fault)
    assert watching.told == ["get", "setup", (None, type(fault)), "teardown"]


def test_who_comes_after_a_service_has_left_hears_that_it_stops_and_not_that_there_is_none():
    front, app = Front(), SimpleNamespace(service_name="north", root_router=Router([]))
    front.add(app)
    front.remove(app)
    assert isinstance(front.find("GET", "/north/things").refusal, Stopping)
    assert isinstance(front.find("GET", "/south/things").refusal, RouteNotFound)
