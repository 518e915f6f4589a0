"""The events that notifications hears, played through its handlers as they come."""

import json

import pytest
from nameko.containers import ServiceContainer
from nameko.exceptions import ConfigurationError

from chassis.config import load_settings
from chassis.events.handles import Handles
from chassis.store.tables import outbox
from notifications.domain import ROUTES, orders
from notifications.plugins import SETTINGS
from notifications.service import NotificationsService
from piaojue_contracts import all_event_types, golden_messages
from tests.support.offline import set_up

GOLDEN = [event for _, event in golden_messages()]
HEARD = set(ROUTES)


@pytest.fixture
def backbone(tmp_path):
    with set_up(NotificationsService, SETTINGS, tmp_path) as made:
        yield made


def handled():
    return {
        entrypoint.event_type.type
        for method in vars(NotificationsService).values()
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if isinstance(entrypoint, Handles)
    }


def rows(backbone, query):
    with backbone.inbox_store.begin() as transaction:
        return transaction.connection.exec_driver_sql(query).all()


def take(backbone, events):
    """What the inbox does with the events of each source, in their order."""
    followed = [each for each in events if each.producer in backbone.inbox.sources]
    return backbone.inbox.take(sorted(followed, key=lambda each: (each.producer, each.sequence)))


def test_every_event_of_others_is_handled():
    assert handled() == HEARD
    assert {each.type for each in all_event_types() if each.producer != "notifications"} == HEARD


def test_every_golden_message_is_told_to_whom_it_concerns(backbone):
    assert take(backbone, GOLDEN).failed == 0
    for event in GOLDEN:
        ordered = orders(event.type, event.data)
        notices = rows(backbone, f"SELECT kind FROM notices WHERE about = '{event.id}'")
        messages = rows(backbone, f"SELECT kind, role FROM messages WHERE about = '{event.id}'")
        assert len(notices) == sum(order.role is None for order in ordered)
        assert sorted(row.role for row in messages) == sorted(o.role for o in ordered if o.role is not None)
        assert {row.kind for row in [*notices, *messages]} <= {event.type.split(".")[2]}
    items = rows(backbone, "SELECT id FROM notices UNION ALL SELECT id FROM messages")
    assert len(items) > len(HEARD)
    assert sorted(rows(backbone, "SELECT item FROM deliveries")) == sorted(items)


def test_every_notice_of_a_golden_message_is_published_with_its_request(backbone):
    take(backbone, GOLDEN)
    with backbone.inbox_store.begin() as transaction:
        published = transaction.connection.execute(outbox.select()).all()
    about = {json.loads(row.data)["about"]: row for row in published}
    noticed = [event for event in GOLDEN if (route := ROUTES.get(event.type)) and route.notice]
    assert len(published) == len(noticed)
    for event in noticed:
        row = about[event.id]
        assert row.subject == f"bodies/{event.data['body']}"
        assert event.correlation_id is None or row.correlation_id == event.correlation_id


def test_golden_messages_again_change_nothing(backbone):
    take(backbone, GOLDEN)
    before = rows(backbone, "SELECT * FROM deliveries ORDER BY id"), rows(backbone, "SELECT id FROM outbox")
    taken = take(backbone, GOLDEN)
    assert taken.taken == 0
    assert sum(taken.duplicates.values()) > 0
    after = rows(backbone, "SELECT * FROM deliveries ORDER BY id"), rows(backbone, "SELECT id FROM outbox")
    assert after == before


def test_text_that_cannot_be_written_is_kept_and_the_other_subjects_go_on(tmp_path):
    folder = tmp_path / "templates"
    (folder / "en").mkdir(parents=True)
    broken = folder / "en" / "notice-result_declared.txt"
    broken.write_text("Result\n\n{{ nobody_knows }}")
    with set_up(NotificationsService, SETTINGS, tmp_path) as backbone:
        own = next(
            each for each in backbone.container.dependencies if getattr(each, "attr_name", "") == "templates"
        )
        own.made = type(own.made)(folder=folder)
        taken = take(backbone, GOLDEN)
        assert taken.failed
        (waiting,) = rows(backbone, "SELECT type, error FROM inbox WHERE state <> 'handled' AND attempts > 0")
        assert waiting == ("piaojue.ballots.result_declared.v1", "UndefinedError")
        assert rows(backbone, "SELECT id FROM notices WHERE kind = 'rating_concluded'")
        assert not rows(backbone, "SELECT id FROM messages WHERE kind = 'result_declared'")


def set_up_with(tmp_path, **own):
    """Sets a service up with settings of its own."""
    environ = {f"PIAOJUE_NOTIFICATIONS_{key.upper()}": str(value) for key, value in own.items()}
    environ["PIAOJUE_DATA_FOLDER"] = str(tmp_path / "data")
    settings = load_settings("notifications", SETTINGS, environ=environ)
    container = ServiceContainer(NotificationsService, {"settings": settings})
    container.dependencies.all.setup()
    return container


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ({"languages": "zh-CN,fr"}, r"templates are missing: fr/message-candidates_published\.txt"),
        ({"channels": "file,pigeon"}, "pigeon: not installed"),
        ({"channels": "apprise"}, "needs the setting apprise_urls"),
        ({"delivery_first_pause": "9", "delivery_longest_pause": "8"}, "delivery_first_pause"),
    ],
)
def test_service_does_not_start_with_what_cannot_work(own, fault, tmp_path):
    with pytest.raises(ConfigurationError, match=fault):
        set_up_with(tmp_path, **own)


def test_service_does_not_start_with_a_template_that_cannot_be_read(tmp_path):
    (tmp_path / "zh-CN").mkdir()
    (tmp_path / "zh-CN" / "notice-poll_opened.txt").write_text("{% if %}")
    with pytest.raises(ConfigurationError, match="a template cannot be read"):
        set_up_with(tmp_path, templates_folder=tmp_path)
