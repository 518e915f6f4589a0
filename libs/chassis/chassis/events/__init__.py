"""Events: appended in the transaction that causes them, never lost, handled once by each who hears them."""

from chassis.events.backbone import Backbone
from chassis.events.handles import handles
from chassis.events.inbox import Heard

__all__ = ["Backbone", "Heard", "handles"]
