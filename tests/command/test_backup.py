"""``piaojue backup`` and ``restore`` of an embedded suite: all is destroyed, restored, and verified."""

import json
import shutil
import stat

import pytest
from sqlalchemy import text

from chassis.clock import now
from chassis.store.audit import Action, note
from piaojue.operating.backups import restoring, snapshot, taking
from piaojue.operating.backups.manifest import Unusable
from tests.command.stores import Stores, as_json, audited, command
from tests.support.waiting import eventually

SERVICES = ("proposals", "ballots", "ratings", "notifications")


@pytest.fixture
def filled(stores):
    """Logs with events, taken by those who follow, one of them parked."""
    stores.taken("proposals", stores.told("ballots", times=2))
    stores.taken("ballots", stores.told("proposals", times=2))
    stores.taken("ratings", stores.log("proposals"))
    stores.parked("notifications", stores.log("ballots"))
    (stores.folder / "ballots-code_key").write_bytes(b"k" * 32)
    return stores


@pytest.fixture
def backed_up(filled, tmp_path):
    run = command("backup", tmp_path / "kept", "--with-keys", "--by", "Li Na", folder=filled.folder)
    assert run.exit_code == 0, run.output
    return tmp_path / "kept"


def destroy(stores):
    stores.close()
    shutil.rmtree(stores.folder)


def state(stores):
    """What is in the stores, but for what operators did."""
    again = Stores(stores.folder)
    found = {}
    for name, place in again.places.items():
        inbox = place.inbox
        parked = [letter.id for letter in place.letters.find()]
        found[name] = (place.log.page(0, 1000), inbox.positions(), inbox.load(), parked)
    again.close()
    return found


def test_all_that_was_destroyed_is_restored_and_verified(filled, backed_up):
    before = state(filled)
    destroy(filled)
    run = command("restore", backed_up, "--yes", "--by", "Wu", "--reason", "disk lost", folder=filled.folder)
    assert run.exit_code == 0, run.output
    assert "All of it was restored and verified." in run.stdout
    assert state(filled) == before
    assert command("events", "verify", folder=filled.folder).exit_code == 0
    assert (filled.folder / "ballots-code_key").read_bytes() == b"k" * 32
    entries = [entry for entry in audited(filled.folder) if entry["service"] == "ballots"]
    assert [(entry["action"], entry["by"]) for entry in entries] == [("backup", "Li Na"), ("restore", "Wu")]
    assert entries[1]["details"]["backup_by"].endswith("Li Na")


def test_nobody_else_can_read_a_backup_or_what_is_restored(filled, backed_up):
    assert stat.S_IMODE(backed_up.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in backed_up.iterdir()} == {0o600}
    destroy(filled)
    assert command("restore", backed_up, "--yes", folder=filled.folder).exit_code == 0
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in filled.folder.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_the_manifest_tells_each_log_and_position_and_file(filled, backed_up):
    told = json.loads((backed_up / "manifest.json").read_text())
    tip = filled.places["ballots"].log.tip()
    assert told["services"]["ballots"]["log"] == {"sequence": tip.sequence, "hash": tip.hash}
    assert told["services"]["notifications"]["positions"]["ballots"]["sequence"] == tip.sequence
    assert {entry["kind"] for entry in told["services"].values()} == {"sqlite"}
    assert [entry["file"] for entry in told["keys"]] == ["ballots-code_key"]
    assert sorted(file.name for file in backed_up.iterdir()) == sorted(
        ["manifest.json", "ballots-code_key", *(f"{name}.sqlite" for name in SERVICES)]
    )


def test_what_was_cut_off_the_end_of_the_audit_is_seen_by_a_backup_that_has_it(filled, backed_up):
    against = ("audit", "--against", backed_up)
    assert command("backup", backed_up.with_name("later"), folder=filled.folder).exit_code == 0
    assert command(*against, folder=filled.folder).exit_code == 0
    with filled.places["ballots"].store.begin() as transaction:
        transaction.connection.execute(text("DROP TRIGGER operator_actions_no_delete"))
        transaction.connection.execute(text("DELETE FROM operator_actions"))
    assert command("audit", folder=filled.folder).exit_code == 0
    run = command(*against, folder=filled.folder)
    assert (run.exit_code, run.stderr) == (
        1,
        "piaojue: ballots: entry 1, as the backup has it, is not there\n",
    )
    assert "ratings" in run.stdout
    with filled.places["ballots"].store.begin() as transaction:
        note(transaction, Action(now(), "someone", None, "other", "ballots", "why not"))
    assert command(*against, folder=filled.folder).exit_code == 1
    nothing = command("audit", "--against", backed_up / "none", folder=filled.folder)
    assert nothing.exit_code == 2
    assert "is no backup" in nothing.stderr


def test_keys_are_left_out_unless_they_are_asked_for(filled, tmp_path):
    run = command("backup", tmp_path / "kept", folder=filled.folder)
    assert run.exit_code == 0
    assert "keys are not in it" in run.stderr
    assert not (tmp_path / "kept/ballots-code_key").exists()


