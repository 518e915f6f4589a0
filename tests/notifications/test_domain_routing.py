"""Which event causes what."""

import pytest

from notifications.domain import ROLES, ROUTES, Route, orders
from tests.notifications.samples import DATA, HEARD, check_samples

PUBLIC = {
    "candidates_published",
    "poll_opened",
    "result_declared",
    "implementation_started",
    "rating_opened",
    "rating_concluded",
    "objection_filed",
    "objection_answered",
}


def test_samples_fit_their_contracts():
    check_samples()
    assert set(DATA) == HEARD


def test_every_event_that_is_heard_has_a_route():
    assert set(ROUTES) == HEARD


def test_public_is_told_of_what_is_decided_and_of_nothing_else():
    told = {kind.kind for kind in ROUTES.values() if kind.notice}
    assert told == PUBLIC
    assert orders("piaojue.ballots.turnout_changed.v1", DATA["piaojue.ballots.turnout_changed.v1"]) == ()


def test_event_causes_a_notice_first_and_then_a_message_for_each_role():
    type = "piaojue.ballots.poll_opened.v1"
    found = orders(type, DATA[type])
    assert [order.role for order in found] == [None, "deputy", "scrutineer", "teller"]
    assert [order.template for order in found] == ["notice-poll_opened"] + ["message-poll_opened"] * 3


def test_suggestion_is_a_message_for_the_clerk_alone():
    type = "piaojue.proposals.suggestion_received.v1"
    assert [order.role for order in orders(type, DATA[type])] == ["clerk"]


def test_implementing_unit_gets_its_own_projects_alone():
    type = "piaojue.proposals.implementation_started.v1"
    of_units = {
        order.unit: [project["project"] for project in order.data["projects"]]
        for order in orders(type, DATA[type])
        if order.role == "department"
    }
    assert of_units == {"镇经济发展办公室": ["market", "lights"], "镇社会事务办公室": ["elders"]}
    whole = [order for order in orders(type, DATA[type]) if order.role != "department"]
    assert all(order.data == DATA[type] for order in whole)


def test_event_without_a_route_causes_nothing():
    assert orders("piaojue.elsewhere.happened.v1", {}) == ()
    assert orders("piaojue.ballots.poll_opened.v1", {}, {}) == ()


def test_place_routes_messages_to_residents():
    routes = {"a": Route("poll_opened", roles=("resident",))}
    assert [order.role for order in orders("a", {}, routes)] == ["resident"]


@pytest.mark.parametrize("roles", [("mayor",), ("deputy", "deputy")])
def test_route_with_unknown_or_repeated_roles_cannot_be_built(roles):
    assert "mayor" not in ROLES
    with pytest.raises(ValueError, match="role"):
        Route("poll_opened", roles=roles)
