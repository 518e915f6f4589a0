"""The collector of a process, from its services' settings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nameko.exceptions import ConfigurationError

from chassis.config import Settings
from chassis.tracing.spans import Tracer

if TYPE_CHECKING:
    from chassis.tracing.otlp import Exporting

STOP_SECONDS = 2.0
"""What is not taken by then is lost: a collector that is away must not hold up a stop."""


class Collecting:
    """Gives each service that has a collector its tracer. Those with the same collector share one queue."""

    def __init__(self) -> None:
        self._exporting: dict[str, Exporting] = {}

    def tracer(self, settings: Settings, version: str) -> Tracer | None:
        """None without the setting. ConfigurationError: what it needs is not installed."""
        endpoint = settings.traces_endpoint
        if endpoint is None:
            return None
        try:
            from chassis.tracing.otlp import Exporting, ServiceTracer
        except ImportError as missing:
            raise ConfigurationError(
                "traces_endpoint needs what is not installed: piaojue-chassis[tracing], with OpenTelemetry"
            ) from missing
        if endpoint not in self._exporting:
            self._exporting[endpoint] = Exporting(endpoint, settings.traces_ca)
        return ServiceTracer(self._exporting[endpoint], settings, version)

    def stop(self) -> None:
        """What waits is sent, within :data:`STOP_SECONDS`. Idempotent."""
        each: Sequence[Exporting] = list(self._exporting.values())
        self._exporting = {}
        for exporting in each:
            exporting.stop()
        for exporting in each:
            exporting.wait(STOP_SECONDS)
