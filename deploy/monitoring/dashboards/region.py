"""A region at a glance: is anything wrong, and where should one look next?"""

from typing import Final

from .grafana import Dashboard, Panel, Query, Row

_NOW: Final = (
    Panel(
        "Alerts that fire",
        [Query('count(ALERTS{alertstate="firing", alertname!="PiaojueWatchdog"}) or vector(0)', "alerts")],
        kind="stat",
        width=4,
        height=5,
        red_from=1,
        says="Each has its runbook.",
    ),
    Panel(
        "Processes that answer",
        [Query('sum by (service) (up{job="piaojue"})')],
        kind="stat",
        width=8,
        height=5,
        red_below=1,
    ),
    Panel(
        "Databases that answer",
        [Query("min by (service) (piaojue_store_reachable)")],
        kind="stat",
        width=6,
        height=5,
        red_below=1,
    ),
    Panel(
        "Parked events",
        [Query("service:piaojue_inbox_parked:max")],
        kind="stat",
        width=6,
        height=5,
        red_from=1,
        says="Each needs a person: piaojue dead-letters list.",
    ),
)
_REQUESTS: Final = (
    Panel("Requests", [Query("service:piaojue_http_requests:rate5m")], unit="reqps"),
    Panel(
        "Share of errors (5xx)",
        [Query("service:piaojue_http_errors:ratio_rate5m")],
        unit="percentunit",
        red_from=0.02,
    ),
    Panel(
        "Time to answer, 99 of 100",
        [Query("service:piaojue_http_request_duration_seconds:p99_rate5m")],
        unit="s",
        red_from=1,
    ),
)
_EVENTS: Final = (
    Panel(
        "Events not taken yet",
        [Query("service_source:piaojue_inbox_lag:max", "{{service}} of {{source}}")],
        says="How many events of a source its consumer lacks. Moments after an event it is 0 again.",
    ),
    Panel(
        "Oldest unpublished event",
        [Query("service:piaojue_outbox_oldest_seconds:max")],
        unit="s",
        red_from=60,
        says="Grows while the broker is away.",
    ),
    Panel(
        "Oldest unhandled event",
        [Query("service:piaojue_inbox_oldest_seconds:max")],
        unit="s",
        red_from=120,
        says="Grows while a handler fails.",
    ),
)
_PROCESSES: Final = (
    Panel(
        "Memory",
        [Query('process_resident_memory_bytes{job="piaojue"}', "{{service}} {{instance}}")],
        unit="bytes",
    ),
    Panel(
        "CPU",
        [Query('rate(process_cpu_seconds_total{job="piaojue"}[5m])', "{{service}} {{instance}}")],
        unit="percentunit",
        says="1 is a whole core, which is all that one process can use.",
    ),
    Panel(
        "Releases",
        [Query("count by (service, version, python) (piaojue_build_info)")],
        kind="table",
        says="More than one of a service: an upgrade is under way, or was left half way.",
    ),
)

DASHBOARD: Final = Dashboard(
    "piaojue-region",
    "Piaojue: a region",
    "Is anything wrong, and where should one look next?",
    (
        Row("Now", _NOW),
        Row("Requests", _REQUESTS),
        Row("Events between services", _EVENTS),
        Row("Processes", _PROCESSES),
    ),
)
