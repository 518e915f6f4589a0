"""Follows one log of events, misses none and takes none twice. Needs Python and nothing else.

The position is kept beside what your handler writes: one transaction for both. So nothing is lost or done
twice, whenever this process dies.
"""

import json
import sqlite3
import ssl
from pathlib import Path
from urllib.request import Request, urlopen


class LogBroken(Exception):
    """The log does not continue what we have of it: ask the operator before you go on."""


class Follower:
    """``folder`` is what the operator has handed over; ``feed``: https://…/ballots/events."""

    def __init__(self, folder, feed, file, handle):
        self._token = Path(folder) / "token"
        self._feed = feed
        self._handle = handle
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("CREATE TABLE IF NOT EXISTS position (sequence INTEGER, hash TEXT)")
        if not self._db.execute("SELECT 1 FROM position").fetchone():
            self._db.execute("INSERT INTO position VALUES (0, ?)", ["0" * 64])

    def take(self, event):
        """An event from the broker; what was missed before it is fetched first."""
        if int(event["sequence"]) > self._position()[0] + 1:
            self.catch_up()
        self._next(event)

    def catch_up(self):
        """Takes what the log has and we have not: at the start, and once a minute."""
        while True:
            sequence, hash = self._position()
            page = self._page(sequence, 500)
            tip = page["tip"]
            if tip["sequence"] < sequence or (tip["sequence"] == sequence and tip["hash"] != hash):
                raise LogBroken(f"it ends at {tip['sequence']}, we are at {sequence}")
            for event in page["events"]:
                self._next(event)
            if not page["events"]:
                return

    def go_to(self, sequence):
        """The event after this number is the next one; 0: the first of all. Once set back, all that
        follows is handled again. ValueError: the log has no event of this number."""
        events = [{"hash": "0" * 64}] if sequence == 0 else []
        if sequence > 0:
            events = self._page(sequence - 1, 1)["events"]
        if not events:
            raise ValueError(f"the log has no event {sequence}")
        self._db.execute("UPDATE position SET sequence = ?, hash = ?", [sequence, events[0]["hash"]])

    def _next(self, event):
        with self._db:  # commits, or rolls back
            self._db.execute("BEGIN IMMEDIATE")
            sequence, hash = self._position()
            if int(event["sequence"]) != sequence + 1:
                return
            if event["previoushash"] != hash:
                raise LogBroken(event["sequence"])
            self._handle(event, self._db)
            told = [int(event["sequence"]), event["hash"]]
            self._db.execute("UPDATE position SET sequence = ?, hash = ?", told)

    def _position(self):
        return self._db.execute("SELECT sequence, hash FROM position").fetchone()

    def _page(self, after, limit):
        url = f"{self._feed}?after={after}&limit={limit}"
        headers = {"Authorization": f"Bearer {self._token.read_text().strip()}"}
        with urlopen(Request(url, headers=headers), timeout=30) as answer:
            return json.load(answer)


def broker(folder):
    """The broker's URL, and its TLS for kombu and nameko."""
    folder = Path(folder)
    url, ca = (folder / "broker-url").read_text().strip(), folder / "ca.pem"
    if not url.startswith("amqps:"):
        return url, None
    host = url.rpartition("@")[2].partition("/")[0].rpartition(":")[0].strip("[]")
    ca = str(ca) if ca.exists() else None  # None: one of those that this system trusts
    return url, {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": ca, "server_hostname": host}
