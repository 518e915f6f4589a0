"""A record verified: its form first, since nothing can be said of what has none, then every check."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from piaojue_verify import form, keys
from piaojue_verify.checks import CHECKS
from piaojue_verify.recount import Misfit, UnknownRules, recount
from piaojue_verify.report import Check, Report
from piaojue_verify.strict import NotARecord, canonical, first_fault, read, shown

Record = Mapping[str, Any]

_MOST_FAULTS: Final = 50
_RECEIPT = re.compile(r"[0-9a-f]{64}")

_FORM: Final = "Every field of a record is there, of its kind, and there is none beyond."
_RECOUNT: Final = "The papers, counted again by the rules in the record, give the result in the record."
_TRUSTED: Final = "The key is the one that was given."
_RECEIPT_THERE: Final = (
    "The receipt given is among the receipts: its paper is in the count. What is on it is told to nobody."
)
_NO_KEY: Final = (
    "No key was given. Compare its id with the one that the body has published, or give that one: else "
    "anybody could have made and signed this record."
)

ALWAYS_UNKNOWN: Final = (
    "That the papers are what the deputies marked, and that nobody but deputies marked them: that was seen "
    "in the hall, and a receipt shows only that a paper is in the count.",
    "Who held which slip and whose paper is whose: the record does not know, and is not to.",
    "That the scrutineers themselves confirmed the count: the service signs for whoever showed a "
    "scrutineer's token. Ask them whether this count hash is the one that they confirmed.",
    "That the events are in the log of ballots: compare their numbers and hashes with the log, which "
    "anybody may have kept.",
    "That the times are right: they are those of the service's clock.",
)
NO_SCRUTINEERS: Final = "Who watched the count: no scrutineer has confirmed it."
BY_HAND: Final = (
    "That what was entered by hand, or recorded by a machine, is what the papers say: the papers are in the "
    "body's keeping, and both readings are with those who counted; the record has a hash of them."
)
KEY_UNKNOWN: Final = "Whose key it is: none was given to compare it with."
KEY_KNOWN: Final = "That the key given is the body's own: that is for whoever gave it to know."


def verify(
    record: object,
    *,
    key: str | Mapping[str, Any] | None = None,
    receipt: str | None = None,
    without_recount: bool = False,
) -> Report:
    """The report on a record as parsed from JSON; whatever it holds, there is a report.

    ``key``: the key that the record must be signed with, as its ``kid`` or a JWK; UnusableKey is raised if it
    is neither. ``without_recount``: rules that are not known here, a plugin's, do not make it fail.
    """
    kid = None if key is None else keys.expected_kid(key)
    if fault := first_fault(record):
        return _malformed([fault])
    if faults := list(islice(form.faults(record), _MOST_FAULTS)):
        return _malformed(faults)
    assert isinstance(record, Mapping)
    checks = [Check("form", _FORM), *_checked(record, without_recount)]
    checks.append(_trusted(record, kid))
    if receipt is not None:
        checks.append(_receipt(record, receipt))
    return Report(tuple(checks), tuple(_cannot(record, kid)), _about(record))


def verify_bytes(
    data: bytes,
    *,
    key: str | Mapping[str, Any] | None = None,
    receipt: str | None = None,
    without_recount: bool = False,
) -> Report:
    """As :func:`verify`, of a file's content; what is no strict JSON fails by its form."""
    try:
        record = read(data)
    except NotARecord as fault:
        if key is not None:
            keys.expected_kid(key)
        return _malformed([f"the file {fault}"])
    return verify(record, key=key, receipt=receipt, without_recount=without_recount)


def _malformed(faults: list[str]) -> Report:
    why = "Not made: the record has not the form of one."
    checks = [Check("form", _FORM, tuple(faults))]
    checks += [Check(name, what, skipped=why) for name, (what, _) in CHECKS.items()]
    checks.append(Check("recount", _RECOUNT, skipped=why))
    return Report(tuple(checks))


def _checked(record: Record, without_recount: bool) -> Iterator[Check]:
    for name, (what, faults) in CHECKS.items():
        yield Check(name, what, tuple(islice(faults(record), _MOST_FAULTS)))
        if name == "papers":
            yield _recounted(record, without_recount)


def _recounted(record: Record, without_recount: bool) -> Check:
    try:
        counted = recount(record)
    except Misfit as fault:
        return Check("recount", _RECOUNT, (str(fault),))
    except UnknownRules as unknown:
        why = f"It cannot be counted again here: {unknown}"
        if without_recount:
            return Check("recount", _RECOUNT, skipped=why)
        return Check("recount", _RECOUNT, (why,))
    return Check("recount", _RECOUNT, tuple(islice(_differences(record["result"], counted), _MOST_FAULTS)))


def _differences(recorded: Any, counted: Any, path: str = "result") -> Iterator[str]:
    """Where the two differ, by the names of the fields in the record."""
    if isinstance(recorded, Mapping) and isinstance(counted, Mapping):
        for name in sorted({*recorded, *counted}):
            inside = f"{path}.{shown(name)}"
            if name not in counted:
                yield f"{inside}: is in no count"
            elif name not in recorded:
                yield f"{inside}: is missing; the papers give {shown(counted[name])}"
            else:
                yield from _differences(recorded[name], counted[name], inside)
    elif canonical(recorded) != canonical(counted):
        yield f"{path}: {shown(recorded)} in the record, but the papers give {shown(counted)}"


def _trusted(record: Record, kid: str | None) -> Check:
    if kid is None:
        return Check("trusted_key", _TRUSTED, skipped=_NO_KEY)
    found = keys.thumbprint(record["key"]["x"])
    faults = () if found == kid else (f"key: {found} signed the record, not {kid}",)
    return Check("trusted_key", _TRUSTED, faults)


def _receipt(record: Record, receipt: str) -> Check:
    """The receipt itself is never told: who reads over a shoulder need not know it."""
    given = receipt.strip().lower()
    if not _RECEIPT.fullmatch(given):
        return Check("receipt", _RECEIPT_THERE, ("receipt: must be the 64 hexadecimal digits of the answer",))
    if given not in record["receipts"]:
        return Check("receipt", _RECEIPT_THERE, ("receipts: the receipt given is not among them",))
    if "channels" in record and record["channels"][0]["struck"] is not None:
        why = "channels.0: all papers cast by code were struck, this one too, and others are counted instead"
        return Check("receipt", _RECEIPT_THERE, (why,))
    return Check("receipt", _RECEIPT_THERE)


def _cannot(record: Record, kid: str | None) -> Iterator[str]:
    yield KEY_UNKNOWN if kid is None else KEY_KNOWN
    if not record["signatures"]:
        yield NO_SCRUTINEERS
    if "channels" in record:
        yield BY_HAND
    yield from ALWAYS_UNKNOWN


def _about(record: Record) -> dict[str, str]:
    titles = {candidate["project"]: candidate["title"] for candidate in record["candidates"]}
    found = record["result"]
    return {
        "body": shown(record["body"]["name"]),
        "poll": shown(record["poll"]["title"]),
        "outcome": shown(found["outcome"]),
        "adopted": "; ".join(shown(titles.get(each, each)) for each in found["adopted"]) or "-",
        "count hash": record["count_hash"],
        "record hash": record["record_hash"],
        "signed by": record["key"]["kid"],
    }
