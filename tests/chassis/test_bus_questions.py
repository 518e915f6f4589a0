"""What somebody may do who asks: whatever it is, others are answered."""

import pytest

from chassis.bus import KombuBus
from chassis.testing.bus import answering


@pytest.mark.parametrize("replies", ["nobody.answers.x", "north.pages", ""])
def test_a_question_whose_answer_cannot_be_put_where_it_says_does_not_end_the_answering(broker_url, replies):
    bus = KombuBus(broker_url)
    with answering(bus, "north.pages", lambda question: question):
        bus.ask("north.pages", {}, 10)
        publisher = bus.publisher("north.events")
        channel = publisher._channel
        for _ in range(3):
            question = channel.prepare_message(b"{}", properties={"reply_to": replies, "correlation_id": "1"})
            channel.basic_publish(question, exchange="north.pages.questions", routing_key="north.pages")
        assert bus.ask("north.pages", {"still": "there"}, 10) == {"still": "there"}
        publisher.close()
