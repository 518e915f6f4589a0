"""After a whole poll: what everything that is kept, told, logged and measured says, put together."""

import json
from collections import defaultdict
from itertools import combinations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import inspect, text

from ballots.domain import code_hash
from chassis.store import open_engine
from tests.ballots.polls_over_http import ROLL, poll_of
from tests.ballots.test_service_records import OFFICERS, counted, declared, signed
from tests.support.running import running
from tests.support.waiting import eventually

KEY = "a key of at least sixteen characters"
SEALED = ("papers", "receipts")
OF_CASTING = ("codes", *SEALED)
MARKS = [["water", "road"], ["clinic"], ["water", "clinic"], ["road"], []]
OPEN_POLL = [f"piaojue_ballots_open_poll_{figure}" for figure in ("present", "quorum", "issued", "returned")]
GAP = "piaojue_ballots_reconciliation_gap"
OF_ALL_POLLS = {
    "piaojue_ballots_polls",
}
"""Whoever measures more of a poll says here what, and shows that it is no vote."""


class Poll:
    """A poll of 60 papers, cast one after another, up to its declaration; and all that is left of it."""

    def __init__(self, region, url):
        self.region = region
        self.path, self.codes = poll_of(region, "whole", officers=OFFICERS)
        self.engine = open_engine(url)
        self.nonces = [f"nonce-number-{number:04}" for number in range(60)]
        self.receipts = [self._cast(number) for number in range(60)]
        for code in ("3333-3333-33333", self.codes[0]):
            assert region.call("POST", f"{self.path}/papers", {"code": code, "marks": []}).status != 201
        self.ids_before = {row["id"] for row in self.rows("papers")}
        self.transactions_of_casting = {row["xmin"] for row in self.rows("codes")}
        self.metrics_while_open = self._metrics_once_told()
        count = counted(region, self.path)
        for person in ("7", "8"):
            assert signed(region, self.path, person, count["count_hash"]).status == 200
        assert declared(region, self.path).status == 200
        region.event("ballots", "result_declared")
        self.tables = {table: self.rows(table) for table in inspect(self.engine).get_table_names()}
        self.engine.dispose()

    def _cast(self, number):
        given = {
            "code": self.codes[number],
            "nonce": self.nonces[number],
            "marks": MARKS[number % len(MARKS)],
        }
        answer = self.region.call("POST", f"{self.path}/papers", given)
        assert answer.status == 201
        return answer.json["receipt"]

    def _metrics_once_told(self):
        told = 'open_poll_returned{body="whole",poll="p1",service="ballots"} 60.0'

        def page():
            found = self.region.call("GET", "/ballots/metrics").body.decode()
            return found if told in found else None

        return eventually(page, 20, "the turnout is told, and seen")

    def rows(self, table):
        """With the transaction that wrote each, in the order in which they lie on the disk."""
        query = f'SELECT *, xmin::text AS xmin FROM "{table}" ORDER BY ctid'
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(text(query))]

    def places(self, secrets):
        """The columns, and log, metrics and feed, in which any of these texts is."""
        found = set()
        for place, content in self.contents():
            if any(secret in content for secret in secrets):
                found.add(place)
        return found

    def contents(self):
        columns = defaultdict(list)
        for table, rows in self.tables.items():
            for row in rows:
                for name, value in row.items():
                    columns[f"{table}.{name}"].append(plain(value))
        yield from ((place, "\n".join(cells)) for place, cells in columns.items())
        yield "log", self.region.log()
        yield "metrics", self.metrics_while_open
        for path in ("/ballots/metrics", "/metrics"):
            yield "metrics", self.region.call("GET", path).body.decode()
        yield "feed", "\n".join(plain(each) for each in self.region.events("ballots"))
        yield "poll", self.region.call("GET", self.path).body.decode()


def plain(value):
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


@pytest.fixture(scope="module")
def poll(postgres):
    postgres.start()
    url = postgres.create_database("secrecy")
    settings = {"PIAOJUE_BALLOTS_STORE_URL": url, "PIAOJUE_BALLOTS_CODE_KEY": KEY}
    with running("ballots", played=("proposals",), settings=settings) as region:
        yield Poll(region, url)
    postgres.drop_database("secrecy")


def test_a_code_is_kept_nowhere_but_as_its_hash_among_codes(poll):
    spellings = [each for code in poll.codes for each in (code, code.replace("-", ""), code.lower())]
    assert poll.places(spellings) == set()
    assert poll.places([code_hash(code, KEY.encode()) for code in poll.codes]) == {"codes.hash"}


def test_a_nonce_is_kept_nowhere(poll):
    assert poll.places(poll.nonces) == set()


def test_a_receipt_is_among_receipts_and_in_the_record_alone(poll):
    assert poll.places(poll.receipts) == {"receipts.receipt", "records.record"}


