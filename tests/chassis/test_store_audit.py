"""The trail of operators: only added to, chained, with what was done or not at all."""

import hashlib
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.store.audit import Action, AuditBroken, note, noted
from chassis.testing.inbox import NOON

DID = Action(NOON, "piaojue", "Li", "dead-letters discard", "north/1", "withdrawn", {"type": "thing"})


def did(store, action=DID):
    with store.begin() as transaction:
        return note(transaction, action)


def change(store, statement):
    with store.begin() as transaction:
        transaction.connection.execute(text(statement))


def without_triggers(store):
    """Whoever owns the database can do this; the chain is what shows it."""
    if store.engine.dialect.name == "postgresql":
        change(store, "DROP TRIGGER operator_actions_only_added ON operator_actions")
    else:
        change(store, "DROP TRIGGER operator_actions_no_update")
        change(store, "DROP TRIGGER operator_actions_no_delete")


def test_a_store_in_which_nobody_did_anything_has_no_entries(store):
    assert list(noted(store)) == []


def test_who_did_what_and_why_is_kept_in_order(store):
    assert did(store) == 1
    assert did(store, replace(DID, by=None, reason=None, details={})) == 2
    first, second = noted(store)
    assert first["at"] == "2022-04-16T12:00:00.000000Z"
    assert (first["user"], first["by"], first["reason"]) == ("piaojue", "Li", "withdrawn")
    assert (first["action"], first["target"]) == ("dead-letters discard", "north/1")
    assert first["details"] == {"type": "thing"}
    assert (second["number"], second["by"], second["previous_hash"]) == (2, None, first["hash"])


def test_what_was_rolled_back_was_not_done(store):
    with pytest.raises(KeyError), store.begin() as transaction:
        raise KeyError(note(transaction, DID))
    assert list(noted(store)) == []
    assert did(store) == 1


@pytest.mark.parametrize(
    "statement", ["UPDATE operator_actions SET body = '{}'", "DELETE FROM operator_actions"]
)
def test_entries_are_only_added(store, statement):
    did(store)
    with pytest.raises(DBAPIError, match="only added to"):
        change(store, statement)
    assert len(list(noted(store))) == 1


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE operator_actions SET body = replace(body, 'Li', 'Wu') WHERE number = 2", "entry 2 is not"),
        ("DELETE FROM operator_actions WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM operator_actions WHERE number = 1", "entry 1 is missing"),
    ],
)
def test_an_entry_that_was_altered_or_removed_is_found(store, statement, told):
    for _ in range(3):
        did(store)
    without_triggers(store)
    change(store, statement)
    with pytest.raises(AuditBroken, match=told):
        list(noted(store))


def test_an_entry_that_was_written_anew_with_its_hash_breaks_the_chain(store):
    did(store)
    did(store)
    without_triggers(store)
    with store.begin() as transaction:
        body = transaction.connection.scalar(text("SELECT body FROM operator_actions WHERE number = 1"))
        forged = body.replace("withdrawn", "forgotten")
        transaction.connection.execute(
            text("UPDATE operator_actions SET body = :body, hash = :hash WHERE number = 1"),
            {"body": forged, "hash": hashlib.sha256(forged.encode()).hexdigest()},
        )
    with pytest.raises(AuditBroken, match="entry 2 does not continue"):
        list(noted(store))


def test_those_who_note_at_the_same_time_make_one_chain(store):
    ready = Barrier(4)

    def work():
        ready.wait(20)
        for _ in range(5):
            did(store)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [entry["number"] for entry in noted(store)] == list(range(1, 21))
