"""The channel ``webhook``: signed requests to programs of others, as Standard Webhooks has them."""

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import yaml
from marshmallow import Schema, ValidationError, fields, validate

from chassis.clock import now
from chassis.fields import identifier
from notifications.domain import EVENTS, PUBLIC, ROLES, ROUTES, Channel, Outgoing
from notifications.plugins.posting import Network, Place, post
from notifications.plugins.signing import secrets_of, signed

AGENT: Final = "Piaojue-Webhook/1"


class EndpointSchema(Schema):
    """An entry of the file."""

    name = fields.String(required=True, validate=validate.Regexp(r"[a-z0-9][a-z0-9-]{0,39}\Z"))
    url = fields.String(required=True)
    secret_file = fields.String(required=True)
    ca_file = fields.String(load_default=None)
    audiences = fields.List(
        fields.String(validate=validate.OneOf([EVENTS, PUBLIC, *ROLES])),
        data_key="for",
        load_default=[EVENTS],
        validate=validate.Length(min=1),
    )
    types = fields.List(
        fields.String(validate=validate.OneOf(sorted(ROUTES))),
        load_default=None,
        validate=validate.Length(min=1),
    )
    bodies = fields.List(identifier("A body."), load_default=None, validate=validate.Length(min=1))


@dataclass(frozen=True)
class Reach:
    """Where requests may go, and how long each wait may take."""

    networks: Sequence[Network]
    plain: bool
    seconds: float

    @classmethod
    def of(cls, settings: Any) -> "Reach":
        """ValueError: a network is none."""
        try:
            networks = [ip_network(each) for each in settings.webhook_networks or ()]
        except ValueError:
            raise ValueError("webhook_networks: each must be a network, such as 10.20.0.0/16") from None
        return cls(networks, settings.webhook_plain, settings.channel_timeout)


@dataclass(eq=False)
class Endpoint:
    """One receiver: a channel of its own, with deliveries of its own."""

    name: str
    place: Place = field(repr=False)  # a URL may hold a secret, too
    secrets: Sequence[bytes] = field(repr=False)
    tls: ssl.SSLContext | None
    reach: Reach
    audiences: frozenset[str]
    types: frozenset[str] | None
    bodies: frozenset[str] | None
    version: str = "1"

    def open(self, settings: Any) -> None:
        pass  # :class:`WebhookChannel` makes it open

    def takes(self, role: str | None) -> bool:
        return (role or PUBLIC) in self.audiences

    def takes_event(self, type: str) -> bool:
        return EVENTS in self.audiences

    def selects(self, type: str, body: str) -> bool:
        return _within(type, self.types) and _within(body, self.bodies)

    def send(self, outgoing: Outgoing) -> None:
        body = body_of(outgoing)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            **signed(outgoing.delivery, int(now().timestamp()), body, self.secrets),
        }
        reach = self.reach
        post(self.place, headers, body, networks=reach.networks, tls=self.tls, seconds=reach.seconds)


def _chosen(given: list[str] | None) -> frozenset[str] | None:
    return None if given is None else frozenset(given)


def _within(asked: str, chosen: frozenset[str] | None) -> bool:
    """None: all are chosen."""
    return chosen is None or asked in chosen


def body_of(outgoing: Outgoing) -> bytes:
    """An event as the log of its service has it, to the byte; a notice or message with the event beside."""
    if outgoing.role == EVENTS:
        assert outgoing.event is not None  # it is nothing else
        return outgoing.event.encode()
    told = outgoing.as_json()
    content = {
        "type": f"piaojue.notifications.{'notice' if outgoing.role is None else 'message'}.v1",
        "timestamp": told["written_at"],
        "data": told,
        "event": None if outgoing.event is None else json.loads(outgoing.event),
    }
    return json.dumps(content, ensure_ascii=False).encode()


class WebhookChannel:
    """The endpoints of the file that the setting ``webhooks`` names, a branch each."""

    name = "webhook"
    version = "1"

    def open(self, settings: Any) -> None:
        if settings.webhooks is None:
            raise ValueError("the channel webhook needs the setting webhooks")
        self._endpoints = tuple(_endpoints(settings.webhooks, Reach.of(settings)))

    def branches(self) -> Mapping[str, Channel]:
        return {each.name: each for each in self._endpoints}

    def takes(self, role: str | None) -> bool:
        return any(each.takes(role) for each in self._endpoints)

    def send(self, outgoing: Outgoing) -> None:
        for each in self._endpoints:
            if each.takes(outgoing.role):
                each.send(outgoing)


def _endpoints(file: Path, reach: Reach) -> Iterator[Endpoint]:
    """ValueError: names the entry that cannot be used, and quotes neither its URL nor its secret."""
    seen: set[str] = set()
    for place, entry in enumerate(_entries(file), 1):
        try:
            read = EndpointSchema().load(entry)
        except ValidationError as wrong:
            keys = ", ".join(sorted(str(key) for key in wrong.messages_dict))
            raise ValueError(f"webhooks: endpoint {place} has faults in: {keys}") from None
        try:
            endpoint = _endpoint(read, file.parent, reach)
        except ValueError as fault:
            raise ValueError(f"webhooks: endpoint {read['name']}: {fault}") from None
        if endpoint.name in seen:
            raise ValueError(f"webhooks: endpoint {read['name']} is there twice")
        seen.add(endpoint.name)
        yield endpoint


def _entries(file: Path) -> list[Any]:
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # YAML's own text would quote the line.
        raise ValueError(f"webhooks: the file cannot be read: {type(error).__name__}") from None
    if not isinstance(entries, list) or not entries:
        raise ValueError("webhooks: the file must be a list of endpoints")
    return entries


def _endpoint(read: Mapping[str, Any], folder: Path, reach: Reach) -> Endpoint:
    try:
        place = Place.at(read["url"], plain=reach.plain)
    except ValueError as fault:
        raise ValueError(f"url {fault}") from None
    try:
        secrets = secrets_of((folder / read["secret_file"]).read_text(encoding="ascii"))
    except OSError as error:
        raise ValueError(f"secret_file cannot be read: {type(error).__name__}") from None
    except UnicodeDecodeError:
        raise ValueError("secret_file is not text") from None
    except ValueError as fault:
        raise ValueError(f"secret_file: {fault}") from None
    return Endpoint(
        f"{WebhookChannel.name}:{read['name']}",
        place,
        secrets,
        _tls(place, folder, read["ca_file"]),
        reach,
        frozenset(read["audiences"]),
        _chosen(read["types"]),
        _chosen(read["bodies"]),
    )


def _tls(place: Place, folder: Path, ca_file: str | None) -> ssl.SSLContext | None:
    if place.scheme != "https":
        return None
    try:
        return ssl.create_default_context(cafile=folder / ca_file if ca_file else None)
    except (OSError, ssl.SSLError):
        raise ValueError("ca_file has no certificates in PEM") from None
