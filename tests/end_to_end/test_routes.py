"""Every route of every service says who may call it, and holds to it."""

import re
from importlib import import_module

import pytest

from chassis.auth import ROLES
from chassis.http import INTERNAL, PUBLIC, routes
from chassis.http.connection import BODY_OF_ANYBODY
from tests.support.region import SERVICES
from tests.support.running import running

OPEN_TO_ALL = {
    ("ballots", "GET", "/bodies/<body>/polls/<poll>"),
    ("ballots", "GET", "/bodies/<body>/polls/<poll>/documents/announcement"),
    ("ballots", "GET", "/bodies/<body>/polls/<poll>/documents/count-report"),
    ("ballots", "GET", "/bodies/<body>/polls/<poll>/objections"),
    ("ballots", "GET", "/bodies/<body>/polls/<poll>/record"),
    ("ballots", "GET", "/profiles"),
    ("ballots", "GET", "/profiles/<profile>"),
    ("ballots", "GET", "/record-key"),
    ("ballots", "POST", "/bodies/<body>/polls/<poll>/papers"),
    ("notifications", "GET", "/bodies/<body>/notices"),
    ("notifications", "GET", "/bodies/<body>/notices/<notice>"),
    ("proposals", "GET", "/bodies/<body>/years/<year>/list"),
    ("proposals", "GET", "/bodies/<body>/years/<year>/projects"),
    ("ratings", "GET", "/bodies/<body>/ratings/<rating>"),
    ("ratings", "POST", "/bodies/<body>/ratings/<rating>/forms"),
    *((service, "GET", page) for service in SERVICES for page in ("/docs", "/openapi.json")),
}
"""Whoever opens another route to everybody says so here."""

ALL = [
    (service, route)
    for service in SERVICES
    for route in routes(getattr(import_module(f"{service}.service"), f"{service.capitalize()}Service"))
]


@pytest.fixture(scope="module")
def region():
    with running(*SERVICES) as made:
        yield made


def test_what_is_open_to_everybody_is_known():
    assert {
        (service, route.method, route.path) for service, route in ALL if route.who.name == PUBLIC.name
    } == OPEN_TO_ALL
    assert {r.path for _, r in ALL if r.who is INTERNAL} == {"/health/live", "/health/ready", "/metrics"}


def test_what_anybody_may_send_is_small():
    """It is read before anything is known of who sends it."""
    taking = [route for _, route in ALL if route.takes_body and route.who.roles is None]
    assert taking
    assert all(route.body_limit and route.body_limit <= BODY_OF_ANYBODY for route in taking)


def test_a_route_refuses_who_has_no_token_or_none_of_its_roles(region):
    guarded = [
        (service, route) for service, route in ALL if route.who.roles and "public" not in route.who.name
    ]
    assert len(guarded) > 40
    for service, route in guarded:
        path = f"/{service}" + re.sub(r"<\w+>", "x1", route.path)
        answer = region.call(route.method, path)
        assert (answer.status, answer.json["slug"]) == (401, "token-missing"), path
        for role in set(ROLES) - route.who.roles:
            answer = region.call(route.method, path, roles=[role])
            assert (answer.status, answer.json["slug"]) == (403, "role-not-allowed"), (path, role)


def test_a_route_refuses_who_has_the_role_and_a_token_for_another_body(region):
    of_bodies = [
        (service, route)
        for service, route in ALL
        if route.who.name == "bearer" and (route.who.every_body or "body" in route.parameters)
    ]
    assert len(of_bodies) > 40
    for service, route in of_bodies:
        path = f"/{service}" + re.sub(r"<\w+>", "x1", route.path)
        for role in route.who.roles:
            answer = region.call(route.method, path, roles=[role], bodies=["elsewhere"])
            assert (answer.status, answer.json["slug"]) == (403, "body-not-allowed"), (path, role)


def test_what_anybody_may_call_is_not_refused_for_want_of_a_token(region):
    for service, method, path in sorted(OPEN_TO_ALL):
        answer = region.call(method, f"/{service}" + re.sub(r"<\w+>", "x1", path))
        assert answer.status not in (401, 403, 500), path
