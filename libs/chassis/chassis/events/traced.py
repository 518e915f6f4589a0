"""What a trace tells of an event: type, subject and id, and never what is in it.

Handling continues the trace at the work that published the event, whose span the envelope names; so does
publishing, beside it: an envelope is sealed before it is sent.
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager

from chassis.correlation import read_traceparent
from chassis.events.ports import Logged
from chassis.tracing import Attributes, Kind, Tracer, recording
from piaojue_contracts import Event, exchange_of


def handling(tracer: Tracer | None, event: Event, attempt: int) -> AbstractContextManager[None]:
    """For a block that handles an event, under its trace; ``attempt`` counts from 1."""
    told: Attributes = {
        "messaging.operation.type": "process",
        "cloudevents.event_type": event.type,
        "cloudevents.event_subject": event.subject,
        "cloudevents.event_id": event.id,
        "cloudevents.event_source": event.source,
        "piaojue.attempt": attempt,
    }
    return recording(tracer, f"handle {event.type}", Kind.CONSUMER, told)


def record_published(tracer: Tracer, service: str, events: Sequence[Logged], started: float) -> None:
    """For a batch that the broker has confirmed just now."""
    exchange = exchange_of(service)
    for logged in events:
        envelope = json.loads(logged.message.body)
        trace = read_traceparent(envelope.get("traceparent"))
        if trace is None or not trace.sampled:
            continue
        told: Attributes = {
            "messaging.operation.type": "send",
            "messaging.destination.name": exchange,
            "messaging.batch.message_count": len(events),
            "cloudevents.event_type": envelope["type"],
            "cloudevents.event_subject": envelope["subject"],
            "cloudevents.event_id": envelope["id"],
        }
        tracer.record(trace.child(), f"publish {exchange}", Kind.PRODUCER, started=started, attributes=told)
