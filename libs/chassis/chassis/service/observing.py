"""Figures that are read from the database: brought up to date when somebody asks for the metrics."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import eventlet
from nameko.extensions import DependencyProvider

from chassis import metrics
from chassis.events.backbone import Backbone
from chassis.logging import get_logger
from chassis.store import Store, Stored, StoreUnavailable

_FRESH_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 2.0
"""A database that hangs must not keep the other figures from being seen."""

_log = get_logger("chassis.observing")


class Observed(DependencyProvider):  # type: ignore[misc]
    """``polls = Observed(observe)``: before metrics are shown ``observe(store)`` brings gauges up to date.

    It reads little, from a snapshot, and bounds how many series it makes.
    """

    def __init__(self, observe: Callable[[Any], None]) -> None:
        self.observe = observe
        super().__init__()

    def get_dependency(self, worker_ctx: Any) -> None:
        """Methods need nothing of it."""


class Observing(DependencyProvider):  # type: ignore[misc]
    """``observing = Observing()``: of the backbone, the store and each :class:`Observed` of the service."""

    def __init__(self) -> None:
        self._looking: Any = None
        self._looked_at = float("-inf")
        super().__init__()

    def start(self) -> None:
        """The store is open by now."""
        self._name = self.container.service_name
        found = self.container.dependencies
        self._store = next(each.store for each in found if isinstance(each, Stored))
        self._backbone = next(each for each in found if isinstance(each, Backbone))
        self._observed = [each.observe for each in found if isinstance(each, Observed)]

    def kill(self) -> None:
        if self._looking is not None:
            self._looking.kill()

    def stop(self) -> None:
        self.kill()

    def get_dependency(self, worker_ctx: Any) -> "Observing":
        return self

    def look(self) -> None:
        """Brings the figures up to date, unless that was done a moment ago. One look is under way at most,
        whoever asks; who has waited for it for two seconds goes on without."""
        if self._looking is None:
            if monotonic() - self._looked_at < _FRESH_SECONDS:
                return
            self._looking = eventlet.spawn(self._look)
        with eventlet.Timeout(_PATIENCE_SECONDS, False):
            self._looking.wait()
            return
        metrics.STORE_REACHABLE.of(self._name).set(0)

    def _look(self) -> None:
        try:
            _observe_connections(self._name, self._store)
            self._backbone.observe()
            for observe in self._observed:
                observe(self._store)
            metrics.STORE_REACHABLE.of(self._name).set(1)
            metrics.OBSERVED_AT.of(self._name).set_to_current_time()
        except StoreUnavailable:
            metrics.STORE_REACHABLE.of(self._name).set(0)
        except Exception:
            _log.exception("observing_failed", service=self._name)
        finally:
            self._looked_at, self._looking = monotonic(), None


def _observe_connections(name: str, store: Store[Any]) -> None:
    pool: Any = store.engine.pool  # the two kinds in use have these
    metrics.STORE_CONNECTIONS.of(name).set(pool.checkedout())
    metrics.STORE_CONNECTIONS_MAX.of(name).set(pool.size() + max(pool._max_overflow, 0))
