"""What the store of ratings keeps, and what it cannot tell, on either database."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import inspect, text

from ratings import usecases
from ratings.domain import CodeSpent, Rateable, RatingNotOpen
from ratings.store import RatingExists, Ratings
from tests.ratings.raters import (
    BODY,
    TITLES,
    conclude,
    graded,
    hand_in,
    issue,
    open_rating,
    prepare,
    with_projects,
)
from tests.support.stores import migrated_store, told
from tests.support.waiting import eventually

ACCEPTED = {"accepted": True}
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


@pytest.fixture(params=BOTH)
def stores(request, tmp_path):
    """Two stores on one database, as two processes of the service would have."""
    url = request.getfixturevalue("database_url")("ratings") if request.param == "postgresql" else None
    with (
        migrated_store("ratings", Ratings, tmp_path, url=url) as first,
        migrated_store("ratings", Ratings, tmp_path, url=url) as second,
    ):
        with_projects(first)
        yield first, second


@pytest.fixture
def store(stores):
    return stores[0]


def rows(store, query):
    with store.begin() as transaction:
        return [tuple(row) for row in transaction.connection.execute(text(query))]


def at_once(*calls):
    """What each returns or raises; all begin when the last is ready."""
    ready = Barrier(len(calls))

    def run(call):
        ready.wait(30)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_projects_are_kept_and_their_titles_follow(store):
    with_projects(store, {"water": "饮水工程（调整）", "clinic": "村卫生室"})
    with store.reading() as ratings:
        kept = ratings.rateable(BODY)
    assert kept == [
        Rateable("clinic", "村卫生室", 2021),
        Rateable("traffic", TITLES["traffic"], 2021),
        Rateable("water", "饮水工程（调整）", 2021),
    ]


def test_results_keep_the_order_of_the_form_and_of_the_scale(store):
    scale = ["非常满意", "满意", "基本满意", "不满意", "a"]
    open_rating(store, scale=scale, projects=["water", "traffic"])
    assert conclude(store)["scale"] == scale
    shown = usecases.show_rating(store, BODY, "r1")["results"]
    assert list(shown) == ["water", "traffic"]
    assert list(shown["water"]["counts"]) == list(shown["water"]["shares"]) == scale
    [event] = told(store, "rating_concluded")
    assert [each["grade"] for each in event["data"]["projects"][0]["grades"]] == scale


def test_rating_prepared_twice_at_once_is_prepared_once(stores):
    outcomes = at_once(*(lambda store=store: prepare(store) for store in stores * 2))
    assert sum(isinstance(each, RatingExists) for each in outcomes) == 3
    assert sum(isinstance(each, dict) for each in outcomes) == 1


def test_conclusion_rewrites_the_forms_in_the_order_of_their_content(store):
    open_rating(store)
    grades = ["dissatisfied", "satisfied", "basically", "satisfied"]
    for code, grade in zip(issue(store, 4), grades, strict=True):
        assert hand_in(store, [(code, graded(grade))]) == [ACCEPTED]
    before = rows(store, "SELECT id, grades FROM forms ORDER BY id")
    conclude(store)
    after = rows(store, "SELECT id, grades FROM forms ORDER BY id")
    assert not {id for id, _ in before} & {id for id, _ in after}
    assert sorted(content for _, content in before) == [content for _, content in after]
    assert [json.loads(content)["water"] for _, content in after] == [[grade] for grade in sorted(grades)]


def test_sealed_forms_are_all_of_one_transaction_that_no_code_is_of(tmp_path, database_url):
    """PostgreSQL notes with each row the transaction that wrote it."""
    with migrated_store("ratings", Ratings, tmp_path, url=database_url("ratings")) as store:
        with_projects(store)
        open_rating(store)
        for code in issue(store, 5):
            hand_in(store, [(code, graded("satisfied"))])
        open_forms = rows(store, "SELECT DISTINCT xmin::text FROM forms")
        conclude(store)
        [(sealed,)] = rows(store, "SELECT DISTINCT xmin::text FROM forms")
        codes = {xmin for (xmin,) in rows(store, "SELECT xmin::text FROM codes")}
    assert len(open_forms) == len(codes) == 5  # as long as it is open there is a trace to end
    assert sealed not in codes


@pytest.mark.real
def test_what_is_handed_in_together_lies_in_an_order_that_is_not_that_of_its_coming(tmp_path, database_url):
    with migrated_store("ratings", Ratings, tmp_path, url=database_url("ratings")) as store:
        with_projects(store)
        open_rating(store)
        hand_in(store, [(code, graded("satisfied")) for code in issue(store, 60)])
        ids = [id for (id,) in rows(store, "SELECT id FROM forms ORDER BY ctid")]
    assert len(ids) == 60
    assert ids == sorted(ids)


def test_no_file_of_sqlite_has_a_form_as_it_was_handed_in_after_the_conclusion(tmp_path):
    def content():
        return b"".join(file.read_bytes() for file in tmp_path.glob("ratings.db*"))

    with migrated_store("ratings", Ratings, tmp_path) as store:
        with_projects(store)
        open_rating(store)
        hand_in(store, [(code, graded("satisfied")) for code in issue(store, 20)])
        ids = [id.encode() for (id,) in rows(store, "SELECT id FROM forms")]
        assert all(id in content() for id in ids)
        conclude(store)
        assert not [id for id in ids if id in content()]


def test_form_and_code_share_the_rating_alone(store):
    tables = inspect(store.engine)
    codes, forms = ({each["name"] for each in tables.get_columns(name)} for name in ("codes", "forms"))
    assert codes & forms == {"body", "rating"}
    assert forms - codes == {"id", "grades"}


def test_no_table_holds_a_code(store):
    open_rating(store)
    codes = issue(store, 6)
    hand_in(store, [(code, graded("satisfied")) for code in codes[:5]])
    conclude(store)
    tables = inspect(store.engine).get_table_names()
    everything = str([rows(store, f"SELECT * FROM {name}") for name in sorted(tables)])
    assert "satisfied" in everything
    assert not [code for code in codes if code in everything or code.replace("-", "") in everything]


def test_one_code_used_twice_at_once_is_accepted_once(stores):
    open_rating(stores[0])
    [code] = issue(stores[0], 1)
    grades = ["satisfied", "dissatisfied"] * 2
    calls = [
        lambda store=store, grade=grade: hand_in(store, [(code, graded(grade))])[0]
        for store, grade in zip(stores * 2, grades, strict=True)
    ]
    outcomes = at_once(*calls)
    assert outcomes.count(ACCEPTED) == 1
    assert sum(isinstance(each, CodeSpent) for each in outcomes) == 3
    accepted = grades[outcomes.index(ACCEPTED)]
    assert conclude(stores[0])["results"]["water"]["counts"][accepted] == 1
    assert rows(stores[0], "SELECT count(*) FROM forms") == [(1,)]


def test_forms_handed_in_during_the_conclusion_are_in_or_out(stores):
    open_rating(stores[0])
    codes = issue(stores[0], 60)

    def hand_in_some(store, mine):
        return [hand_in(store, [(code, graded("satisfied"))])[0] for code in mine]

    concluded = []

    def conclude_in_between(store):
        eventually(lambda: rows(store, "SELECT 1 FROM forms"), pause=0)
        concluded.append(conclude(store))

    first, second, _ = at_once(
        lambda: hand_in_some(stores[0], codes[:30]),
        lambda: hand_in_some(stores[1], codes[30:]),
        lambda: conclude_in_between(stores[1]),
    )
    accepted = (first + second).count(ACCEPTED)
    assert sum(isinstance(each, RatingNotOpen) for each in first + second) == 60 - accepted
    assert concluded[0]["results"]["water"]["valid"] == accepted
    [event] = told(stores[0], "rating_concluded")
    assert event["data"]["returned"] == accepted
    assert rows(stores[0], "SELECT count(*) FROM codes WHERE spent") == [(accepted,)]
    assert rows(stores[0], "SELECT count(*) FROM forms") == [(accepted,)]
