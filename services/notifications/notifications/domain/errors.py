"""What notifications refuses, each error named after the broken rule."""

from chassis.errors import Conflict, Invalid
from chassis.reading import Fault as Fault


class InvalidNotice(Invalid):
    slug = "invalid-notice"


class InvalidMessage(Invalid):
    slug = "invalid-message"


class InvalidDelivery(Invalid):
    slug = "invalid-delivery"


class InvalidRetries(Invalid):
    slug = "invalid-retries"


class DeliverySettled(Conflict):
    """It was sent or given up, and is tried no more by itself."""

    slug = "delivery-settled"


class DeliveryNotGivenUp(Conflict):
    """Only what was given up is taken up again by a person."""

    slug = "delivery-not-given-up"
