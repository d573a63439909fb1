"""Takes Heliograph's event notifications: believes none unsigned, acts on none twice, answers at once.

Python's standard library alone. `WEBHOOK_SECRET=whsec_... python receiver.py 9000`; put TLS in front of it.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
TOLERANCE = 300  # seconds between their clock and ours
LARGEST = 1024 * 1024  # bytes
seen: OrderedDict[str, None] = OrderedDict()  # in earnest: a table, written in the transaction that acts on the event


def genuine(headers, body: bytes) -> bool:
    """Whether it comes from somebody who has the secret, and just now."""
    id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE:
        return False
    ours = base64.b64encode(hmac.digest(SECRET, f"{id}.{stamp}.".encode() + body, hashlib.sha256))
    theirs = headers.get("webhook-signature", "").split()  # several while a secret is being replaced
    return any(hmac.compare_digest(b"v1," + ours, each.encode()) for each in theirs)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > LARGEST:
            return self.answer(413)
        body = self.rfile.read(length)
        if not genuine(self.headers, body):
            return self.answer(401)
        id = self.headers["webhook-id"]
        if id not in seen:  # an event comes at least once, and a lost answer makes it come again
            seen[id] = None
            if len(seen) > 10_000:
                seen.popitem(last=False)
            event = json.loads(body)
            print(event["timestamp"], event["type"], json.dumps(event["data"]), flush=True)
        return self.answer(204)  # anything but 2xx makes it come again

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """The events are the log."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print("listening", server.server_port, flush=True)
    server.serve_forever()
