"""One service: its requests, its handlers, its processes."""

from typing import Final

from .grafana import Dashboard, Panel, Query, Row

_OF: Final = 'service="$service"'
_REQUESTED: Final = f"service_route_class:piaojue_http_requests:rate5m{{{_OF}}}"
_ROUTE: Final = "{{method}} {{route}}"
_PROCESS: Final = f'job="piaojue", {_OF}'

_REQUESTS: Final = (
    Panel(
        "Requests by answer",
        [Query(f"sum by (class) ({_REQUESTED})", "{{class}}")],
        unit="reqps",
    ),
    Panel(
        "Requests by route",
        [
            Query(
                f"topk(10, sum by (method, route) ({_REQUESTED}))",
                _ROUTE,
            )
        ],
        unit="reqps",
    ),
    Panel(
        "Errors by route",
        [
            Query(
                "sum by (method, route, class) "
                f'(service_route_class:piaojue_http_requests:rate5m{{{_OF}, class=~"4xx|5xx"}})',
                f"{{{{class}}}} {_ROUTE}",
            )
        ],
        unit="reqps",
        says="4xx: what clients do wrong. 5xx: what we do.",
    ),
    Panel(
        "Time to answer",
        [
            Query(f"service:piaojue_http_request_duration_seconds:p50_rate5m{{{_OF}}}", "half"),
            Query(f"service:piaojue_http_request_duration_seconds:p99_rate5m{{{_OF}}}", "99 of 100"),
        ],
        unit="s",
        red_from=1,
    ),
    Panel(
        "Slowest routes",
        [Query(f"topk(10, service_route:piaojue_http_request_duration_seconds:p99_rate5m{{{_OF}}})", _ROUTE)],
        unit="s",
        says="99 of 100 requests are answered faster.",
    ),
    Panel(
        "Plugins that fail",
        [Query(f"sum by (plugin) (increase(piaojue_plugin_failures_total{{{_OF}}}[10m]))", "{{plugin}}")],
        red_from=1,
        says="In ten minutes.",
    ),
)
_EVENTS: Final = (
    Panel(
        "Handlers",
        [
            Query(
                f"sum by (type, outcome) (service_type_outcome:piaojue_handler_events:rate5m{{{_OF}}})",
                "{{outcome}} {{type}}",
            )
        ],
        unit="cps",
    ),
    Panel(
        "Time of handlers, 99 of 100",
        [Query(f"service_type:piaojue_handler_duration_seconds:p99_rate5m{{{_OF}}}", "{{type}}")],
        unit="s",
    ),
    Panel(
        "Inbox and outbox",
        [
            Query(f"max(piaojue_inbox_waiting{{{_OF}}})", "waiting to be handled"),
            Query(f"max(piaojue_inbox_parked{{{_OF}}})", "parked"),
            Query(f"max(piaojue_outbox_pending{{{_OF}}})", "waiting for the broker"),
        ],
    ),
)
_PROCESSES: Final = (
    Panel(
        "Memory",
        [Query(f"process_resident_memory_bytes{{{_PROCESS}}}", "{{instance}}")],
        unit="bytes",
        red_from=512 * 1024 * 1024,
    ),
    Panel(
        "CPU",
        [Query(f"rate(process_cpu_seconds_total{{{_PROCESS}}}[5m])", "{{instance}}")],
        unit="percentunit",
    ),
    Panel(
        "Running for",
        [Query(f"time() - process_start_time_seconds{{{_PROCESS}}}", "{{instance}}")],
        unit="s",
        kind="stat",
    ),
    Panel(
        "Connections to the database",
        [
            Query(f"piaojue_store_connections_in_use{{{_OF}}}", "{{instance}} in use"),
            Query(f"piaojue_store_connections_max{{{_OF}}}", "{{instance}} at most"),
        ],
    ),
    Panel(
        "File descriptors",
        [Query(f"process_open_fds{{{_PROCESS}}} / process_max_fds{{{_PROCESS}}}", "{{instance}}")],
        unit="percentunit",
        red_from=0.8,
    ),
    Panel(
        "Age of these figures",
        [Query(f"time() - piaojue_observed_timestamp_seconds{{{_OF}}}", "{{instance}}")],
        unit="s",
        red_from=300,
        says="Of those that are read from the database.",
    ),
)

DASHBOARD: Final = Dashboard(
    "piaojue-service",
    "Piaojue: one service",
    "Its requests, its handlers, its processes.",
    (Row("Requests", _REQUESTS), Row("Events", _EVENTS), Row("Processes", _PROCESSES)),
    variables={"service": "label_values(piaojue_build_info, service)"},
)
