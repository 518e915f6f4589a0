"""What is told fits the contracts, field for field."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from piaojue_contracts.proposals import (
    CANDIDATES_PUBLISHED_V1,
    IMPLEMENTATION_STARTED_V1,
    SUGGESTION_RECEIVED_V1,
)
from proposals.domain import (
    CandidatesNotPublished,
    Record,
    candidates_published,
    implementation_on_record,
    implementation_started,
    suggestion_received,
    write_instant,
)
from tests.proposals.samples import LATER, drafted, project, published, result, suggestion


def test_suggestion_received_fits_its_contract():
    told = suggestion_received(suggestion())
    SUGGESTION_RECEIVED_V1.check(told)
    assert told["received_at"] == "2022-04-01T02:30:00.000000Z"


def test_candidates_published_fits_its_contract_at_every_length():
    long = project("x" * 63, title="题" * 300, content="容" * 4000, budget=10**15 - 1)
    told = candidates_published(drafted().put(long).publish(LATER))
    CANDIDATES_PUBLISHED_V1.check(told)
    assert told["candidates"][0]["budget"] == "999999999999999.00"
    with pytest.raises(CandidatesNotPublished):
        candidates_published(drafted("water"))


def test_implementation_started_fits_its_contract():
    declared = result(adopted=["park"])
    after, started = published().decided(declared)
    told = implementation_started(after, started, declared)
    IMPLEMENTATION_STARTED_V1.check(told)
    assert (told["origin"], told["started_at"]) == ("result", "2022-04-16T02:30:00.000000Z")
    assert [each["project"] for each in told["projects"]] == ["park"]


def test_implementation_on_record_fits_its_contract():
    record = Record.put(
        body="yongan", body_name="永安镇人民代表大会", year=2021, projects=[project()], now=LATER
    )
    told = implementation_on_record(record)
    IMPLEMENTATION_STARTED_V1.check(told)
    assert told["origin"] == "record"


def test_instant_is_written_in_utc_and_never_without_a_zone():
    in_china = datetime(2022, 4, 16, 9, 30, tzinfo=timezone(timedelta(hours=8)))
    assert write_instant(in_china) == "2022-04-16T01:30:00.000000Z"
    assert write_instant(datetime(22, 4, 16, tzinfo=UTC)) == "0022-04-16T00:00:00.000000Z"
    with pytest.raises(ValueError, match="zone"):
        write_instant(datetime(2022, 4, 16))
