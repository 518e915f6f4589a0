"""Meeting day: polls under way, from the quorum to the reconciliation. Never a vote."""

from typing import Final

from .grafana import Dashboard, Panel, Query, Row

_POLL: Final = "{{body}} {{poll}}"
_PAPERS: Final = 'service="ballots", method="POST", route="/bodies/<body>/polls/<poll>/papers"'

_POLLS: Final = (
    Panel(
        "Polls",
        [Query("max by (state) (piaojue_ballots_polls)", "{{state}}")],
        kind="stat",
        width=12,
        height=5,
    ),
    Panel(
        "Present beyond the quorum",
        [Query("body_poll:piaojue_ballots_quorum:margin", _POLL)],
        kind="stat",
        width=12,
        height=5,
        red_below=0,
        says="Deputies present at the opening less the quorum, of each open poll.",
    ),
    Panel(
        "Turnout",
        [Query("body_poll:piaojue_ballots_turnout:ratio", _POLL)],
        unit="percentunit",
        width=12,
        top=1,
        says="Papers returned of slips issued, of open polls, as the events tell it.",
    ),
    Panel(
        "Papers returned against the quorum",
        [
            Query("max by (body, poll) (piaojue_ballots_open_poll_returned)", f"{_POLL} returned"),
            Query("max by (body, poll) (piaojue_ballots_open_poll_issued)", f"{_POLL} issued"),
            Query("max by (body, poll) (piaojue_ballots_open_poll_quorum)", f"{_POLL} quorum"),
        ],
        width=12,
    ),
)
_CASTING: Final = (
    Panel(
        "Papers cast",
        [
            Query(
                f"sum by (status) (rate(piaojue_http_requests_total{{{_PAPERS}}}[1m]))",
                "answered {{status}}",
            )
        ],
        unit="reqps",
        says="201: taken. 404: unknown code. 409: spent, or the poll is not open. 422: not filled in as the "
        "rules want it. 429: throttled. 5xx: ours.",
    ),
    Panel(
        "Time to take a paper",
        [
            Query(
                f"histogram_quantile({share}, sum by (le) "
                f"(rate(piaojue_http_request_duration_seconds_bucket{{{_PAPERS}}}[1m])))",
                legend,
            )
            for share, legend in (("0.5", "half"), ("0.99", "99 of 100"))
        ],
        unit="s",
        red_from=1,
    ),
    Panel(
        "Unknown codes",
        [
            Query("sum(increase(piaojue_guesses_total[1m]))", "sent in a minute"),
            Query("sum(increase(piaojue_guesses_throttled_total[1m]))", "told to wait"),
        ],
        says="A few are slips of the finger. Throttled ones are not.",
    ),
)
_AFTER: Final = (
    Panel(
        "Reconciliation",
        [Query("body_poll_channel:piaojue_ballots_reconciliation_gap:min", f"{_POLL} {{{{channel}}}}")],
        kind="table",
        width=12,
        says="Papers handed out less papers returned, of polls closed in the last 24 hours, by channel and "
        "of all. Below 0: void.",
    ),
    Panel(
        "What the hall depends on",
        [
            Query('min(up{job="piaojue", service="ballots"})', "ballots"),
            Query('min(piaojue_store_reachable{service="ballots"})', "its database"),
            Query('min(piaojue_consumer_connected{service="ballots"})', "the broker (not needed to vote)"),
        ],
        kind="stat",
        width=12,
        red_below=1,
    ),
)

DASHBOARD: Final = Dashboard(
    "piaojue-meeting-day",
    "Piaojue: meeting day",
    "Polls under way, from the quorum to the reconciliation. Never a vote.",
    (Row("Polls", _POLLS), Row("Casting", _CASTING), Row("After the close", _AFTER)),
    refresh="5s",
    since="now-1h",
)
