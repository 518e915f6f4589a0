"""Every golden message of every version is understood by every service that handles its type."""

from importlib import import_module
from inspect import getmembers, isfunction

import pytest

from chassis.store.tables import HANDLED, inbox
from piaojue_contracts import golden_messages
from tests.support.offline import set_up

SERVICES = {
    "proposals": "ProposalsService",
    "ballots": "BallotsService",
    "ratings": "RatingsService",
    "notifications": "NotificationsService",
}
GOLDEN = [event for _, event in golden_messages()]


@pytest.mark.parametrize("service", SERVICES)
def test_golden_messages_are_handled_by(service, tmp_path):
    service_cls = getattr(import_module(f"{service}.service"), SERVICES[service])
    own_settings = import_module(f"{service}.plugins").SETTINGS
    with set_up(service_cls, own_settings, tmp_path) as backbone:
        followed = [event for event in GOLDEN if event.producer in backbone.inbox.sources]
        followed.sort(key=lambda event: (event.producer, event.sequence))
        taken = backbone.inbox.take(followed)
        assert taken.taken == len(followed)
        assert not taken.failed
        with backbone.inbox_store.begin() as transaction:
            rows = transaction.connection.execute(inbox.select()).all()
    assert {row.state for row in rows} == {HANDLED}
    assert len(rows) >= 1


def test_every_event_has_a_golden_message_that_somebody_handles():
    handled = set()
    for service, name in SERVICES.items():
        service_cls = getattr(import_module(f"{service}.service"), name)
        for _, method in getmembers(service_cls, isfunction):
            for entrypoint in getattr(method, "nameko_entrypoints", ()):
                if hasattr(entrypoint, "event_type"):
                    handled.add(entrypoint.event_type.type)
    unheard = {event.type for event in GOLDEN} - handled
    assert unheard == {"piaojue.notifications.notice_published.v1"}
