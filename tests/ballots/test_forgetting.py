"""After the close a database keeps nothing of how papers came: neither in its log nor among what it
deleted."""

import json
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from ballots import usecases
from ballots.store import Ballots
from chassis.store import Store, migrate
from tests.ballots.meetings import (
    BODY,
    KINDS_LOADED,
    NOW,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    issue,
    open_poll,
    with_meeting,
)
from tests.support.stores import migrated_store
from tests.support.waiting import eventually


def voted(store):
    """An open poll with papers, cast one by one; their ids."""
    with_meeting(store)
    open_poll(store)
    for number, code in enumerate(issue(store, 20)):
        cast(store, [(code, ["water"] if number % 2 else ["road"])])
    with store.engine.connect() as connection:
        return list(connection.scalars(text("SELECT id FROM papers")))


def test_no_file_of_sqlite_has_a_paper_as_it_was_cast(tmp_path):
    with migrated_store("ballots", Ballots, tmp_path) as store:
        ids = voted(store)
        assert len([id for id in ids if id in content(tmp_path)]) == 20
        usecases.close_poll(store, BODY, "p1", NOW)
        assert not [id for id in ids if id in content(tmp_path)]


def test_no_file_of_sqlite_has_the_order_of_the_papers_in_a_box_after_the_count(tmp_path):
    in_order = '[["clinic"],["road"],["clinic"],["water"]]'
    with migrated_store("ballots", Ballots, tmp_path) as store:
        with_meeting(store)
        open_poll(store)
        given = {"channel": "hall", "kind": "hand-papers", "issued": 4, "replaces": None}
        usecases.open_channel(store, BODY, "p1", given, KINDS_LOADED)
        usecases.close_poll(store, BODY, "p1", NOW)
        for teller in ("t1", "t2"):
            entry = {"batch": 1, "content": json.loads(in_order)}
            usecases.enter_batch(*(store, BODY, "p1", "hall", teller, entry, KINDS_LOADED, SCHEMES_LOADED))
        usecases.count_box(store, BODY, "p1", "hall", "s1", 4)
        assert in_order in content(tmp_path).replace(" ", "")
        usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
        assert in_order not in content(tmp_path).replace(" ", "")


def test_the_files_of_sqlite_are_for_their_owner_alone(tmp_path):
    with closing(Store.at(f"sqlite:///{tmp_path}/ballots.db", Ballots)) as store:
        migrate(store.engine, "ballots")
        with_meeting(store)
        modes = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.glob("ballots.db*")}
    assert {"ballots.db", "ballots.db-wal"} <= set(modes)
    assert set(modes.values()) == {0}


def test_postgresql_vacuums_what_casting_has_left(tmp_path, database_url):
    with migrated_store("ballots", Ballots, tmp_path, url=database_url("ballots")) as store:
        voted(store)
        usecases.close_poll(store, BODY, "p1", NOW)

        def vacuumed():
            query = (
                "SELECT count(*) FROM pg_stat_user_tables WHERE vacuum_count > 0 AND relname = ANY(:names)"
            )
            with store.engine.connect() as connection:
                return connection.scalar(text(query), {"names": ["papers", "receipts", "codes"]}) == 3

        eventually(vacuumed, 20, "the tables are vacuumed")


def content(folder: Path) -> str:
    """All that is in the files, as far as it is text."""
    return "".join(file.read_bytes().decode("latin-1") for file in sorted(folder.glob("ballots.db*")))
