"""The bus: RabbitMQ between processes, or kombu's ``memory://`` within one."""

from chassis.bus.kombu_bus import KombuBus
from chassis.bus.port import Bus, BusUnavailable, Delivery, Message, Publisher, QueueRefused, Subscription

__all__ = [
    "Bus",
    "BusUnavailable",
    "Delivery",
    "KombuBus",
    "Message",
    "Publisher",
    "QueueRefused",
    "Subscription",
]