def test_a_folder_that_exists_is_not_written_into(filled, tmp_path):
    (tmp_path / "kept").mkdir()
    assert command("backup", tmp_path / "kept", folder=filled.folder).exit_code == 2
    assert list((tmp_path / "kept").iterdir()) == []
    assert audited(filled.folder) == []


def test_a_backup_that_breaks_off_leaves_no_folder_that_looks_like_one(filled, tmp_path, monkeypatch):
    def full(self, file):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot.SqliteSnapshot, "dump", full)
    run = command("backup", tmp_path / "kept", folder=filled.folder)
    assert run.exit_code == 1
    assert "No space left on device" in run.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("kind", ["poll", "rating"])
def test_while_a_poll_or_rating_is_open_a_backup_is_refused(filled, tmp_path, kind):
    filled.opened(kind, 79, 3)
    run = command("backup", tmp_path / "kept", folder=filled.folder)
    assert run.exit_code == 1
    assert f"{kind} yongan/first" in run.stderr
    assert not (tmp_path / "kept").exists()
    assert command("backup", tmp_path / "kept", "--while-open", folder=filled.folder).exit_code == 0
    assert audited(filled.folder)[0]["details"]["while_open"] is True


@pytest.mark.parametrize("name", ["ballots.sqlite", "ballots-code_key"])
@pytest.mark.parametrize("change", ["altered", "missing"])
def test_a_backup_that_is_not_what_it_was_is_refused_before_anything_is_written(
    filled, backed_up, name, change
):
    destroy(filled)
    content = (backed_up / name).read_bytes()
    (backed_up / name).unlink()
    if change == "altered":
        (backed_up / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert f"{name}: is " in run.stderr
    assert not filled.folder.exists()


def test_a_manifest_that_leads_out_of_its_folder_is_refused(filled, backed_up):
    told = json.loads((backed_up / "manifest.json").read_text())
    told["services"]["ballots"]["file"] = "../data/ballots.db"
    (backed_up / "manifest.json").write_text(json.dumps(told))
    destroy(filled)
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "is not in the backup's folder" in run.stderr


@pytest.mark.parametrize("there", ["ballots.db", "ballots.db-wal"])
def test_a_store_that_has_anything_is_not_written_over(filled, backed_up, there):
    destroy(filled)
    filled.folder.mkdir()
    (filled.folder / there).write_bytes(b"something")
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "move it away first" in run.stderr
    assert [file.name for file in filled.folder.iterdir()] == [there]
    assert (filled.folder / there).read_bytes() == b"something"


def test_another_key_is_not_written_over(filled, backed_up):
    destroy(filled)
    filled.folder.mkdir()
    (filled.folder / "ballots-code_key").write_bytes(b"another")
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "another one than the backup's" in run.stderr
    assert (filled.folder / "ballots-code_key").read_bytes() == b"another"


@pytest.mark.parametrize(("words", "code"), [(["--dry-run"], 0), ([], 2)])
def test_nothing_is_restored_by_a_dry_run_or_where_nobody_can_be_asked(filled, backed_up, words, code):
    destroy(filled)
    run = command("restore", backed_up, *words, folder=filled.folder)
    assert run.exit_code == code
    assert "ballots: up to event" in run.stdout + run.stderr
    assert not filled.folder.exists()


def test_the_backup_of_another_region_is_refused(filled, backed_up, monkeypatch):
    destroy(filled)
    monkeypatch.setenv("PIAOJUE_REGION", "elsewhere")
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "of the region demo, this is elsewhere" in run.stderr


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": 2, "services": {}}'])
def test_what_is_no_backup_is_told_as_such(stores, tmp_path, content):
    (tmp_path / "kept").mkdir()
    if content is not None:
        (tmp_path / "kept/manifest.json").write_text(content)
    assert command("restore", tmp_path / "kept", "--yes", folder=tmp_path / "new").exit_code == 1


def change_manifest(backed_up, change):
    told = json.loads((backed_up / "manifest.json").read_text())
    change(told)
    (backed_up / "manifest.json").write_text(json.dumps(told))


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.pop("region"),
        lambda told: told.update(services=[]),
        lambda told: told["services"].update(ballots=[]),
        lambda told: told["services"]["ballots"].pop("sha256"),
        lambda told: told["services"]["ballots"]["log"].pop("hash"),
        lambda told: told["services"]["ballots"].update(positions={"proposals": 3}),
        lambda told: told.update(keys=3),
        lambda told: told.update(keys=[{"file": "ballots-code_key"}]),
    ],
)
def test_a_manifest_that_lacks_something_is_told_and_nothing_is_restored(filled, backed_up, change):
    change_manifest(backed_up, change)
    destroy(filled)
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "manifest.json cannot be read" in run.stderr
    assert not filled.folder.exists()


