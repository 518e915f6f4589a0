"""A service's health as a nameko dependency: its store is needed, its broker is missed."""

from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy import text

from chassis.events.backbone import Backbone
from chassis.health import Health
from chassis.store import Store, Stored, StoreUnavailable


class Watched(DependencyProvider):  # type: ignore[misc]
    """``health = Watched()``: ready when the store answers; without a broker, degraded."""

    health: Health

    def setup(self) -> None:
        """Readiness does not depend on the broker: people must be able to vote while it is away."""
        self.health = Health(self.container.service_name)

    def start(self) -> None:
        store = next(each.store for each in self.container.dependencies if isinstance(each, Stored))
        self.health.check("store", lambda: _answers(store))
        backbone = next(each for each in self.container.dependencies if isinstance(each, Backbone))
        backbone.when_broken = self.health.give_up
        self.health.note("broker", lambda: backbone.relay.trouble())

    def get_dependency(self, worker_ctx: Any) -> Health:
        return self.health


def _answers(store: Store[Any]) -> str | None:
    try:
        with store.begin() as transaction:
            transaction.connection.execute(text("SELECT 1"))
    except StoreUnavailable as fault:
        return fault.detail
    return None
