"""``piaojue audit``: the trails of all services, and whether they are whole."""

from sqlalchemy import text

from chassis.clock import now
from chassis.store.audit import Action, note
from tests.command.stores import as_json, audited, command


def noted(stores, service, action, by=None):
    with stores.places[service].store.begin() as transaction:
        note(transaction, Action(now(), "someone", by, action, service, "why not"))


def test_a_region_in_which_nobody_did_anything_says_so(stores):
    run = command("audit", folder=stores.folder)
    assert (run.exit_code, run.stdout) == (0, "No operator has changed anything.\n")


def test_the_trails_of_all_services_are_one_list_by_time(stores):
    noted(stores, "ballots", "first", "Li")
    noted(stores, "proposals", "second")
    noted(stores, "ballots", "third")
    assert [entry["action"] for entry in audited(stores.folder)] == ["first", "second", "third"]
    assert [entry["action"] for entry in as_json("audit", "--last", 2, folder=stores.folder)] == [
        "second",
        "third",
    ]
    own = as_json("audit", "--service", "proposals", folder=stores.folder)
    assert [entry["action"] for entry in own] == ["second"]
    shown = command("audit", folder=stores.folder).stdout
    assert "Li" in shown
    assert "why not" in shown


def test_an_entry_that_was_altered_is_told_with_1(stores):
    noted(stores, "ballots", "first")
    noted(stores, "ratings", "second")
    with stores.places["ballots"].store.begin() as transaction:
        transaction.connection.execute(text("DROP TRIGGER operator_actions_no_update"))
        transaction.connection.execute(
            text("UPDATE operator_actions SET body = replace(body, 'first', 'other')")
        )
    run = command("audit", folder=stores.folder)
    assert run.exit_code == 1
    assert "ballots: entry 1 is not what was hashed" in run.stderr
    assert "second" in run.stdout
