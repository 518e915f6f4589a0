"""Who is told what, in which words, and how often it is tried: pure; times and ids are arguments."""

from notifications.domain.channels import PUBLIC, Branching, Channel, EventChannel, Outgoing, Selective
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
from notifications.domain.writing import EVENTS, ROLES, Message, Notice, Text, Told, notice_published

__all__ = [
    "CHINA",
    "EVENTS",
    "PUBLIC",
    "ROLES",
    "ROUTES",
    "Branching",
    "Channel",
    "ChannelSuite",
    "Delivery",
    "DeliveryNotGivenUp",
    "DeliverySettled",
    "DeliveryState",
    "EventChannel",
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
    "Selective",
    "Text",
    "Told",
    "notice_published",
    "orders",
    "wording",
]
