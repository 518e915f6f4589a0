"""What the broker is to have: a virtual host of the region's own, and a user with least rights for each
service.

A service may publish by its own exchange, and read its own inbox. To fetch what it lacks it may ask those
whom it follows, and answer those who follow it: each has an exchange for that. No service may write to the
broker's default exchange, by which one reaches any queue.

All that the services declare is among the definitions, so that whoever starts first finds it, also after the
broker has lost its data.
"""

import hashlib
import json
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from chassis.bus.questions import answers_exchange, questions_exchange
from chassis.events.healing import pages_queue
from piaojue.region.plan import Plan
from piaojue_contracts import exchange_of

OPERATOR: Final = "operator"
NOTHING: Final = "^$"
DEFINITIONS_AT: Final = "/etc/piaojue/broker"
"""Where the folder is for the broker, in a container as on a machine."""
_INBOX: Final = {"x-queue-type": "quorum", "x-single-active-consumer": True}
_PAGES: Final = {"x-queue-type": "quorum", "x-message-ttl": 30_000}


def url(plan: Plan, user: str, password: str) -> str:
    """Where a service finds the broker."""
    scheme = "amqps" if plan.tls else "amqp"
    who = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"{scheme}://{who}@{plan.broker}/{quote(plan.name, safe='')}"


def definitions(plan: Plan, passwords: Mapping[str, str]) -> str:
    """RabbitMQ's definitions, of 3.10 and later; passwords by user, of which only salted hashes are in it."""
    rights = {plan.user(service): rights_of(plan, service) for service in plan.sources}
    rights[plan.user(OPERATOR)] = {"configure": NOTHING, "write": NOTHING, "read": NOTHING}
    content = {
        "vhosts": [
            {
                "name": plan.name,
                "default_queue_type": "quorum",
                "metadata": {"description": "", "tags": [], "default_queue_type": "quorum"},
            }
        ],
        "users": [
            {
                "name": user,
                "password_hash": password_hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["monitoring"] if user == plan.user(OPERATOR) else [],
            }
            for user, password in passwords.items()
        ],
        "permissions": [{"user": user, "vhost": plan.name, **granted} for user, granted in rights.items()],
        **_topology(plan),
    }
    return json.dumps(content, indent=2) + "\n"


def rights_of(plan: Plan, service: str) -> dict[str, str]:
    """What the service may declare, write to and read from, as regular expressions of names."""
    pages = pages_queue(service)
    asked = [questions_exchange(pages_queue(source)) for source in plan.sources[service]]
    answered = [answers_exchange(follower) for follower in plan.followers(service)]
    heard = [exchange_of(source) for source in plan.sources[service]]
    exchanges = [exchange_of(service), questions_exchange(pages), answers_exchange(service)]
    queues = [_inbox(service), pages]
    return {
        "configure": _exactly(service, [*exchanges, *queues]),
        # A queue is bound by who may write to it and read from the exchange.
        "write": _exactly(service, [exchange_of(service), *queues, *asked, *answered]),
        "read": _exactly(service, [*queues, questions_exchange(pages), answers_exchange(service), *heard]),
    }


def _exactly(service: str, names: Iterable[str]) -> str:
    """These names, and the service's queues for answers, which have a name for each question."""
    answers = rf"{re.escape(answers_exchange(service))}\..+"
    return f"^({'|'.join([*map(re.escape, dict.fromkeys(names)), answers])})$"


def _inbox(service: str) -> str:
    return f"{service}.inbox"


def _topology(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"exchanges": [], "queues": [], "bindings": []}
    for service, sources in plan.sources.items():
        pages = pages_queue(service)
        found["exchanges"] += [
            _exchange(plan, exchange_of(service), "topic"),
            _exchange(plan, questions_exchange(pages), "direct"),
            _exchange(plan, answers_exchange(service), "direct"),
        ]
        found["queues"].append(_queue(plan, pages, _PAGES))
        found["bindings"].append(_binding(plan, questions_exchange(pages), pages, pages))
        if sources:
            found["queues"].append(_queue(plan, _inbox(service), _INBOX))
        for source in sources:
            found["bindings"].append(_binding(plan, exchange_of(source), _inbox(service), "#"))
    return found


def _exchange(plan: Plan, name: str, kind: str) -> dict[str, Any]:
    return {
        **{"name": name, "vhost": plan.name, "type": kind, "durable": True},
        **{"auto_delete": False, "internal": False, "arguments": {}},
    }


def _queue(plan: Plan, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{"name": name, "vhost": plan.name, "durable": True},
        **{"auto_delete": False, "arguments": dict(arguments)},
    }


def _binding(plan: Plan, exchange: str, queue: str, key: str) -> dict[str, Any]:
    return {
        **{"source": exchange, "vhost": plan.name, "destination": queue, "destination_type": "queue"},
        **{"routing_key": key, "arguments": {}},
    }


def password_hash(password: str, salt: bytes | None = None) -> str:
    """As RabbitMQ keeps it: four bytes of salt, and SHA-256 of salt and password."""
    salt = secrets.token_bytes(4) if salt is None else salt
    return b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def configuration(plan: Plan) -> str:
    """A ``conf.d`` file for the broker: the definitions, and TLS instead of plain connections."""
    lines = [f"load_definitions = {DEFINITIONS_AT}/definitions.json"]
    if plan.tls:
        lines += [
            "listeners.tcp = none",
            f"listeners.ssl.default = {plan.broker.port}",
            f"ssl_options.cacertfile = {DEFINITIONS_AT}/ca.pem",
            f"ssl_options.certfile = {DEFINITIONS_AT}/server.pem",
            f"ssl_options.keyfile = {DEFINITIONS_AT}/server-key.pem",
            "ssl_options.verify = verify_none",
            "ssl_options.versions.1 = tlsv1.3",
            "ssl_options.versions.2 = tlsv1.2",
        ]
    return "\n".join(lines) + "\n"
