"""Records as a service makes them, from a count sheet with papers; hashed and signed by means of their
own."""

import json
from base64 import urlsafe_b64encode
from collections import Counter
from copy import deepcopy
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ballots.domain import Rules, count_sheet
from piaojue_contracts.envelope import canonical

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SCRUTINEERS = (("liu-fang", "刘芳", False), ("chen-wei", "陈伟", False), ("he-jun", "何军", True))
RULE_FIELDS = ("seats", "marking", "adoption", "quorum", "differential")

SHEET = {
    "deputies": 79,
    "present": 76,
    "seats": 2,
    "candidates": ["well", "road", "clinic"],
    "marking": {"scheme": "choose", "at_most": 2},
    "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
    "issued": 76,
    "papers": [
        {"times": 41, "marks": ["well", "road"]},
        {"times": 20, "marks": ["well", "clinic"]},
        {"times": 6, "marks": ["road"]},
        {"times": 3, "marks": []},
        {"times": 2, "marks": ["well", "road", "clinic"]},
    ],
}
FOR_AGAINST = SHEET | {
    "marking": {"scheme": "for-against"},
    "papers": [
        {"times": 41, "marks": {"well": "for", "road": "against"}},
        {"times": 9, "marks": {"road": "for", "clinic": "abstain"}},
        {"times": 4, "marks": {}},
    ],
}


def digest(value):
    return sha256(canonical(value)).hexdigest()


def base64url(octets):
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def jwk(key):
    x = base64url(key.public_key().public_bytes_raw())
    kid = base64url(sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": x})).digest())
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid}


KID, OTHER_KID = jwk(KEY)["kid"], jwk(OTHER_KEY)["kid"]


def sign(key, message):
    return base64url(key.sign(canonical(message)))


def merkle_root(leaves):
    """By a stack of whole trees, from the left: another way to what RFC 6962 says by halving."""
    trees = []
    for leaf in leaves:
        trees.append((1, sha256(b"\0" + leaf).digest()))
        while len(trees) > 1 and trees[-1][0] == trees[-2][0]:
            join(trees)
    while len(trees) > 1:
        join(trees)
    return (trees[0][1] if trees else sha256(b"").digest()).hex()


def join(trees):
    (right_size, right), (left_size, left) = trees.pop(), trees.pop()
    trees.append((left_size + right_size, sha256(b"\1" + left + right).digest()))


def sealed_papers(papers, candidates):
    """Equal ones joined, in an order of their content; marks in the order of the paper."""
    joined = Counter()
    for paper in papers:
        several = isinstance(paper, dict) and isinstance(paper.get("times"), int)
        times, marks = (paper["times"], paper["marks"]) if several else (1, paper)
        if isinstance(marks, list):
            marks = sorted(marks, key=candidates.index)
        joined[canonical(marks)] += times
    return [{"times": joined[marks], "marks": json.loads(marks)} for marks in sorted(joined)]


def receipts(number):
    return sorted(sha256(f"receipt {place}".encode()).hexdigest() for place in range(number))


def rules_of(sheet):
    return Rules.read({name: sheet[name] for name in RULE_FIELDS if name in sheet}).as_json()


def record_of(sheet, *, result=None, number_of_receipts=None, scrutineers=SCRUTINEERS, key=KEY):
    """The record of a poll with this sheet, which has papers; ``result``: other than the service counts."""
    counted = count_sheet(sheet) if result is None else result
    papers = sealed_papers(sheet["papers"], sheet["candidates"])
    total = sum(paper["times"] for paper in papers)
    figures = ("issued", "returned", "unreturned", "valid", "invalid", "blank")
    record = {
        "format": "piaojue-record",
        "version": 1,
        "region": "430181",
        "body": {"id": "yongan", "name": "永安镇人民代表大会", "level": "township"},
        "meeting": {
            **{"id": "yongan-2022-1", "title": "第二次会议", "due": sheet["deputies"]},
            **{"present": sheet["present"], "opened_at": "2022-04-16T01:00:00.000000Z"},
        },
        "poll": {
            **{"id": "projects-2022", "title": "2022年民生实事项目票决", "year": 2022},
            "opened_at": "2022-04-16T01:30:00.000000Z",
            "closed_at": "2022-04-16T01:50:00.000000Z",
            "declared_at": "2022-04-16T02:20:00.000000Z",
        },
        "rules": rules_of(sheet),
        "versions": {"adoption": "1", "marking": "1"},
        "candidates": [{"project": each, "title": f"{each} 项目"} for each in sheet["candidates"]],
        "attendance": {"deputies": sheet["deputies"], "present": sheet["present"]},
        "reconciliation": {name: counted[name] for name in figures},
        "papers": papers,
        "receipts": receipts(total if number_of_receipts is None else number_of_receipts),
        "result": counted,
        "signatures": [
            {
                "scrutineer": id,
                "name": name,
                "chief": chief,
                "signed_at": f"2022-04-16T02:0{place}:00.000000Z",
            }
            for place, (id, name, chief) in enumerate(scrutineers)
        ],
        "events": events(len(scrutineers)),
    }
    return sealed(json.loads(canonical(record)), key)


