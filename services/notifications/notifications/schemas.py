"""Queries and answers of notifications."""

from typing import Any

from marshmallow import Schema, fields, validate

from chassis.fields import Digits
from notifications.domain import DeliveryState


def _told(doc: str, **kwargs: Any) -> fields.String:
    return fields.String(metadata={"description": doc}, **kwargs)


def _chosen(doc: str, rule: validate.Validator) -> fields.String:
    return fields.String(load_default=None, validate=rule, metadata={"description": doc})


_CHANNEL = validate.Length(min=1, max=63)


class PageQuery(Schema):
    """Which page."""

    before = _chosen(
        "The `before` of the page before; the newest ones without it.", validate.Length(min=1, max=63)
    )
    limit = Digits(
        load_default=20,
        validate=validate.Range(min=1, max=100),
        metadata={"description": "How many at most."},
    )


class LanguageQuery(Schema):
    """In which language."""

    language = _chosen(
        "`zh-CN` or `en`, say: the text in it alone, or the first one where there is none in it.",
        validate.Length(min=2, max=35),
    )


class TextsQuery(PageQuery, LanguageQuery):
    """Which page, in which language."""


class DeliveriesQuery(PageQuery):
    """Which page of which deliveries."""

    state = _chosen("Only those in this state.", validate.OneOf([state.value for state in DeliveryState]))
    channel = _chosen("Only those by this channel, such as `webhook:budget`.", _CHANNEL)


class OfChannelSchema(Schema):
    """The deliveries of a channel."""

    channel = fields.String(
        required=True, validate=_CHANNEL, metadata={"description": "By which channel: `webhook:budget`, say."}
    )


class DiscardedSchema(OfChannelSchema):
    """Which deliveries are to be given up for good."""

    state = fields.String(
        load_default=DeliveryState.GIVEN_UP.value,
        validate=validate.OneOf([DeliveryState.GIVEN_UP.value, DeliveryState.DUE.value]),
        metadata={"description": "`given_up`, or `due`, where the receiver is gone for good."},
    )


class RetriesSchema(OfChannelSchema):
    """Which deliveries are to be made again."""

    state = fields.String(
        load_default=DeliveryState.GIVEN_UP.value,
        validate=validate.OneOf([DeliveryState.GIVEN_UP.value, DeliveryState.SENT.value]),
        metadata={"description": "`given_up`, or `sent`, where the receiver has lost what it was sent."},
    )
    planned_since = fields.AwareDateTime(
        load_default=None,
        metadata={
            "description": "Only those planned at this time or later, as in 2022-04-16T00:00:00+08:00."
        },
    )


class NumberAnswerSchema(Schema):
    """Of how many deliveries something was made."""

    deliveries = fields.Integer()


class TextSchema(Schema):
    """A text in one language. It is plain: who shows it in a page escapes it there."""

    language = _told("A BCP 47 tag.")
    title = _told("Its title, of one line.")
    text = _told("Paragraphs, divided by empty lines.")


class NoticeAnswerSchema(Schema):
    """A notice for the public."""

    notice = _told("Its id.", attribute="id")
    body = _told("The body that it concerns.")
    kind = _told("The name of the event that it tells of.")
    about = _told("The id of that event.")
    published_at = fields.DateTime()
    texts = fields.List(fields.Nested(TextSchema))


class NoticesAnswerSchema(Schema):
    """A page of notices, newest first."""

    notices = fields.List(fields.Nested(NoticeAnswerSchema))
    before = _told("Ask with this for the next page; null on the last one.", allow_none=True)


class MessageAnswerSchema(Schema):
    """A message for those who have a role."""

    message = _told("Its id.", attribute="id")
    body = _told("The body that it concerns.")
    role = _told("For whom it is.")
    unit = _told("The implementing unit that it is for; null for all of the role.", allow_none=True)
    kind = _told("The name of the event that it tells of.")
    about = _told("The id of that event.")
    written_at = fields.DateTime()
    texts = fields.List(fields.Nested(TextSchema))


class MessagesAnswerSchema(Schema):
    """A page of messages, newest first."""

    messages = fields.List(fields.Nested(MessageAnswerSchema))
    before = _told("Ask with this for the next page; null on the last one.", allow_none=True)


class DeliveryAnswerSchema(Schema):
    """A notice, message or event on its way through one channel."""

    delivery = _told("Its id.", attribute="id")
    item = _told("The id of the notice or message, or of the event itself.")
    body = _told("The body that it concerns.")
    kind = _told("The name of the event that it tells of.")
    role = _told("For whom a message is; null for a notice, `events` for an event itself.", allow_none=True)
    channel = _told("The plugin that sends it.")
    state = _told("`due`, `sent`, `given_up` or `discarded`.")
    attempts = fields.Integer(metadata={"description": "Tries so far, since a person had it tried again."})
    failure = _told("The name of what last went wrong.", allow_none=True)
    planned_at = fields.DateTime()
    next_try_at = fields.DateTime(allow_none=True)
    settled_at = fields.DateTime(allow_none=True)


class DeliveriesAnswerSchema(Schema):
    """A page of the delivery log, newest first."""

    deliveries = fields.List(fields.Nested(DeliveryAnswerSchema))
    before = _told("Ask with this for the next page; null on the last one.", allow_none=True)
