"""Who is at a meeting."""

from chassis.http import bearer

CLERK = bearer("clerk")
SCRUTINEER = bearer("scrutineer")
AT_THE_MEETING = bearer("clerk", "scrutineer", "teller")
