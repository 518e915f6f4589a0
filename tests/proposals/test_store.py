"""The store of proposals on both databases: what is kept comes back, and of two at once one is first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import text

from chassis.errors import Refused
from proposals import usecases
from proposals.domain import CandidatesAlreadyPublished, Record
from proposals.store import Proposals, UnknownSuggestion
from tests.proposals.samples import (
    LATER,
    NOW,
    declared,
    drafted,
    listed,
    project,
    published,
    result,
    suggestion,
)
from tests.support.stores import migrated_store, told

BODY = "yongan"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def both(request, tmp_path):
    """Two stores of one database, as two processes have them."""
    url = request.getfixturevalue("database_url")("proposals") if request.param == "postgresql" else None
    with (
        migrated_store("proposals", Proposals, tmp_path, url=url) as one,
        migrated_store("proposals", Proposals, tmp_path, url=url) as other,
    ):
        yield one, other


@pytest.fixture
def store(both):
    return both[0]


def at_once(stores, *calls):
    """What each call made of its store, a refusal included; none begins before all are there."""
    barrier = Barrier(len(calls), timeout=20)

    def run(store, call):
        barrier.wait()
        try:
            return call(store)
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        running = [pool.submit(run, store, call) for store, call in zip(stores, calls, strict=True)]
        return [each.result(timeout=30) for each in running]


def refusals(outcomes):
    return [each.slug for each in outcomes if isinstance(each, Refused)]


def test_suggestion_comes_back_as_it_was(store):
    kept = [suggestion(), suggestion(id="s2", proposer=None), suggestion(id="s3", title="𠮷🌾“引号”'%_\\")]
    for each in kept:
        with store.transaction() as proposals:
            proposals.add_suggestion(each)
    with store.reading() as proposals:
        assert proposals.suggestions(BODY, 2022, after=None, most=10) == kept
        assert proposals.suggestion_to_change(BODY, "s1") == replace(kept[0], proposer=None)


def test_suggestions_of_one_moment_are_in_the_order_of_their_ids(store):
    with store.transaction() as proposals:
        for id in ("s3", "s1", "s2"):
            proposals.add_suggestion(suggestion(id=id))
        proposals.add_suggestion(suggestion(id="s0", now=LATER))
    with store.reading() as proposals:
        found = proposals.suggestions(BODY, 2022, after="s1", most=10)
        assert [each.id for each in found] == ["s2", "s3", "s0"]
        with pytest.raises(UnknownSuggestion):
            proposals.suggestions(BODY, 2022, after="s9", most=10)


def test_reply_is_kept_and_the_proposer_is_apart(store):
    with store.transaction() as proposals:
        proposals.add_suggestion(suggestion())
        proposals.save_reply(proposals.suggestion_to_change(BODY, "s1").replied("好。", LATER))
    with store.reading() as proposals:
        (found,) = proposals.suggestions(BODY, 2022, after=None, most=1)
        assert found == suggestion().replied("好。", LATER)
        row = proposals.connection.execute(text("SELECT * FROM suggestions")).one()
    assert "王某某" not in str(row)
    assert "13800000000" not in str(row)


def test_erased_proposer_is_gone_from_the_table(store):
    with store.transaction() as proposals:
        for id in ("s1", "s2"):
            proposals.add_suggestion(suggestion(id=id))
        proposals.erase_proposer(suggestion())
    with store.reading() as proposals:
        assert list(proposals.connection.scalars(text("SELECT suggestion FROM proposers"))) == ["s2"]


def test_candidate_list_comes_back_with_its_results(store):
    kept, _ = published().decided(result(adopted=["water"]))
    with store.transaction() as proposals:
        assert proposals.add_candidate_list(drafted("water"))
        assert not proposals.add_candidate_list(drafted("roads"))
        assert proposals.candidate_list(BODY, 2022) == drafted("water")
        proposals.save_candidate_list(kept)
    with store.reading() as proposals:
        assert proposals.candidate_list(BODY, 2022) == kept
        assert proposals.candidate_list_to_change(BODY, 2022) == kept
        assert proposals.candidate_list("dongyang", 2022) is None
        assert proposals.candidate_list_to_change(BODY, 2021) is None


def test_record_comes_back(store):
    kept = Record.put(body=BODY, body_name="永安镇", year=2021, projects=[project()], now=NOW)
    with store.transaction() as proposals:
        assert proposals.record(BODY, 2021) is None
        assert proposals.add_record(kept)
        assert not proposals.add_record(replace(kept, body_name="别的镇"))
    with store.reading() as proposals:
        assert proposals.record(BODY, 2021) == kept


def test_transaction_that_fails_keeps_and_tells_nothing(store):
    def publish_and_hear_and_fail():
        with store.transaction() as proposals:
            proposals.add_candidate_list(published())
            usecases.apply_result(proposals, declared("water"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_and_hear_and_fail()
    assert told(store) == []
    with store.reading() as proposals:
        assert proposals.candidate_list(BODY, 2022) is None


def test_two_publications_at_once_are_one(both):
    usecases.draft_candidates(both[0], BODY, 2022, listed("water", "roads"))

    def publish(store):
        return usecases.publish_candidates(store, BODY, 2022, NOW)

    assert refusals(at_once(both, publish, publish)) == ["candidates-already-published"]
    assert len(told(both[0], "candidates_published")) == 1


def test_draft_and_publication_at_once_leave_what_was_published(both):
    usecases.draft_candidates(both[0], BODY, 2022, listed("water"))
    at_once(
        both,
        lambda store: usecases.publish_candidates(store, BODY, 2022, NOW),
        lambda store: usecases.draft_candidates(store, BODY, 2022, listed("roads")),
    )
    shown = [each["id"] for each in usecases.show_candidates(both[0], BODY, 2022)["projects"]]
    (event,) = told(both[0], "candidates_published")
    assert [each["project"] for each in event["data"]["candidates"]] == shown
    with pytest.raises(CandidatesAlreadyPublished):
        usecases.draft_candidates(both[1], BODY, 2022, listed("roads"))


def test_two_first_drafts_at_once_are_both_taken(both):
    outcomes = at_once(
        both,
        lambda store: usecases.draft_candidates(store, BODY, 2022, listed("water")),
        lambda store: usecases.draft_candidates(store, BODY, 2022, listed("roads")),
    )
    assert refusals(outcomes) == []
    published = usecases.publish_candidates(both[0], BODY, 2022, NOW)
    assert [each["id"] for each in published["projects"]] in (["water"], ["roads"])


def test_two_records_at_once_are_told_once(both):
    same, other = listed("traffic"), listed("wells")
    outcomes = at_once(
        both,
        lambda store: usecases.put_on_record(store, BODY, 2021, same, NOW),
        lambda store: usecases.put_on_record(store, BODY, 2021, same, LATER),
    )
    assert refusals(outcomes) == []
    outcomes = at_once(
        both,
        lambda store: usecases.put_on_record(store, BODY, 2020, same, NOW),
        lambda store: usecases.put_on_record(store, BODY, 2020, other, NOW),
    )
    assert refusals(outcomes) == ["record-exists"]
    assert len(told(both[0], "implementation_started")) == 2


def test_two_replies_at_once_are_one(both):
    with both[0].transaction() as proposals:
        proposals.add_suggestion(suggestion())
    outcomes = at_once(
        both,
        lambda store: usecases.reply(store, BODY, "s1", "列入。", NOW),
        lambda store: usecases.reply(store, BODY, "s1", "不列入。", NOW),
    )
    assert refusals(outcomes) == ["already-replied"]
    (given,) = [each.reply for each in outcomes if not isinstance(each, Refused)]
    with both[1].reading() as proposals:
        assert proposals.suggestion_to_change(BODY, "s1").reply == given


def test_two_results_at_once_both_count(both):
    with both[0].transaction() as proposals:
        proposals.add_candidate_list(published())

    def hear(data):
        def run(store):
            with store.transaction() as proposals:
                usecases.apply_result(proposals, data)

        return run

    first = declared("water", outcome="runoff", tied=["roads", "park"])
    second = declared("park", poll="p2", on_paper=("roads", "park"), declared_at="2022-04-16T04:00:00Z")
    assert at_once(both, hear(first), hear(second)) == [None, None]
    shown = usecases.show_projects(both[0], BODY, 2022)["projects"]
    assert [each["id"] for each in shown] == ["water", "park"]
    assert len(told(both[0], "implementation_started")) == 2