def figures_of(channel, kind, issued, valid, invalid, blank):
    returned = valid + invalid
    return {
        **{"channel": channel, "kind": kind, "issued": issued, "returned": returned},
        **{"unreturned": issued - returned, "valid": valid, "invalid": invalid, "blank": blank},
    }


def mixed_record():
    """Of the same papers as SHEET's: by code, by hand, and a tally in place of a keypad that failed."""
    per_channel = [
        figures_of("codes", "codes", 43, 41, 0, 0),
        figures_of("hall", "hand-papers", 28, 24, 2, 3),
        figures_of("again", "hand-tallies", 5, 5, 0, 0),
    ]
    by_hand = {"version": "1", "settled": 0, "struck": None, "replaces": None}
    tally = {"valid": 5, "invalid": 0, "blank": 0, "tallies": {"well": 5, "road": 0, "clinic": 5}}
    channels = [
        {"channel": "codes", "kind": "codes", "issued": 43, "struck": None},
        by_hand
        | {"channel": "hall", "kind": "hand-papers", "issued": 28, "returned": 26, "settled": 1}
        | {"detail_hash": digest("hall")},
        by_hand
        | {"channel": "keys", "kind": "keypad", "issued": 5, "returned": None, "struck": "接收器故障"}
        | {"readings": [[{"times": 2, "marks": ["road"]}]], "detail_hash": digest("keys")},
        by_hand
        | {"channel": "again", "kind": "hand-tallies", "issued": 5, "returned": 5, "replaces": "keys"}
        | {"tally": tally, "detail_hash": digest("again")},
    ]
    papers = [
        {"times": 41, "marks": ["well", "road"]},
        {"times": 15, "marks": ["well", "clinic"]},
        {"times": 6, "marks": ["road"]},
        {"times": 3, "marks": []},
        {"times": 1, "marks": ["well", "road", "clinic"]},
        {"times": 1, "marks": None},
    ]
    record = record_of(SHEET)
    told = record["events"]
    struck = {"type": "piaojue.ballots.channel_struck.v1", "sequence": 8, "hash": digest("struck")}
    record |= {
        "channels": channels,
        "receipts": receipts(41),
        "papers": sealed_papers(papers, SHEET["candidates"]),
        "reconciliation": record["reconciliation"] | {"channels": per_channel},
        "result": record["result"] | {"channels": per_channel},
        "events": [*told[:3], struck, *told[3:]],
    }
    return sealed(json.loads(canonical(record)))


def events(signed):
    """Up to the declaration, which tells the record's hash and so is not in it."""
    told = ["poll_opened", "turnout_changed", "poll_closed", "poll_counted", *["count_signed"] * signed]
    return [
        {"type": f"piaojue.ballots.{name}.v1", "sequence": 3 + 2 * place, "hash": digest(["event", place])}
        for place, name in enumerate(told)
    ]


def hashed(record):
    """The record with every hash made anew, and no signature."""
    record = deepcopy(record)
    rules, projects = record["rules"], [each["project"] for each in record["candidates"]]
    fixed = {"rules": rules, "versions": record["versions"], "candidates": projects}
    fixed |= {"profile": record["profile"]} if "profile" in record else {}
    record["rules_hash"] = digest(fixed)
    record["receipts_root"] = merkle_root([bytes.fromhex(each) for each in record["receipts"]])
    counted = ["candidates", "rules_hash", "attendance", "reconciliation", "papers", "receipts_root"]
    counted += ["result", "channels"] if "channels" in record else ["result"]
    ids = {name: record[name]["id"] for name in ("body", "meeting", "poll")}
    record["count_hash"] = digest({name: record[name] for name in counted} | ids)
    return hashed_whole(record)


def hashed_whole(record):
    content = {name: value for name, value in record.items() if name not in ("record_hash", "signature")}
    return record | {"record_hash": digest(content)}


def sealed(record, key=KEY):
    """The record with every hash and every signature made anew, by this key."""
    record = hashed(record | {"key": jwk(key)})
    for each in record["signatures"]:
        said = [each[name] for name in ("scrutineer", "name", "chief", "signed_at")]
        each["signature"] = sign(key, ["piaojue-count-signature-1", record["count_hash"], *said])
    record = hashed_whole(record)
    return record | {"signature": sign(key, ["piaojue-record-1", record["record_hash"]])}
