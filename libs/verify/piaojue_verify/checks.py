"""Each check of a record whose form is right: a function that yields what does not fit, naming the field."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from piaojue_verify import hashes, keys
from piaojue_verify.channels import channels
from piaojue_verify.form import moment
from piaojue_verify.recount import quorum_needed, tallies
from piaojue_verify.strict import canonical, shown

Record = Mapping[str, Any]
Faults = Iterator[str]

_SHARED = ("issued", "returned", "unreturned", "valid", "invalid", "blank")


def record_hash(record: Record) -> Faults:
    if hashes.record_hash(record) != record["record_hash"]:
        yield "record_hash: is not the hash of this content; some field is not what was signed"


def rules(record: Record) -> Faults:
    if hashes.rules_hash(record) != record["rules_hash"]:
        yield "rules_hash: is not the hash of these rules, versions and candidates"
    projects = [candidate["project"] for candidate in record["candidates"]]
    if len(set(projects)) != len(projects):
        yield "candidates: a project is on the paper twice"
    if record["rules"]["differential"] and len(projects) <= record["rules"]["seats"]:
        yield "candidates: the rules ask for more candidates than seats"
    if record["rules"]["quorum"].startswith("0/"):
        yield "rules.quorum: must be more than none of the deputies"


def attendance(record: Record) -> Faults:
    there, meeting, result = record["attendance"], record["meeting"], record["result"]
    deputies, present = there["deputies"], there["present"]
    if present > deputies:
        yield f"attendance.present: {present} present of {deputies} deputies"
    if meeting["present"] > meeting["due"]:
        yield f"meeting.present: {meeting['present']} present of {meeting['due']} due to attend"
    if deputies < meeting["due"]:  # more there may be, where seats are vacant
        yield f"attendance.deputies: {deputies}, but {meeting['due']} were due to attend"
    for name in ("deputies", "present"):
        if result[name] != there[name]:
            yield f"result.{name}: {result[name]}, but attendance.{name} is {there[name]}"
    needed = quorum_needed(deputies, record["rules"]["quorum"])
    if result["quorum_needed"] != needed:
        yield f"result.quorum_needed: {result['quorum_needed']}, but the rules ask for {needed}"
    if (result["outcome"] == "no-quorum") != (present < needed):
        yield f"result.outcome: {shown(result['outcome'])}, with {present} present of the {needed} needed"


def reconciliation(record: Record) -> Faults:
    figures, result = record["reconciliation"], record["result"]
    issued, returned = figures["issued"], figures["returned"]
    if figures["unreturned"] != max(issued - returned, 0):
        yield f"reconciliation.unreturned: {figures['unreturned']}, of {issued} issued, {returned} returned"
    if returned != figures["valid"] + figures["invalid"]:
        yield f"reconciliation.returned: {returned}, but valid and invalid are " + (
            f"{figures['valid'] + figures['invalid']} together"
        )
    if (figures["blank"] or 0) > figures["valid"]:
        yield f"reconciliation.blank: {figures['blank']} of {figures['valid']} valid papers"
    if issued > record["attendance"]["present"]:
        yield f"reconciliation.issued: {issued} papers, to {record['attendance']['present']} deputies present"
    for name in _SHARED:
        if figures[name] != result[name]:
            yield f"reconciliation.{name}: {figures[name]}, but result.{name} is {result[name]}"
    per_channel = figures.get("channels", [])
    too_many = returned > issued or any(each["returned"] > each["issued"] for each in per_channel)
    undecided = result["outcome"] == "no-quorum"
    if not undecided and (result["outcome"] == "void") != too_many:
        yield f"result.outcome: {shown(result['outcome'])}, with {returned} returned of {issued} issued"
    if canonical(result.get("channels")) != canonical(figures.get("channels")):
        yield "reconciliation.channels: are not those of result.channels"


def papers(record: Record) -> Faults:
    total, returned = _papers(record), record["reconciliation"]["returned"]
    by_figures = sum(tally["valid"] + tally["invalid"] for _, tally in tallies(record))
    if total + by_figures != returned:
        beside = f" and {by_figures} in tallies" if by_figures else ""
        yield f"papers: {total} papers{beside}, but reconciliation.returned is {returned}"
    marks = [canonical(paper["marks"]) for paper in record["papers"]]
    for number, (before, after) in enumerate(pairwise(marks), 1):
        if before == after:
            yield f"papers.{number}: equal papers must stand together as one"
        elif before > after:
            yield f"papers.{number}: must be sorted, so that nothing is told by their order"


def receipts(record: Record) -> Faults:
    number, total = len(record["receipts"]), papers_by_code(record)
    if number != total:
        yield f"receipts: {number} receipts for {total} papers cast by code"
    for place, (before, after) in enumerate(pairwise(record["receipts"]), 1):
        if before == after:
            yield f"receipts.{place}: is there twice"
        elif before > after:
            yield f"receipts.{place}: must be sorted, so that nothing is told by their order"


def receipts_root(record: Record) -> Faults:
    leaves = [bytes.fromhex(receipt) for receipt in record["receipts"]]
    if hashes.merkle_root(leaves) != record["receipts_root"]:
        yield "receipts_root: is not the Merkle root of these receipts"


def result(record: Record) -> Faults:
    found, seats = record["result"], record["rules"]["seats"]
    projects = {candidate["project"] for candidate in record["candidates"]}
    named = [*found["adopted"], *found["tied"]]
    if not set(named) <= projects:
        yield "result: adopts or ties a project that is not on the paper"
    if len(set(named)) != len(named):
        yield "result: names a project twice"
    if len(found["adopted"]) + found["open_seats"] != seats:
        adopted = len(found["adopted"])
        yield f"result.open_seats: {found['open_seats']}, with {adopted} adopted for {seats} seats"
    if found["votes"] is not None and set(found["votes"]) != projects:
        yield "result.votes: are not those of the projects on the paper"


def count_hash(record: Record) -> Faults:
    if hashes.count_hash(record) != record["count_hash"]:
        yield "count_hash: is not the hash of this count; some of it is not what was confirmed"


def signatures(record: Record) -> Faults:
    signed = record["signatures"]
    for place, each in enumerate(signed):
        said = [each[name] for name in ("scrutineer", "name", "chief", "signed_at")]
        message = ["piaojue-count-signature-1", record["count_hash"], *said]
        if not keys.has_signed(record["key"]["x"], each["signature"], message):
            yield f"signatures.{place}: is not of this count hash, this name and this time"
    if len({each["scrutineer"] for each in signed}) != len(signed):
        yield "signatures: a scrutineer has signed twice"
    chiefs = [place for place, each in enumerate(signed) if each["chief"]]
    if signed and chiefs != [len(signed) - 1]:
        yield "signatures: there must be one chief scrutineer, who signs last"


def events(record: Record) -> Faults:
    told = record["events"]
    for place, (before, after) in enumerate(pairwise(told), 1):
        if after["sequence"] <= before["sequence"]:
            yield f"events.{place}.sequence: {after['sequence']} does not come after {before['sequence']}"
    if len({each["hash"] for each in told}) != len(told):
        yield "events: two have the same hash"
    names = [each["type"].removeprefix("piaojue.ballots.").partition(".")[0] for each in told]
    for name in ("poll_opened", "poll_closed", "poll_counted"):
        if names.count(name) != 1:
            yield f"events: must hold {name} once"
    order = [name for name in names if name in _LIFE]
    if order != sorted(order, key=_LIFE.index):
        yield f"events: must come in the order {', '.join(_LIFE)}"
    struck = sum(each["struck"] is not None for each in record.get("channels", []))
    if names.count("channel_struck") != struck:
        yield "events: must hold channel_struck for each channel that was struck"
    if names.count("count_signed") < len(record["signatures"]):
        yield "events: must hold count_signed for each signature"


_LIFE: Final = ("poll_opened", "poll_closed", "poll_counted", "result_declared")


def times(record: Record) -> Faults:
    poll = record["poll"]
    life = {"meeting.opened_at": record["meeting"]["opened_at"]}
    life |= {f"poll.{name}": poll[name] for name in ("opened_at", "closed_at", "declared_at")}
    for (earlier, before), (later, after) in pairwise(life.items()):
        if moment(after) < moment(before):
            yield f"{later}: is before {earlier}"
    signed = [moment(each["signed_at"]) for each in record["signatures"]]
    for place, when in enumerate(signed):
        if not moment(poll["closed_at"]) <= when <= moment(poll["declared_at"]):
            yield f"signatures.{place}.signed_at: is not between closing and declaring"
        if when > signed[-1]:
            yield f"signatures.{place}.signed_at: is after the chief's"


def key(record: Record) -> Faults:
    if keys.thumbprint(record["key"]["x"]) != record["key"]["kid"]:
        yield "key.kid: is not the thumbprint of this key"


def signature(record: Record) -> Faults:
    message = ["piaojue-record-1", record["record_hash"]]
    if not keys.has_signed(record["key"]["x"], record["signature"], message):
        yield "signature: is not of this record hash by this key"


def papers_by_code(record: Record) -> int:
    """How many papers were cast by code, counted or struck."""
    if "channels" not in record:
        return _papers(record)
    codes = record["channels"][0]
    if codes["struck"] is not None:
        return sum(paper["times"] for papers in codes.get("readings", []) for paper in papers)
    per_channel = record["reconciliation"].get("channels", [])
    return sum(each["returned"] for each in per_channel if each["channel"] == codes["channel"])


def _papers(record: Record) -> int:
    return sum(paper["times"] for paper in record["papers"])


CHECKS: Final[Mapping[str, tuple[str, Callable[[Record], Faults]]]] = {
    "rules": (
        "The rules, their versions and the projects in their order are those with the hash in rules_hash, "
        "and they are possible.",
        rules,
    ),
    "attendance": (
        "Present, due to attend and the quorum fit each other, the rules and the result.",
        attendance,
    ),
    "reconciliation": (
        "Issued = returned + unreturned; returned = valid + invalid; no more were issued than deputies were "
        "present; the result has the same figures.",
        reconciliation,
    ),
    "papers": (
        "There are as many papers as were returned, sorted by their marks; their order tells nothing.",
        papers,
    ),
    "channels": (
        "Each channel is reconciled, and they are the whole together; one that was struck is replaced whole.",
        channels,
    ),
    "result": ("Adopted, tied and open seats fit the projects and the seats.", result),
    "receipts": (
        "The receipts are sorted, none is there twice, and they are as many as papers were cast by code.",
        receipts,
    ),
    "receipts_root": ("Their Merkle root is the one given.", receipts_root),
    "count_hash": (
        "Rules, projects, attendance, figures, papers, receipts and result are those with the hash in "
        "count_hash, which the scrutineers confirmed.",
        count_hash,
    ),
    "signatures": (
        "Each scrutineer's confirmation is of this count hash, and the chief's comes last.",
        signatures,
    ),
    "events": ("The poll's events stand in the log of ballots one after another.", events),
    "times": ("Opening, closing, signing and declaring follow each other.", times),
    "record_hash": ("Every field of the record is in the hash in record_hash.", record_hash),
    "signature": ("The service signed that hash with the key in the record.", signature),
    "key": ("The key's id is its thumbprint, so that no other key can have it.", key),
}
"""Name → what holds if it holds, and the check. The recount stands between, see ``verifying``."""
