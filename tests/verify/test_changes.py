"""A record in which anything was changed does not verify, and is told what does not fit."""

import pytest

from piaojue_verify import verify
from tests.verify.changes import at, changes, others, places, put
from tests.verify.records import FOR_AGAINST, KID, OTHER_KEY, SHEET, hashed, mixed_record, record_of, sealed

PROFILE = {"name": "township", "version": "1", "hash": "0" * 64}
RECORDS = {
    "choose": record_of(SHEET),
    "for-against": sealed(record_of(FOR_AGAINST) | {"profile": PROFILE}),
    "mixed": mixed_record(),
}
COUNTED = ("attendance", "reconciliation", "channels", "papers", "result")
UNCOUNTED = {"version", "settled", "struck", "readings", "detail_hash"}
"""What the record says of a channel, and its figures do not."""
STRUCK = ("channels", 2)
NAMED_BY = {
    **dict.fromkeys(COUNTED, "count_hash"),
    "rules": "rules",
    "versions": "rules",
    "profile": "rules",
    "rules_hash": "rules",
    "receipts": "receipts_root",
    "receipts_root": "receipts_root",
    "count_hash": "count_hash",
    "record_hash": "record_hash",
    "signature": "signature",
}
"""The check that tells of a change in a field, beside the record's hash."""


@pytest.fixture(params=RECORDS)
def record(request):
    return RECORDS[request.param]


def failed(report):
    return {check.name for check in report.failed}


def names_the_form(report, path):
    """A fault of form begins with the place, or with that of the object that lacks it."""
    return any(fault.startswith(str(path[0])) for fault in report.check("form").faults)


def told(path, report):
    if "form" in failed(report):
        return names_the_form(report, path)
    names = failed(report)
    if path[0] in NAMED_BY and NAMED_BY[path[0]] not in names:
        return False
    return path[0] in ("record_hash", "signature") or "record_hash" in names


def test_record_that_nobody_changed_verifies(record):
    report = verify(record, key=KID)
    assert report.ok, report.as_text()
    assert {check.state for check in report.checks} == {"holds"}


def test_change_of_anything_is_told_by_its_name(record):
    untold = [path for path, changed in changes(record) if not told(path, verify(changed, key=KID))]
    assert not untold


def test_changes_reach_every_value(record):
    changed = [path for path, _ in changes(record)]
    few = record | {"receipts": record["receipts"][:4]}
    assert set(places(few)) - {()} <= set(changed)
    assert len(changed) > 600


def test_change_with_hashes_made_anew_fails_by_its_signature(record):
    untold, tried = [], 0
    for path, changed in changes(record):
        rehashed = made_anew(changed, hashed)
        if rehashed is None or rehashed == record:
            continue
        report, tried = verify(rehashed), tried + 1
        if "form" in failed(report):
            continue
        expected = {"signature"}
        if rehashed["count_hash"] != record["count_hash"] and rehashed["signatures"]:
            expected.add("signatures")
        if not expected <= failed(report):
            untold.append(path)
    assert not untold
    assert tried > 500


def test_change_signed_by_another_key_fails_when_the_key_is_given(record):
    untold, tried = [], 0
    for path, changed in changes(record):
        forged = made_anew(changed, lambda each: sealed(each, OTHER_KEY))
        if forged is None:
            continue
        report, tried = verify(forged, key=KID), tried + 1
        if not failed(report) & {"form", "trusted_key"}:
            untold.append(path)
    assert not untold
    assert tried > 500


def made_anew(changed, make):
    """None: a change that leaves nothing to hash or sign."""
    try:
        return make(changed)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def test_mark_that_was_changed_and_signed_by_another_key_passes_only_without_the_key():
    papers = [{"times": 72, "marks": ["clinic"]}]
    forged = record_of(SHEET | {"papers": papers}, key=OTHER_KEY)
    assert failed(verify(forged, key=KID)) == {"trusted_key"}
    unknown = verify(forged)
    assert unknown.ok
    assert unknown.check("trusted_key").state == "not-checked"
    assert "anybody could have made" in unknown.check("trusted_key").skipped
    assert any("Whose key" in sentence for sentence in unknown.cannot)


def test_figure_that_is_wrong_fails_even_where_the_service_signed_it(record):
    """So it is the count that is checked, and not only the signature under it."""
    for field in set(COUNTED) & set(record):
        for path in places(record[field], (field,)):
            if UNCOUNTED & set(path) or path[:2] == STRUCK:
                continue
            for other in others(at(record, path)):
                report = verify(sealed(put(record, path, other)), key=KID)
                assert not report.ok, path
                assert report.check("signature").state in ("holds", "not-checked"), path


