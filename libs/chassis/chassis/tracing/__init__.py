"""Traces: spans of requests, transactions, publishing and handlers, for a collector that the settings name.

Which trace work belongs to is in :mod:`chassis.correlation`, and costs next to nothing; spans are made when
the work is done, and only with a collector. Without one nothing of OpenTelemetry is imported.
"""

from chassis.tracing.collecting import Collecting
from chassis.tracing.spans import Attributes, Kind, Tracer, recording

__all__ = ["TRACER", "Attributes", "Collecting", "Kind", "Tracer", "recording"]

TRACER = "TRACER"
"""Where a container's configuration has its :class:`Tracer`; absent or None without a collector."""
