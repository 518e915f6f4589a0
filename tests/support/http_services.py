"""The services that :mod:`tests.support.http_server` runs."""

import os
from typing import Any

import eventlet
from marshmallow import RAISE, Schema, fields, validate

from chassis import errors
from chassis.correlation import current_correlation_id, current_traceparent
from chassis.http import INTERNAL, PUBLIC, Answer, Call, bearer, http, public_and
from chassis.http.strict_json import MEDIA_TYPE as JSON
from chassis.openapi import Documented

KINDS = {
    name: type(f"No{name}", (kind,), {"slug": f"no-{name}", "__doc__": f"Refuses as {name}."})
    for name, kind in {
        "invalid": errors.Invalid,
        "not-found": errors.NotFound,
        "conflict": errors.Conflict,
        "unauthenticated": errors.Unauthenticated,
        "forbidden": errors.Forbidden,
        "too-large": errors.TooLarge,
        "too-many": errors.TooMany,
        "unavailable": errors.Unavailable,
        "refused": errors.Refused,
    }.items()
}


class ThingTaken(errors.Conflict):
    """A thing of this name is there already."""

    slug = "thing-taken"


class Part(Schema):
    """A part of a thing."""

    weight = fields.Integer(required=True, strict=True)


class Thing(Schema):
    """Something with a name."""

    class Meta:
        unknown = RAISE

    name = fields.String(
        required=True, validate=validate.Length(max=20), metadata={"description": "As people call it."}
    )
    parts = fields.List(fields.Nested(Part), validate=validate.Length(max=10_000))


class Paging(Schema):
    """Where a page begins."""

    class Meta:
        unknown = RAISE

    after = fields.Integer(load_default=0, validate=validate.Range(min=0))


