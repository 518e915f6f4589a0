"""Verifying a log page by page: every alteration of it is named, and a consumer that has taken another."""

import json

import pytest
from sqlalchemy import text

from chassis.events.log import EventLog
from chassis.events.ports import Cursor, Tip
from chassis.events.verifying import position_fault, verify_log
from chassis.testing.log import leading, told
from chassis.testing.things import SOURCE
from piaojue_contracts import ChainBroken
from tests.support.things_store import tell


@pytest.fixture
def log(store):
    """With five events."""
    made = EventLog(store, SOURCE)
    tell(store, 1, 2, 3, 4, 5)
    lead = leading(made)
    made.number(lead, 10)
    lead.release()
    return made


def change(store, statement, **values):
    with store.begin() as transaction:
        transaction.connection.execute(text(statement), values)


@pytest.mark.parametrize("page", [1, 2, 5, 100])
def test_a_log_as_it_was_written_is_verified_whatever_the_pages(store, log, page):
    seen = []
    assert verify_log(store, SOURCE, page=page, progress=seen.append) == log.tip()
    assert seen[-1] == 5
    assert len(seen) == -(-5 // page)


def test_verifying_goes_on_after_what_was_verified_before(store, log):
    third = told(log)[2]
    assert verify_log(store, SOURCE, after=Tip(3, third.hash)) == log.tip()
    with pytest.raises(ChainBroken, match="event 4: it does not continue"):
        verify_log(store, SOURCE, after=Tip(3, "0" * 64))


def test_an_empty_log_is_whole(store):
    assert verify_log(store, SOURCE).sequence == 0


def test_an_event_whose_data_was_altered_is_named(store, log):
    body = json.loads(log.page(2, 1)[0])
    body["data"]["number"] = 7
    altered = json.dumps(body)
    change(store, "UPDATE event_log SET body = :body WHERE sequence = 3", body=altered)
    with pytest.raises(ChainBroken, match="event 3: it is not what was hashed"):
        verify_log(store, SOURCE, page=2)


def test_an_event_that_was_removed_is_missed(store, log):
    change(store, "DELETE FROM event_log WHERE sequence = 2")
    with pytest.raises(ChainBroken, match="event 3: number 2 is missing before it"):
        verify_log(store, SOURCE, page=1)


@pytest.mark.parametrize("column", ["id", "type", "subject", "hash"])
def test_a_column_that_differs_from_the_message_is_named(store, log, column):
    change(store, f"UPDATE event_log SET {column} = 'other' WHERE sequence = 4")
    with pytest.raises(ChainBroken, match="event 4: its row and its message differ"):
        verify_log(store, SOURCE)


def test_a_message_that_cannot_be_read_is_named(store, log):
    change(store, "UPDATE event_log SET body = '{}' WHERE sequence = 1")
    with pytest.raises(ChainBroken, match="event 1: it cannot be read"):
        verify_log(store, SOURCE)


def test_the_log_of_another_source_is_refused(store, log):
    with pytest.raises(ChainBroken, match=f"it is of {SOURCE}"):
        verify_log(store, "/regions/other/north")


def test_what_a_consumer_has_taken_is_compared_with_the_log(store, log):
    second = told(log)[1]
    assert position_fault(store, Cursor()) is None
    assert position_fault(store, Cursor(2, second.hash)) is None
    assert "is not the log's" in position_fault(store, Cursor(2, "a" * 64))
    assert "does not have it" in position_fault(store, Cursor(6, "a" * 64))
