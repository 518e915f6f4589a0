"""Who may use a route: that each role may or may not, and only with a token for the body."""

from chassis.auth import ROLES
from tests.support.running import Region


def check_rights(region: Region, method: str, path: str, allowed: str, body: object = None) -> set[int]:
    """``allowed``: roles, with spaces between; ``body``: what is sent. The statuses of what they were
    answered."""
    assert region.call(method, path, body).json["slug"] == "token-missing"
    answers = {role: region.call(method, path, body, roles=[role]) for role in ROLES}
    statuses = {answers.pop(role).status for role in allowed.split()}
    assert not statuses & {401, 403}, statuses
    for role, answer in answers.items():
        assert (answer.status, answer.json["slug"]) == (403, "role-not-allowed"), role
    elsewhere = region.call(method, path, body, roles=allowed.split(), bodies=["somebody"])
    assert (elsewhere.status, elsewhere.json["slug"]) == (403, "body-not-allowed")
    return statuses
