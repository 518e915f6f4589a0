"""Events: from a service's outbox over the broker into others' inboxes, and out to people."""

from typing import Final

from .grafana import Dashboard, Panel, Query, Row

_PAIR: Final = "{{service}} of {{source}}"

_OUT: Final = (
    Panel(
        "Events numbered",
        [Query("rate(service:piaojue_outbox_sequence:max[5m])")],
        unit="cps",
        says="Into each service's log.",
    ),
    Panel("Waiting for the broker", [Query("max by (service) (piaojue_outbox_pending)")]),
    Panel(
        "Oldest unpublished event",
        [Query("service:piaojue_outbox_oldest_seconds:max")],
        unit="s",
        red_from=60,
    ),
    Panel(
        "Batches to the broker",
        [
            Query(
                "sum by (service, outcome) (rate(piaojue_relay_batches_total[5m]))", "{{service}} {{outcome}}"
            )
        ],
        unit="cps",
        says="Failed ones are sent again.",
    ),
    Panel(
        "Last publish",
        [Query("time() - max by (service) (piaojue_relay_last_publish_timestamp_seconds > 0)")],
        unit="s",
        kind="stat",
        says="How long ago. Long is normal where nothing happens.",
    ),
    Panel(
        "Who publishes",
        [Query("piaojue_relay_leader", "{{service}} {{instance}}")],
        kind="table",
        says="One process of each service leads.",
    ),
)
_IN: Final = (
    Panel("Events not taken yet", [Query("service_source:piaojue_inbox_lag:max", _PAIR)]),
    Panel("Waiting to be handled", [Query("max by (service) (piaojue_inbox_waiting)")]),
    Panel("Parked", [Query("service:piaojue_inbox_parked:max")], red_from=1),
    Panel(
        "Oldest unhandled event",
        [Query("service:piaojue_inbox_oldest_seconds:max")],
        unit="s",
        red_from=120,
    ),
    Panel(
        "Handled, by outcome",
        [
            Query(
                "sum by (service, outcome) (service_type_outcome:piaojue_handler_events:rate5m)",
                "{{service}} {{outcome}}",
            )
        ],
        unit="cps",
    ),
    Panel(
        "Time of handlers, 99 of 100",
        [Query("service_type:piaojue_handler_duration_seconds:p99_rate5m", "{{service}} {{type}}")],
        unit="s",
    ),
)
_TRUTH: Final = (
    Panel(
        "Healed from the source's log",
        [Query("sum by (service, source) (increase(piaojue_inbox_events_healed_total[1h]))", _PAIR)],
        says="What the broker did not bring, in an hour. After a start some is normal.",
    ),
    Panel(
        "Received twice",
        [Query("sum by (service, source) (increase(piaojue_inbox_duplicates_total[1h]))", _PAIR)],
        says="Dropped. Normal where events were sent again.",
    ),
    Panel(
        "Connected to the broker",
        [Query("min by (service) (piaojue_consumer_connected)")],
        kind="stat",
        red_below=1,
    ),
    Panel(
        "Chains",
        [
            Query("service:piaojue_outbox_sequence:max", "{{service}} events"),
            Query("max by (service) (piaojue_log_verified)", "{{service}} verified"),
        ],
        says="After a start the watch begins with the first event.",
    ),
    Panel(
        "Logs that are broken",
        [Query("max by (service) (piaojue_log_broken)")],
        kind="stat",
        red_from=1,
    ),
    Panel(
        "Sources that have forked",
        [Query("max by (service, source) (piaojue_inbox_forked)", _PAIR)],
        kind="stat",
        red_from=1,
    ),
)
_PEOPLE: Final = (
    Panel(
        "Deliveries",
        [
            Query(
                "sum by (channel, outcome) (rate(piaojue_notifications_deliveries_total[5m]))",
                "{{channel}} {{outcome}}",
            )
        ],
        unit="cps",
        width=12,
    ),
    Panel(
        "Not delivered",
        [Query("max by (channel, state) (piaojue_notifications_undelivered)", "{{channel}} {{state}}")],
        width=12,
        says="Those given up need a person.",
    ),
)

DASHBOARD: Final = Dashboard(
    "piaojue-events",
    "Piaojue: events and outboxes",
    "From a service's outbox over the broker into others' inboxes, and out to people.",
    (
        Row("Out: outbox and relay", _OUT),
        Row("In: inbox and handlers", _IN),
        Row("Nothing is lost", _TRUTH),
        Row("To people", _PEOPLE),
    ),
)
