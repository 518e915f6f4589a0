"""What every service answers beside its own routes: its documentation, its health, its metrics, its
events."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from marshmallow import Schema, validate

from chassis import metrics
from chassis.auth import ROLES
from chassis.clock import now
from chassis.errors import NotFound
from chassis.events.backbone import Backbone
from chassis.fields import Digits
from chassis.health import Health
from chassis.http import INTERNAL, Answer, Call, bearer, http, strict_json
from chassis.openapi import Documented
from chassis.service.health import Watched
from chassis.service.observing import Observing
from chassis.service.provided import Configured

PARKED_SHOWN = 100
REGION_OPERATOR = bearer("operator", every_body=True)


class FeedQuery(Schema):
    """Which events."""

    after = Digits(
        load_default=0,
        validate=validate.Range(min=0, max=2**62),
        metadata={"description": "The number of the last event that you have; 0 from the first one on."},
    )
    limit = Digits(
        load_default=100,
        validate=validate.Range(min=1, max=1000),
        metadata={"description": "Events at most."},
    )


class NotParked(NotFound):
    """No event of this id is parked here."""

    slug = "not-parked"


class Service(Documented):
    """Base of the four services. A service sets ``name`` and ``store = Stored(…)``."""

    name: str
    backbone = Backbone()
    settings = Configured()
    health = Watched()
    observing = Observing()

    @http(
        "GET",
        "/health/live",
        who=INTERNAL,
        answer=strict_json.MEDIA_TYPE,
        other_statuses=(503,),
        also_at_root=True,
    )
    def live(self, call: Call) -> Answer:
        """200 while this process works, 503 when only a new start can help."""
        health: Health = self.health
        return Answer({"live": health.live()}, status=200 if health.live() else 503)

    @http(
        "GET",
        "/health/ready",
        who=INTERNAL,
        answer=strict_json.MEDIA_TYPE,
        other_statuses=(503,),
        also_at_root=True,
    )
    def ready(self, call: Call) -> Answer:
        """200 when requests are welcome, else 503 with what is missing; and what is degraded meanwhile."""
        health: Health = self.health
        ready, missing = health.ready()
        content = {"ready": ready, "missing": missing, "degraded": health.degraded()}
        return Answer(content, status=200 if ready else 503)

    @http("GET", "/metrics", who=INTERNAL, answer=metrics.CONTENT_TYPE, also_at_root=True)
    def metrics(self, call: Call) -> Answer:
        """Prometheus' text format."""
        self.observing.look()  # should the store be away, its figures stay at what was last known
        return Answer(metrics.exposition(None if call.at_root else self.name))

    @http(
        "GET",
        "/events",
        who=bearer(*ROLES, every_body=True),
        query=FeedQuery(),
        answer=strict_json.MEDIA_TYPE,
    )
    def events(self, call: Call) -> Answer:
        """This service's log of events, from any number on, in order.

        ``tip`` is the last event of the log; ask again with the number of the last one received.
        """
        tip = self.backbone.log.tip()
        bodies = self.backbone.log.page(call.query["after"], call.query["limit"])
        head = strict_json.encode({"sequence": tip.sequence, "hash": tip.hash})
        return Answer(f'{{"tip":{head},"events":[{",".join(bodies)}]}}'.encode())

    @http("GET", "/inbox", who=REGION_OPERATOR, answer=strict_json.MEDIA_TYPE)
    def inbox(self, call: Call) -> dict[str, Any]:
        """Where this service stands with each source, and which events need a person."""
        store, load = self.backbone.inbox_store, self.backbone.inbox_store.load()
        return {
            "sources": [
                {"source": source, "sequence": at.sequence, "forked": at.forked}
                for source in sorted(self.backbone.inbox.sources)
                for at in (store.position(source),)
            ],
            "waiting": load.waiting,
            "parked": [
                {
                    "id": entry.event.id,
                    "type": entry.event.type,
                    "subject": entry.event.subject,
                    "sequence": entry.event.sequence,
                    "attempts": entry.attempts,
                    "error": entry.error,
                }
                for entry in store.parked(PARKED_SHOWN)
            ],
            "unreadable": [
                {"id": each.id, "routing_key": each.routing_key, "reason": each.reason, "bytes": each.size}
                for each in store.unreadables(PARKED_SHOWN)
            ],
        }

    @http("POST", "/inbox/parked/<event>/replay", who=REGION_OPERATOR, refuses=(NotParked,))
    def replay(self, call: Call) -> None:
        """Has a parked event tried again, and then those of its subject that wait behind it."""
        if not self.backbone.inbox_store.release(call.path["event"], now()):
            raise NotParked("No event of this id is parked here.")
        self.backbone.consumer.look()


def release_of(service: str) -> str:
    """The version of a service's distribution."""
    try:
        return version(f"piaojue-{service}")
    except PackageNotFoundError:
        return "0"