def test_marks_are_on_papers_and_in_the_record_alone(poll):
    others = [plain(marks) for marks in MARKS[1:4]]  # the first are those adopted, which everybody is told
    assert poll.places(others) == {"papers.marks", "records.record"}
    assert poll.places([row["id"] for row in poll.tables["papers"]]) == {"papers.id"}


def test_names_of_deputies_are_in_nothing_that_papers_or_codes_have_to_do_with(poll):
    names = [each["name"] for each in ROLL]
    found = poll.places(names)
    assert {place.split(".")[0] for place in found} <= {
        *("deputies", "officers", "roll_changes", "signatures", "records")
    }
    assert "deputies.name" in found
    watching = {f"代表{each['id']}" for each in OFFICERS["scrutineers"]}
    assert poll.places(set(names) - watching - {"代表1"}).isdisjoint({"signatures.name", "officers.name"})


def test_codes_papers_and_receipts_share_the_poll_and_no_key(poll):
    for one, two in combinations(OF_CASTING, 2):
        names = set(poll.tables[one][0]) & set(poll.tables[two][0])
        assert names == {"body", "poll", "xmin"}, (one, two)
        values = [
            {plain(value) for row in poll.tables[table] for name, value in row.items() if name not in names}
            for table in (one, two)
        ]
        assert values[0].isdisjoint(values[1]), (one, two)


def test_no_other_table_has_a_value_of_one_row_of_theirs(poll):
    """But the record, which has the receipts and the marks of all, each in an order of their own."""
    for table, column in (("codes", "hash"), ("papers", "id"), ("receipts", "receipt")):
        found = poll.places([row[column] for row in poll.tables[table]])
        assert found - {"records.record"} == {f"{table}.{column}"}


def test_nothing_of_casting_has_a_time_or_a_number(poll):
    for table in OF_CASTING:
        kinds = {type(value) for row in poll.tables[table] for value in row.values()}
        assert kinds <= {str, bool}, table


def test_transactions_and_places_of_sealed_rows_tell_nothing(poll):
    transactions = {row["xmin"] for table in SEALED for row in poll.tables[table]}
    assert len(transactions) == 1
    assert transactions.isdisjoint(poll.transactions_of_casting)
    assert transactions.isdisjoint({row["xmin"] for row in poll.tables["codes"]})
    assert len(poll.transactions_of_casting) >= 60
    marks = [row["marks"] for row in poll.tables["papers"]]
    blocks = [mark for place, mark in enumerate(marks) if place == 0 or marks[place - 1] != mark]
    assert len(blocks) == len(set(marks)) == len(MARKS)
    for table, column in (("papers", "id"), ("receipts", "receipt")):
        in_place = [row[column] for row in poll.tables[table]]
        assert in_place == sorted(in_place)
    assert {row["id"] for row in poll.tables["papers"]}.isdisjoint(poll.ids_before)


def test_the_record_has_papers_and_receipts_each_in_an_order_of_their_own(poll):
    record = json.loads(poll.tables["records"][0]["record"])
    assert record["receipts"] == sorted(poll.receipts)
    assert [each["times"] for each in record["papers"]] == [12] * len(MARKS)
    assert [plain(each["marks"]) for each in record["papers"]] == sorted(map(plain, MARKS))


def samples(page):
    return [
        sample
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name.startswith("piaojue_")
    ]


def of_single_polls(page):
    """Value by name, of all that ballots alone measures and that is not of all polls together."""
    found = {each.name: each.value for each in samples(page) if each.name.startswith("piaojue_ballots_")}
    assert set(found) >= OF_ALL_POLLS
    return {name: value for name, value in found.items() if name not in OF_ALL_POLLS}


def test_metrics_count_without_saying_who_or_what(poll):
    """Bodies and polls are named, and nobody and nothing of what is in them."""
    page = poll.region.call("GET", "/ballots/metrics").body.decode()
    assert 'piaojue_guesses_total{service="ballots"} 1.0' in page
    people = {each[part] for each in ROLL for part in ("id", "name")}
    projects = {project for marks in MARKS for project in marks}
    for seen in (*samples(poll.metrics_while_open), *samples(page)):
        said = {*seen.labels, *seen.labels.values()}
        assert said.isdisjoint({*people, *projects, *poll.codes, *poll.nonces, *poll.receipts}), seen
        assert not any(name.endswith(("code", "mark", "receipt", "deputy", "nonce")) for name in seen.labels)


def test_metrics_tell_the_turnout_of_an_open_poll_and_no_running_total(poll):
    found = of_single_polls(poll.metrics_while_open)
    assert found == dict(zip(OPEN_POLL, (79, 53, 79, 60), strict=True))
    assert 60 in {each["data"]["returned"] for each in poll.region.events("ballots", "turnout_changed")}


def test_metrics_tell_of_a_closed_poll_whether_it_balances_and_no_votes(poll):
    def balance_alone():
        page = poll.region.call("GET", "/ballots/metrics").body.decode()
        assert of_single_polls(page) == {GAP: 79 - 60}
        return True

    eventually(balance_alone, 10, "the figures are of after the close")
