"""Grouping: what waits is done together, and each gets an outcome of its own."""

import eventlet
import eventlet.event
import pytest
from eventlet import Timeout

from chassis.errors import Conflict
from chassis.store import Grouping


class Work:
    """Doubles numbers; waits while ``busy``, and remembers its groups."""

    def __init__(self):
        self.groups = []
        self.busy = 0
        self.fails = None

    def __call__(self, items):
        self.groups.append(list(items))
        while self.busy:
            eventlet.sleep(0)
        if self.fails is not None:
            raise self.fails
        return [Conflict("odd") if item % 2 else item * 2 for item in items]


@pytest.fixture
def work():
    return Work()


def all_of(threads):
    """What each returned or raised."""
    found = []
    with Timeout(20):
        for thread in threads:
            try:
                found.append(thread.wait())
            except Exception as error:
                found.append(type(error))
    return found


def test_one_item_is_a_group(work):
    assert Grouping(work).submit(2) == 4
    assert work.groups == [[2]]


def test_items_that_wait_are_done_together(work):
    grouping = Grouping(work)
    threads = [eventlet.spawn(grouping.submit, item) for item in (0, 2, 4, 6)]
    assert all_of(threads) == [0, 4, 8, 12]
    assert work.groups == [[0, 2, 4, 6]]


def test_the_next_group_gathers_while_one_is_under_way(work):
    grouping, work.busy = Grouping(work), 1
    first = eventlet.spawn(grouping.submit, 0)
    while not work.groups:
        eventlet.sleep(0)
    others = [eventlet.spawn(grouping.submit, item) for item in (2, 4, 6)]
    eventlet.sleep(0)
    assert work.groups == [[0]]
    work.busy = 0
    assert all_of([first, *others]) == [0, 4, 8, 12]
    assert work.groups == [[0], [2, 4, 6]]


def test_as_many_groups_as_may_are_under_way_at_once(work):
    grouping, work.busy = Grouping(work, most=2, at_once=2), 1
    threads = [eventlet.spawn(grouping.submit, item) for item in (0, 2, 4, 6, 8, 10)]
    with Timeout(20):
        while len(work.groups) < 2:
            eventlet.sleep(0)
    for _ in range(10):
        eventlet.sleep(0)
    assert work.groups == [[0, 2], [4, 6]]
    work.busy = 0
    assert all_of(threads) == [0, 4, 8, 12, 16, 20]
    assert work.groups == [[0, 2], [4, 6], [8, 10]]


def test_a_group_that_is_stuck_or_fails_does_not_keep_the_one_beside_it():
    outcomes = {"stuck": eventlet.event.Event(), "fails": None}

    def work(items):
        if items == ["stuck"]:
            return [outcomes["stuck"].wait()]
        if items == ["fails"]:
            raise RuntimeError("boom")
        return items

    grouping = Grouping(work, most=1, at_once=2)
    stuck = eventlet.spawn(grouping.submit, "stuck")
    threads = [eventlet.spawn(grouping.submit, item) for item in ("a", "fails", "b")]
    assert all_of(threads) == ["a", RuntimeError, "b"]
    outcomes["stuck"].send("at last")
    assert all_of([stuck]) == ["at last"]
    assert grouping.submit("c") == "c"


def test_a_group_has_no_more_than_the_most_and_the_first_come_first(work):
    grouping = Grouping(work, most=3)
    threads = [eventlet.spawn(grouping.submit, item) for item in range(0, 20, 2)]
    assert all_of(threads) == list(range(0, 40, 4))
    assert work.groups == [[0, 2, 4], [6, 8, 10], [12, 14, 16], [18]]


def test_nobody_starves_while_others_keep_coming(work):
    grouping, turns = Grouping(work, most=2), {0: 0, 2: 0, 4: 0, 6: 0, 8: 0}

    def again(item):
        while min(turns.values()) < 20:
            grouping.submit(item)
            turns[item] += 1

    all_of([eventlet.spawn(again, item) for item in turns])
    assert max(turns.values()) - min(turns.values()) <= 2


def test_an_outcome_that_is_an_error_is_raised_to_its_own_alone(work):
    grouping = Grouping(work)
    threads = [eventlet.spawn(grouping.submit, item) for item in (2, 3, 4)]
    assert all_of(threads) == [4, Conflict, 8]


def test_work_that_raises_is_told_to_its_whole_group_and_the_next_is_done(work):
    grouping, work.fails = Grouping(work), RuntimeError("boom")
    assert all_of([eventlet.spawn(grouping.submit, item) for item in (2, 4)]) == [RuntimeError] * 2
    work.fails = None
    assert grouping.submit(2) == 4


def test_work_that_is_ended_from_outside_leaves_nobody_waiting(work):
    """A time-out is no Exception."""
    grouping, work.fails = Grouping(work), Timeout(None)
    outcomes = all_of([eventlet.spawn(grouping.submit, item) for item in (2, 4)])
    assert all(issubclass(outcome, Exception) for outcome in outcomes)
    work.fails = None
    assert grouping.submit(2) == 4


def test_outcomes_that_do_not_match_the_items_leave_nobody_waiting():
    grouping = Grouping(lambda items: [1])
    assert all_of([eventlet.spawn(grouping.submit, item) for item in (2, 4)]) == [RuntimeError] * 2


def test_who_gives_up_waiting_holds_up_nobody(work):
    grouping, work.busy = Grouping(work), 1
    gone = eventlet.spawn(grouping.submit, 2)
    while not work.groups:
        eventlet.sleep(0)
    gone.kill()
    work.busy = 0
    assert grouping.submit(4) == 8
