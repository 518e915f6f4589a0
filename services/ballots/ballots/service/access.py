"""Who is at a meeting."""

from chassis.http import Call, bearer

CLERK = bearer("clerk")
SCRUTINEER = bearer("scrutineer")
CLERK_OR_SCRUTINEER = bearer("clerk", "scrutineer")
AT_THE_MEETING = bearer("clerk", "scrutineer", "teller")


def sub(call: Call) -> str:
    """Whose token it is, on a route that asks for one."""
    assert call.caller is not None
    return call.caller.subject
