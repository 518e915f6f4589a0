"""python webhook_receiver.py PORT SECRET_FILE: receives webhooks, with Python and nothing else."""

import base64
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECRET = base64.b64decode(Path(sys.argv[2]).read_text().strip().removeprefix("whsec_"))
seen = set()  # in earnest: a table, written in one transaction with what the event causes


def verified(headers, body):
    """Whether it comes from who has the secret, and within the last five minutes."""
    id, sent, marks = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not sent.isdigit() or abs(time.time() - int(sent)) > 300:
        return False
    mark = hmac.digest(SECRET, f"{id}.{sent}.".encode() + body, "sha256")
    wanted = f"v1,{base64.b64encode(mark).decode()}"
    return any(hmac.compare_digest(wanted, each) for each in marks.split())


class Receiver(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if not size.isdigit() or int(size) > 1_000_000:
            self.send_error(413)
            return
        body = self.rfile.read(int(size))
        if not verified(self.headers, body):
            self.send_error(401)
            return
        if self.headers["webhook-id"] not in seen:
            event = json.loads(body)
            print(event["sequence"], event["type"], *event["data"].get("adopted", []), flush=True)
            seen.add(self.headers["webhook-id"])
        self.send_response(204)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