class North(Documented):
    """The northern service.

    It has a route of every sort.
    """

    name = "north"
    version = "3.2"

    asked_for_metrics: int = 0

    @http("GET", "/hello", who=PUBLIC, answer="text/plain; charset=utf-8")
    def hello(self, call: Call) -> str:
        """Says hello."""
        return "你好"

    @http("POST", "/things", who=PUBLIC, body=Thing(), answer=Thing(), status=201, refuses=(ThingTaken,))
    def add_thing(self, call: Call) -> Any:
        """Adds a thing.

        The name is its own.
        """
        if call.data["name"] == "taken":
            raise ThingTaken("There is one.", field="name")
        return call.data

    @http("PUT", "/things/<thing>", who=PUBLIC, body=Thing())
    def change_thing(self, call: Call) -> None:
        """Changes a thing."""

    @http("GET", "/things/<thing>", who=PUBLIC, answer=JSON)
    def get_thing(self, call: Call) -> Any:
        """Shows a thing."""
        return {"name": call.path["thing"]}

    @http("GET", "/things", who=PUBLIC, query=Paging(), answer=JSON)
    def list_things(self, call: Call) -> Any:
        """Lists things."""
        return call.query

    @http("POST", "/small", who=PUBLIC, body=Thing(), body_limit=1024)
    def small(self, call: Call) -> None:
        """Takes a little."""

    @http("POST", "/weights", who=PUBLIC, accepts=("text/csv", "image/png"), answer=JSON, body_limit=1024)
    def weigh(self, call: Call) -> Any:
        """Weighs a body of its own sort, which has to be heavy."""
        content = call.data
        if len(content.octets) < 3:
            refusal = KINDS["invalid"]("It is too light in two places.")
            refusal.errors = [{"field": each, "detail": "is too light"} for each in ("front", "back")]
            raise refusal
        return {"media_type": content.media_type, "charset": content.charset, "octets": len(content.octets)}

    @http("PUT", "/bodies/<body>/things", who=bearer("clerk"), body=Thing())
    def put_things(self, call: Call) -> None:
        """Takes what only clerks may say."""

    @http("POST", "/nothing", who=PUBLIC)
    def nothing(self, call: Call) -> None:
        """Takes nothing and answers nothing."""

    @http("GET", "/bodies/<body>/things", who=bearer("clerk", "operator"), answer=JSON)
    def body_things(self, call: Call) -> Any:
        """Lists the things of a body."""
        caller = call.caller
        assert caller is not None
        return {"subject": caller.subject, "roles": sorted(caller.roles), "body": call.path["body"]}

    @http("GET", "/things/of/all", who=bearer("operator", every_body=True), answer=JSON)
    def things_of_all(self, call: Call) -> Any:
        """Lists the things of all bodies."""
        return {}

    @http("GET", "/bodies/<body>/more", who=public_and("clerk"), answer=JSON)
    def more(self, call: Call) -> Any:
        """Shows more to some."""
        return {"known": call.caller is not None}

    @http("POST", "/refuse/<kind>", who=PUBLIC)
    def refuse(self, call: Call) -> None:
        """Refuses."""
        raise KINDS[call.path["kind"]]("This is refused.")

    @http("POST", "/crash", who=PUBLIC, body=Thing())
    def crash(self, call: Call) -> None:
        """Has a fault."""
        secret = call.data["name"]
        raise RuntimeError(f"cannot do {secret}")

    @http("GET", "/time-out", who=PUBLIC)
    def time_out(self, call: Call) -> None:
        """Takes too long for its own rules."""
        with eventlet.Timeout(0.001):
            eventlet.sleep(5)

    @http("GET", "/ids", who=PUBLIC, answer=JSON)
    def ids(self, call: Call) -> Any:
        """Tells under which ids it runs."""
        return {
            "call": call.correlation_id,
            "correlation_id": current_correlation_id(),
            "traceparent": current_traceparent(),
        }

    @http("POST", "/secrets", who=PUBLIC, body=Thing(), body_limit=1024, answer=JSON, confidential=True)
    def secret(self, call: Call) -> Any:
        """Tells under which ids it runs, though nobody should know who asked."""
        if call.data["name"] == "crash":
            raise RuntimeError
        return {"correlation_id": current_correlation_id(), "traceparent": current_traceparent()}

    @http("GET", "/large", who=PUBLIC, answer="text/plain")
    def large(self, call: Call) -> bytes:
        """Answers with 32 MiB."""
        return bytes(1 << 25)

    @http("GET", "/cached", who=PUBLIC, answer="text/plain")
    def cached(self, call: Call) -> Answer:
        """May be kept by the client."""
        return Answer("kept", headers={"cache-control": "max-age=60"})

    @http("GET", "/health", who=INTERNAL, answer=JSON, also_at_root=True)
    def health(self, call: Call) -> Any:
        """Says whether it lives."""
        return {"up": True}

    @http("GET", "/metrics", who=INTERNAL, answer="text/plain", also_at_root=True)
    def metrics(self, call: Call) -> Any:
        """Measures of the process."""
        from chassis.metrics import exposition

        North.asked_for_metrics += 1
        return exposition(None if call.at_root else self.name)

    @http("GET", "/metrics/all", who=INTERNAL, answer="text/plain")
    def all_metrics(self, call: Call) -> Any:
        """Measures of all services."""
        from chassis.metrics import exposition

        return exposition()


class South:
    """The southern service."""

    name = "south"

    running: int = 0
    release = eventlet.event.Event()

    @http("GET", "/hello", who=PUBLIC, answer="text/plain")
    def hello(self, call: Call) -> str:
        return "south"

    @http("GET", "/health", who=INTERNAL, answer=JSON, also_at_root=True)
    def health(self, call: Call) -> Any:
        return Answer({"up": False}, status=503)

    @http("GET", "/metrics", who=INTERNAL, answer="text/plain", also_at_root=True)
    def metrics(self, call: Call) -> Any:
        return f"asked the north before: {North.asked_for_metrics}, at the root: {call.at_root}"

    @http("GET", "/running", who=INTERNAL, answer=JSON)
    def how_many(self, call: Call) -> Any:
        return South.running

    @http("GET", "/process", who=INTERNAL, answer=JSON)
    def process(self, call: Call) -> Any:
        """Which one answers."""
        return os.getpid()

    @http("GET", "/wait", who=PUBLIC, answer="text/plain")
    def wait(self, call: Call) -> str:
        """Answers when it is released."""
        South.running += 1
        try:
            South.release.wait()
        finally:
            South.running -= 1
        return "released"
