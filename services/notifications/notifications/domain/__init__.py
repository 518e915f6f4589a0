"""Who is told what, in which words, and how often it is tried: pure; times and ids are arguments."""

from notifications.domain.channels import Channel, Outgoing
from notifications.domain.delivery import Delivery, DeliveryState, Retries
from notifications.domain.errors import (
    DeliveryNotGivenUp,
    DeliverySettled,
    Fault,
    InvalidDelivery,
    InvalidMessage,
    InvalidNotice,
    InvalidRetries,
)
from notifications.domain.routing import ROUTES, Order, Route, orders
from notifications.domain.suite import ChannelSuite
from notifications.domain.wording import CHINA, wording
from notifications.domain.writing import ROLES, Message, Notice, Text, notice_published

__all__ = [
    "CHINA",
    "ROLES",
    "ROUTES",
    "Channel",
    "ChannelSuite",
    "Delivery",
    "DeliveryNotGivenUp",
    "DeliverySettled",
    "DeliveryState",
    "Fault",
    "InvalidDelivery",
    "InvalidMessage",
    "InvalidNotice",
    "InvalidRetries",
    "Message",
    "Notice",
    "Order",
    "Outgoing",
    "Retries",
    "Route",
    "Text",
    "notice_published",
    "orders",
    "wording",
]