def test_a_backup_of_tables_that_a_newer_release_made_is_refused(filled, backed_up):
    change_manifest(backed_up, lambda told: told["services"]["ratings"].update(revision="9999"))
    destroy(filled)
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "ratings: the backup is of revision 9999, which this release does not know" in run.stderr
    assert not filled.folder.exists()


def test_a_restore_that_was_broken_off_goes_on_with_what_is_left(filled, backed_up, monkeypatch):
    before = state(filled)
    destroy(filled)
    with monkeypatch.context() as broken:
        broken.setattr(restoring, "_restore_one", failing_at("ratings", restoring._restore_one))
        run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "broken off: No space left on device" in run.stderr
    assert "goes on with what is left" in run.stderr
    assert sorted(file.name for file in filled.folder.glob("*.db")) == ["ballots.db", "proposals.db"]
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 0, run.output
    assert "  ballots: up to event 20, is there already" in run.stderr
    assert [line for line in run.stdout.splitlines() if "was restored" in line and "All" not in line] == [
        "ratings was restored",
        "notifications was restored",
    ]
    assert state(filled) == before
    assert [entry["action"] for entry in audited(filled.folder)].count("restore") == len(SERVICES)
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "all of it is there already" in run.stderr


def test_a_restore_does_not_go_on_beside_a_store_that_has_gone_on_since(filled, backed_up, monkeypatch):
    destroy(filled)
    with monkeypatch.context() as broken:
        broken.setattr(restoring, "_restore_one", failing_at("ratings", restoring._restore_one))
        assert command("restore", backed_up, "--yes", folder=filled.folder).exit_code == 1
    again = Stores(filled.folder)
    again.told("proposals")
    again.close()
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "proposals.db exists: move it away first" in run.stderr
    assert "ballots" not in run.stderr
    assert not (filled.folder / "ratings.db").exists()


def failing_at(service, restore_one):
    def restored(place, dump):
        if place.service == service:
            raise OSError(28, "No space left on device")
        restore_one(place, dump)

    return restored


def test_one_service_alone_can_be_restored(filled, backed_up):
    filled.close()
    for file in filled.folder.glob("ratings.db*"):
        file.unlink()
    run = command("restore", backed_up, "--service", "ratings", "--yes", folder=filled.folder)
    assert run.exit_code == 0, run.output
    assert as_json("events", "verify", folder=filled.folder)


def test_what_is_told_while_a_backup_is_taken_is_in_none_of_its_dumps(filled, tmp_path):
    """Whoever writes meanwhile is not kept waiting, and no consumer is ahead of its source."""
    places = list(filled.places.values())
    before = {place.service: place.log.tip().sequence for place in places}
    with taking.looked_at(places) as snapshots:
        filled.taken("proposals", filled.told("ballots"))
        filled.taken("ballots", filled.told("proposals"))
        for name, looked in snapshots.items():
            looked.dump(tmp_path / f"{name}.sqlite")
            assert looked.facts()["log"]["sequence"] == before[name]
    (tmp_path / "new").mkdir()
    for name in before:
        shutil.copy(tmp_path / f"{name}.sqlite", tmp_path / "new" / f"{name}.db")
    assert command("events", "verify", folder=tmp_path / "new").exit_code == 0
    assert {name: len(log) for name, (log, *_) in state(Stores(tmp_path / "new")).items()} == before


def test_a_consumer_that_is_taking_is_waited_for_and_then_held(filled):
    """The order of holding, looking and letting go, with one that has not committed yet."""
    from threading import Thread

    place = filled.places["notifications"]
    held = snapshot.snapshot_of(place)
    with place.inbox.begin() as transaction:
        transaction.connection.execute(text("UPDATE inbox_cursor SET sequence = sequence"))
        holding = Thread(target=held.hold)
        holding.start()
        assert holding.is_alive()
    eventually(lambda: not holding.is_alive(), 20, "it holds")
    held.look()
    held.let_go()
    held.close()


def test_a_position_ahead_of_its_source_makes_no_backup(filled, tmp_path):
    with filled.places["notifications"].store.begin() as transaction:
        transaction.connection.execute(text("UPDATE inbox_cursor SET sequence = 999"))
    run = command("backup", tmp_path / "kept", folder=filled.folder)
    assert run.exit_code == 1
    assert "has taken of ballots what ballots has not" in run.stderr
    assert not (tmp_path / "kept").exists()


def test_a_restore_that_does_not_fit_its_manifest_ends_with_1(filled, backed_up, monkeypatch):
    destroy(filled)
    monkeypatch.setattr(restoring, "differences", lambda told, places: ["ballots: its log ends with 3"])
    run = command("restore", backed_up, "--yes", folder=filled.folder)
    assert run.exit_code == 1
    assert "start nothing" in run.stderr


def test_programs_for_a_newer_server_are_named_when_they_are_missing(monkeypatch):
    from piaojue.operating.backups import postgresql

    with pytest.raises(Unusable, match="apt-get install postgresql-client-99"):
        postgresql.program("pg_dump", 99)
