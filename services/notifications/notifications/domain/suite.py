"""What every channel holds to, as tests to inherit. Needs nothing but the standard library."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from notifications.domain.channels import Channel, Outgoing
from notifications.domain.reading import TEXT_LENGTH, TITLE_LENGTH
from notifications.domain.writing import ROLES, Text

_HOSTILE = "坏 {{ 7 * 7 }} <b> & \\n %s ${HOME} @all 🎉"


class ChannelSuite:
    """Inherit, name the class ``Test…``, and say in :meth:`opened` and :meth:`received` what it tests::

    class TestPigeon(ChannelSuite):
        def opened(self): ...
    """

    def opened(self) -> Channel:
        """A new channel that was opened, and whose receiver is there."""
        raise NotImplementedError

    def received(self) -> str:
        """All that has arrived so far, as text."""
        raise NotImplementedError

    def without_receiver(self) -> Channel | None:
        """A channel whose receiver is away; None when there is no such thing."""
        return None

    def test_it_has_a_name_and_a_version(self) -> None:
        channel = self.opened()
        assert channel.name
        assert channel.version

    def test_it_says_of_every_audience_whether_it_takes_that(self) -> None:
        channel = self.opened()
        answers = [channel.takes(role) for role in (None, *ROLES)]
        assert all(type(answer) is bool for answer in answers)
        assert any(answers), "a channel that takes nothing is of no use"

    def test_what_is_sent_arrives_whole(self) -> None:
        for outgoing in samples(self.opened()):
            channel = self.opened()
            assert not _returned(channel, outgoing)
            arrived = self.received()
            for text in outgoing.texts:
                assert text.title in arrived
                assert all(line in arrived for line in text.text.splitlines())

    def test_what_is_sent_again_is_no_failure(self) -> None:
        channel = self.opened()
        for outgoing in samples(channel):
            assert not _returned(channel, outgoing)
            assert not _returned(channel, outgoing)

    def test_texts_that_look_like_something_else_arrive_as_they_are(self) -> None:
        channel = self.opened()
        first = next(samples(channel))
        texts = (Text("zh-CN", _HOSTILE, f"{_HOSTILE}\n{_HOSTILE}\n\n---"),)
        assert not _returned(channel, _with(first, texts))
        assert self.received().count(_HOSTILE) >= 3

    def test_longest_texts_are_sent_or_refused_aloud(self) -> None:
        channel = self.opened()
        texts = (Text("zh-CN", "题" * TITLE_LENGTH, "文" * TEXT_LENGTH),)
        try:
            channel.send(_with(next(samples(channel)), texts))
        except Exception:
            return
        assert "文" * 1000 in self.received()

    def test_a_receiver_that_is_away_is_a_failure(self) -> None:
        channel = self.without_receiver()
        if channel is None:
            return
        try:
            channel.send(next(samples(channel)))
        except Exception:
            return
        raise AssertionError("it returned, so what it was given counts as sent")


def samples(channel: Channel) -> Iterator[Outgoing]:
    """One for each audience that the channel takes."""
    texts = (
        Text("zh-CN", "永安镇公告", "第一段，\n第二行。\n\n第二段。"),
        Text("en", "Notice of the town", "First.\n\nSecond."),
    )
    moment = datetime(2022, 4, 16, 3, 5, tzinfo=UTC)
    for place, role in enumerate((None, *ROLES)):
        if channel.takes(role):
            unit = "镇社会事务办公室" if role == "department" else None
            yield Outgoing(
                f"sample-{place}", "yongan", role, unit, "result_declared", texts, "event-1", moment
            )


def _with(outgoing: Outgoing, texts: tuple[Text, ...]) -> Outgoing:
    values: dict[str, Any] = {name: getattr(outgoing, name) for name in Outgoing.__slots__}
    return Outgoing(**values | {"texts": texts})


def _returned(channel: Channel, outgoing: Outgoing) -> object:
    """What ``send`` gave back, which is nothing: a channel that answers False has not understood."""
    send: Any = channel.send
    return send(outgoing)