@pytest.mark.parametrize("field", ["papers", "receipts"])
def test_order_that_could_tell_something_fails(field, record):
    report = verify(sealed(record | {field: record[field][::-1]}))
    assert failed(report) == {field}
    assert all("must be sorted" in fault for fault in report.failed[0].faults)


@pytest.mark.parametrize("field", ["papers", "receipts"])
def test_equal_ones_that_stand_twice_fail(field, record):
    doubled = [each for each in record[field] for _ in range(2)]
    assert field in failed(verify(sealed(record | {field: doubled})))


@pytest.mark.parametrize("number", [0, 71, 73])
def test_receipts_are_as_many_as_papers_cast_by_code(number):
    report = verify(record_of(SHEET, number_of_receipts=number))
    assert failed(report) == {"receipts"}
    assert report.check("receipts").faults == (f"receipts: {number} receipts for 72 papers cast by code",)


@pytest.mark.parametrize("number", [*range(18), 63, 64, 65])
def test_merkle_root_of_any_number_of_receipts(number):
    report = verify(record_of(SHEET, number_of_receipts=number))
    assert report.check("receipts_root").state == "holds"


def signed_by(*chiefs):
    return [(f"s-{place}", f"代表{place}", chief) for place, chief in enumerate(chiefs)]


@pytest.mark.parametrize(
    ("chiefs", "holds"),
    [
        *(((), True), ((True,), True), ((False, True), True), ((False, False, True), True)),
        *(((False,), False), ((True, False), False), ((True, True), False), ((False, False), False)),
    ],
)
def test_one_chief_signs_and_signs_last(chiefs, holds):
    report = verify(record_of(SHEET, scrutineers=signed_by(*chiefs)))
    assert failed(report) == (set() if holds else {"signatures"})


def test_scrutineer_who_signs_twice_fails():
    twice = [("liu-fang", "刘芳", False), ("liu-fang", "刘芳", True)]
    assert failed(verify(record_of(SHEET, scrutineers=twice))) == {"signatures"}


def test_record_that_no_scrutineer_signed_says_so():
    report = verify(record_of(SHEET, scrutineers=()))
    assert report.ok
    assert any("no scrutineer" in sentence for sentence in report.cannot)
    assert not any("no scrutineer" in sentence for sentence in verify(record_of(SHEET)).cannot)


@pytest.mark.parametrize(
    ("path", "value", "check"),
    [
        (("events", 1, "sequence"), 3, "events"),
        (("events", 0, "type"), "piaojue.ballots.poll_closed.v1", "events"),
        (("events", 2, "type"), "piaojue.ballots.turnout_changed.v1", "events"),
        (("events", 3, "type"), "piaojue.ballots.turnout_changed.v1", "events"),
        (("meeting", "opened_at"), "2022-04-16T01:30:00.000001Z", "times"),
        (("poll", "closed_at"), "2022-04-16T01:20:00Z", "times"),
        (("poll", "declared_at"), "2022-04-16T02:01:00Z", "times"),
        (("signatures", 0, "signed_at"), "2022-04-16T01:49:00Z", "times"),
        (("signatures", 0, "signed_at"), "2022-04-16T02:03:00Z", "times"),
        (("meeting", "due"), 80, "attendance"),
        (("meeting", "present"), 80, "attendance"),
        (("rules", "differential"), True, None),
        (("rules", "quorum"), "0/3", "rules"),
    ],
)
def test_what_cannot_have_been_so_fails_though_it_is_signed(path, value, check):
    report = verify(sealed(put(RECORDS["choose"], path, value)))
    assert check is None or check in failed(report)
    assert (check is None) == report.ok


@pytest.mark.parametrize(("place", "holds"), [(6, True), (2, False), (0, False)])
def test_declaration_may_be_among_the_events_as_the_last_of_them(place, holds):
    record = RECORDS["choose"]
    told = [each["type"] for each in record["events"]]
    told.insert(place, "piaojue.ballots.result_declared.v1")
    events = [{"type": each, "sequence": n, "hash": f"{n:064}"} for n, each in enumerate(told, 1)]
    assert failed(verify(sealed(record | {"events": events}))) == (set() if holds else {"events"})


def test_vacant_seats_count_among_all_deputies():
    record = RECORDS["choose"]
    assert verify(sealed(put(record, ("meeting", "due"), 77))).ok


def test_same_hash_of_two_events_fails():
    record = RECORDS["choose"]
    assert failed(verify(sealed(put(record, ("events", 1, "hash"), record["events"][0]["hash"])))) == {
        "events"
    }
