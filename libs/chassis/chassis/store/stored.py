"""A service's store as a nameko dependency."""

from collections.abc import Callable, Sequence
from time import sleep
from typing import Any

from nameko.exceptions import ConfigurationError
from nameko.extensions import DependencyProvider

from chassis.config import Settings
from chassis.logging import get_logger
from chassis.store.engine import StoreUnavailable
from chassis.store.grouping import Grouping
from chassis.store.migrating import SchemaMismatch, check_migrated, check_owner, migrate
from chassis.store.store import Store, Transaction
from chassis.tracing import TRACER

_log = get_logger("chassis.store")


class Grouped(DependencyProvider):  # type: ignore[misc]
    """``casting = Grouped(work)``: items that the methods submit are given to ``work(store, items)``
    together.

    See :class:`chassis.store.Grouping`; what is injected is its ``submit``.
    """

    def __init__(
        self, work: Callable[[Any, Sequence[Any]], Sequence[Any]], *, most: int = 100, at_once: int = 1
    ) -> None:
        self.work = work
        self.most = most
        self.at_once = at_once
        self.grouping: Grouping[Any, Any] | None = None
        super().__init__()

    def start(self) -> None:
        store = next(each.store for each in self.container.dependencies if isinstance(each, Stored))
        self.grouping = Grouping(lambda items: self.work(store, items), most=self.most, at_once=self.at_once)

    def get_dependency(self, worker_ctx: Any) -> Callable[[Any], Any]:
        assert self.grouping is not None
        return self.grouping.submit


class Stored(DependencyProvider):  # type: ignore[misc]
    """``store = Stored(Repository)``: the service's own database, its tables brought to this release."""

    store: Store[Any]

    def __init__(self, repository: Callable[[Transaction], Any]) -> None:
        self.repository = repository
        super().__init__()

    def setup(self) -> None:
        """ConfigurationError: the tables do not fit this release. StoreUnavailable: the database is away."""
        settings: Settings = self.container.config["settings"]
        self.store = Store.at(
            settings.store_url, self.repository, settings.store_connections, settings.store_ca
        )
        self.store.tracer = self.container.config.get(TRACER)
        try:
            check_owner(self.store.engine, settings.source)
            if settings.migrate:
                migrate(self.store.engine, settings.service)
            fit = check_migrated(self.store.engine, settings.service)
            if not fit.known:
                _log.warning("tables_of_a_newer_release", service=settings.service, revision=fit.current)
            if self.store.engine.dialect.name == "sqlite":
                self.store.forget_deleted()  # what a crash kept from being forgotten
        except SchemaMismatch as mismatch:
            sleep(0)  # the hub prints what is raised before the next switch, though it is told elsewhere
            raise ConfigurationError(str(mismatch)) from mismatch
        except StoreUnavailable:
            sleep(0)
            raise

    def stop(self) -> None:
        self.store.close()

    def get_dependency(self, worker_ctx: Any) -> Store[Any]:
        return self.store
