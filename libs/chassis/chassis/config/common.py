"""The settings that every service takes."""

from typing import Final

from chassis.config.declared import Derived, Setting
from chassis.config.rules import Address, Amount, Choice, Listed, Location, Switch, Text, Url, Whole

COMMON: Final[tuple[Setting, ...]] = (
    Setting(
        "region",
        Text(r"[a-z0-9][a-z0-9-]{0,62}", "lower case letters, digits and hyphens, at most 63"),
        "demo",
        "Code of the region; part of the `source` of every event. Never changed once events exist.",
    ),
    Setting("data_folder", Location(), "piaojue-data", "Where SQLite files and own keys are kept."),
    Setting(
        "store_url",
        Url(["sqlite", "postgresql", "postgresql+psycopg2"]),
        Derived(
            "`<service>.db` in the data folder",
            lambda service, values: f"sqlite:///{values.get('data_folder', '')}/{service}.db",
        ),
        "The service's own database: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`.",
        secret=True,
    ),
    Setting(
        "store_ca",
        Location(),
        None,
        "File with the certificates (PEM) by which PostgreSQL's own must be signed. Once it is set, the "
        "connection is TLS, and the server's certificate must be for its host; else it is as the URL says.",
    ),
    Setting(
        "store_connections",
        Whole(1, 500),
        20,
        "Connections to the database at most, for each process.",
    ),
    Setting("migrate", Switch(), True, "Bring the database to this version's tables at start."),
    Setting(
        "broker_url",
        Url(["memory", "amqp", "amqps"]),
        "memory://",
        "The broker: `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `memory://` within one process. `amqps://…` "
        "is TLS: the broker's certificate must be trusted, and for its host.",
        secret=True,
    ),
    Setting(
        "broker_ca",
        Location(),
        None,
        "File with the certificates (PEM) by which the broker's own must be signed, with `amqps://`; without "
        "it, those that this system trusts.",
    ),
    Setting(
        "broker_heartbeat", Amount(0, 600), 30, "Pause between signs of life; 0 is none.", unit="seconds"
    ),
    Setting(
        "rpc_timeout", Amount(0.1, 600), 10, "How long another service may take to answer.", unit="seconds"
    ),
    Setting(
        "workers", Whole(1, 10000), 200, "Requests and events at work at the same time, for each process."
    ),
    Setting(
        "drain",
        Amount(0, 600),
        10,
        "How long work that has begun may take to end when the service is told to stop.",
        unit="seconds",
    ),
    Setting("http_address", Address(), "127.0.0.1:8000", "Where HTTP is answered; port 0 is any free one."),
    Setting("http_max_body", Whole(1024, 1 << 30), 1 << 20, "Largest body of a request.", unit="bytes"),
    Setting(
        "http_timeout",
        Amount(0.1, 3600),
        30,
        "How long a request may take to arrive, its answer to be taken, a connection to be idle.",
        unit="seconds",
    ),
    Setting("http_connections", Whole(1, 65536), 1024, "Connections open at the same time, at most."),
    Setting(
        "http_shared",
        Switch(),
        False,
        "Other processes of this service may answer at the same address, each with its share of the "
        "connections: all must say so. Monitoring at that address hears one of them, by chance.",
    ),
    Setting("issuer", Text(), "piaojue", "The `iss` that tokens must carry."),
    Setting(
        "audience",
        Text(),
        "piaojue",
        "The `aud` that tokens must carry; `<audience>/<service>` is good for that service alone.",
    ),
    Setting(
        "jwks",
        Url(["https", "http"], path=True),
        Derived(
            "`jwks.json` in the data folder",
            lambda service, values: f"{values.get('data_folder', '')}/jwks.json",
        ),
        "The public keys of the issuer: a JWKS file, or the address of one, to which no other is followed. "
        "With `http://`, whoever can answer in its place can sign tokens: within one machine only.",
    ),
    Setting("log_format", Choice("console", "json"), "console", "Lines for people or for machines."),
    Setting("log_level", Choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "The least that is logged."),
    Setting("relay_batch", Whole(1, 10000), 500, "Events sent at most before their confirms are awaited."),
    Setting(
        "relay_interval",
        Amount(0.01, 60),
        1,
        "Pause between looks at the outbox; a commit wakes the relay anyway, this is for what was missed.",
        unit="seconds",
    ),
    Setting("inbox_batch", Whole(1, 10000), 200, "Events stored and handled at most in one transaction."),
    Setting(
        "retry_pauses",
        Listed(Amount(0, 86400)),
        [1, 2, 5, 15, 60],
        "Pauses before an event whose handler failed is tried again; after the last try it is parked.",
        unit="seconds",
    ),
    Setting(
        "compare_interval",
        Amount(0.1, 86400),
        15,
        "Pause between comparisons with the last event of each source, which find what the broker lost.",
        unit="seconds",
    ),
    Setting(
        "verify_interval",
        Amount(0.1, 86400),
        10,
        "Pause between checks that the service's own log of events continues its chain.",
        unit="seconds",
    ),
    Setting("feed_page", Whole(1, 10000), 500, "Events at most in one page of the log of events."),
    Setting(
        "traces_endpoint",
        Url(["https", "http"]),
        None,
        "Collector of traces: where OTLP over HTTP is taken, such as `http://127.0.0.1:4318/v1/traces`. "
        "Without it no spans are made.",
        secret=True,
    ),
    Setting(
        "traces_ca",
        Location(),
        None,
        "File with the certificates (PEM) by which the collector's own must be signed; without it, those "
        "that are known to its client.",
    ),
    Setting(
        "traces_ratio",
        Amount(0, 1),
        1,
        "Which part of the traces that begin here is sent to the collector. Of others' it is as they say.",
    ),
)
