"""Any order of commits, losses, duplicates, disorder, crashes and healing: each event is handled exactly
once, and those of a subject in their order."""

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.bus import BusUnavailable, Delivery
from chassis.events.healing import Healing, pages_queue
from chassis.events.log import page_answerer
from chassis.events.relay import Relay
from chassis.store import StoreUnavailable
from chassis.testing.bus import FakeBus
from chassis.testing.log import FakeEventLog
from piaojue_contracts import Event, verify
from tests.support.listeners import on_the_fake

SUBJECTS = 3


class Events(RuleBasedStateMachine):
    """A producer with its relay, a bus, a consumer; every step is one that a real day can bring."""

    @initialize(seed=st.integers(0, 1 << 30))
    def start(self, seed):
        self.random = Random(seed)
        self.bus, self.log = FakeBus(), FakeEventLog(subjects=SUBJECTS)
        self.bus.answers(pages_queue("north"), page_answerer(self.log, 4))
        self.listener = on_the_fake()
        self.healing = Healing("east", self.listener.inbox, self.bus, timeout=0, compare=1)
        self.committed = 0
        self.start_relay()
        self.subscription = self.subscribed()

    def start_relay(self):
        self.relay = Relay("north", self.log, self.bus, batch=3, interval=1)
        self.lead = self.log.lead(lambda: None)
        self.relay._published = self.log.published()

    def subscribed(self):
        return self.bus.subscribe("east.inbox", ["north.events"], most=4)

    @rule(count=st.integers(1, 5))
    def commit(self, count):
        self.log.append(range(self.committed, self.committed + count))
        self.committed += count

    @rule()
    def relay_a_round(self):
        self.relay._publish_after = 0
        self.relay._round(self.lead)

    @rule()
    def the_relay_dies_and_another_takes_over(self):
        self.lead.release()
        self.start_relay()

    @rule()
    def the_relay_dies_between_numbering_and_publishing(self):
        self.log.number(self.lead, 3)
        self.the_relay_dies_and_another_takes_over()

    @rule(lost=st.integers(0, 4))
    def the_mark_of_what_is_published_is_lost(self, lost):
        self.log._published = max(self.log._published - lost, 0)
        self.the_relay_dies_and_another_takes_over()

    @rule(lost=st.integers(1, 4))
    def lose_messages(self, lost):
        self.bus.lose = lost

    @rule(twice=st.booleans(), shuffled=st.booleans(), loses_confirms=st.booleans(), down=st.booleans())
    def the_broker_behaves(self, twice, shuffled, loses_confirms, down):
        self.bus.twice, self.bus.loses_confirms, self.bus.down = twice, loses_confirms, down
        self.bus.shuffle = self.random if shuffled else None

    @rule()
    def the_broker_loses_its_disk(self):
        self.bus.wipe()

    @precondition(lambda self: self.bus.queues.get("east.inbox"))
    @rule()
    def a_message_is_altered(self):
        waiting = self.bus.queues["east.inbox"]
        at = self.random.randrange(len(waiting))
        body = waiting[at].body.replace(b'"number":', b'"number":1')
        waiting[at] = Delivery(body, waiting[at].exchange, waiting[at].routing_key)

    @rule(acknowledged=st.booleans(), away=st.booleans(), lost=st.booleans())
    def receive(self, acknowledged, away, lost):
        """The database may be away, or be lost in the commit; the consumer may die before it acknowledges."""
        self.listener.inbox_store.away, self.listener.inbox_store.away_at_commit = away, lost
        try:
            if deliveries := self.subscription.receive(0):
                self.listener.inbox.receive(deliveries)
                if acknowledged:
                    self.subscription.acknowledge()
                    return
            else:
                return
        except (BusUnavailable, StoreUnavailable):
            pass
        finally:
            self.listener.inbox_store.away = self.listener.inbox_store.away_at_commit = False
        self.subscribe_again()

    @rule()
    def subscribe_again(self):
        self.subscription.close()
        if not self.bus.down:
            self.subscription = self.subscribed()

    @rule(number=st.integers(0, 40), times=st.integers(1, 9))
    def a_handler_will_fail(self, number, times):
        self.listener.failing[number] = times

    @rule(seconds=st.integers(0, 6))
    def time_passes(self, seconds):
        self.listener.clock.pass_by(seconds)
        self.listener.inbox.retry()

    @rule()
    def heal(self):
        self.healing.heal("north")

    @rule()
    def replay(self):
        for entry in self.listener.inbox_store.parked(1):
            self.listener.inbox_store.release(entry.event.id, self.listener.clock())

    @invariant()
    def each_is_handled_at_most_once_and_in_order(self):
        handled = (getattr(self, "listener", None) and self.listener.inbox_store.work) or []
        assert len(handled) == len(set(handled))
        for subject in range(SUBJECTS):
            own = [number for number in handled if number % SUBJECTS == subject]
            assert own == list(range(subject, subject + SUBJECTS * len(own), SUBJECTS))

    def teardown(self):
        """The day ends well: then everything has been handled, and the log is whole."""
        if not hasattr(self, "listener"):
            return
        self.the_broker_behaves(twice=False, shuffled=False, loses_confirms=False, down=False)
        self.listener.failing.clear()
        self.relay._publish_after = 0
        while self.relay._round(self.lead):
            pass
        sent = {Event.from_bytes(message.body).sequence for message in self.bus.published}
        assert sent == set(range(1, self.committed + 1)), "plain consumers have no other way to hear of it"
        assert self.healing.heal("north")
        for _ in range(60):
            self.replay()
            self.listener.clock.pass_by(10)
            self.listener.inbox.retry()
        self.each_is_handled_at_most_once_and_in_order()
        assert sorted(self.listener.inbox_store.work) == list(range(self.committed))
        assert self.listener.inbox.position("north").forked is None
        assert verify(self.log.events)[0] == self.committed
        assert self.listener.inbox_store.load().waiting == 0


TestEvents = Events.TestCase
TestEvents.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
