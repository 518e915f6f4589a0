"""What notifications says: a notice for the public was published."""

from typing import Final

from piaojue_contracts.event_type import Data, EventType, declare
from piaojue_contracts.fields import identifier, instant, listed, text

PRODUCER: Final = "notifications"


class NoticeText(Data):
    """The notice in one language."""

    language = text("A BCP 47 tag: `zh-CN`, `en`.", longest=35)
    title = text("Its title.")
    text = text("Its text: paragraphs, divided by empty lines.", longest=20000)


class NoticePublished(Data):
    """A notice for the public."""

    body = identifier("The body that it concerns.")
    notice = identifier("The notice.")
    kind = text("What it tells of: the name of an event, such as `result_declared`.", longest=63)
    texts = listed(NoticeText, "The notice in each language.", least=1)
    about = text("The `id` of the event that it tells of.", longest=63)
    published_at = instant("When it was published.")


NOTICE_PUBLISHED_V1: Final = declare(
    EventType(
        PRODUCER,
        "notice_published",
        1,
        NoticePublished,
        "`bodies/<body>`",
        "A notice for the public was published.",
    )
)
