"""Who is at a meeting."""

from typing import Any

from ballots import usecases
from chassis.http import Call, bearer

CLERK = bearer("clerk")
SCRUTINEER = bearer("scrutineer")
CLERK_OR_SCRUTINEER = bearer("clerk", "scrutineer")
AT_THE_MEETING = bearer("clerk", "scrutineer", "teller")


def check_appointed(store: Any, call: Call) -> None:
    """Where scrutineers and tellers were appointed for the poll, nobody else acts as one. NotAppointed."""
    assert call.caller is not None
    usecases.check_appointed(store, call.path["body"], call.path["poll"], call.caller)


def sub(call: Call) -> str:
    """Whose token it is, on a route that asks for one."""
    assert call.caller is not None
    return call.caller.subject
