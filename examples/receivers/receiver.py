# ruff: noqa: T201, TID251 - an example prints, and has its own clock
"""A complete receiver of Hookline's webhooks. Needs only Python 3.9 or newer.

    WEBHOOK_SECRET=whsec_… python3 examples/receivers/receiver.py

It verifies, stores, answers, and works afterwards, so that a crash at any point loses nothing:
what was not answered comes again, and what was answered is in the inbox. WEBHOOK_SECRET may hold
several secrets with spaces between, RECEIVER_PORT another port than 9000, INBOX another file than
inbox.jsonl. A real service keeps the inbox in its database: a table whose key is the event's id.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECRETS = os.environ.get("WEBHOOK_SECRET", "").split()
PORT = int(os.environ.get("RECEIVER_PORT", "9000"))
INBOX = Path(os.environ.get("INBOX", "inbox.jsonl"))
BODY_BYTES_MAX = 1_000_000
TOLERANCE_S = 300


def is_signed(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a signature is right, by any secret, and the request no old one sent again."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > TOLERANCE_S:
        return False
    content = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    given = headers.get("webhook-signature", "").split()  # two while a secret is rotated
    for secret in SECRETS:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"))
        except binascii.Error:
            continue
        expected = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        if any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
            return True
    return False


class Inbox:
    """Events that were answered, a line each; a second file counts those that are done."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._done_file = Path(f"{file}.done")
        self._lock = threading.Lock()
        self._ids = set()
        self._latest = {}  # how far each resource is; a real service has it in the resource's row
        self._waiting = queue.SimpleQueue()
        self._done = int(self._done_file.read_text()) if self._done_file.exists() else 0
        lines = file.read_text().splitlines() if file.exists() else []
        for number, line in enumerate(lines):
            event = json.loads(line)
            self._ids.add(event["id"])
            if number < self._done:
                self._note(event)
            else:
                self._waiting.put(event)

    def take(self, event: dict) -> bool:
        """Store it durably; False when it is there already. Raises OSError."""
        with self._lock:
            if event["id"] in self._ids:
                return False
            with self._file.open("a") as inbox:
                inbox.write(json.dumps(event) + "\n")
                inbox.flush()
                os.fsync(inbox.fileno())
            self._ids.add(event["id"])
        self._waiting.put(event)
        return True

    def work(self) -> None:
        """One event after the other, for ever."""
        while True:
            event = self._waiting.get()
            if self._note(event):
                handle(event)
            else:
                say(f"older {event['type']} {event['data']['id']} {event['sequence']}")
            self._done += 1
            self._done_file.write_text(str(self._done))

    def _note(self, event: dict) -> bool:
        """Whether it is newer than all that is known of its resource."""
        resource, sequence = event["data"]["id"], event["sequence"]
        if sequence <= self._latest.get(resource, 0):
            return False
        self._latest[resource] = sequence
        return True


def handle(event: dict) -> None:
    """Your work. It may be done twice if the program dies in the middle of it."""
    say(f"did {event['type']} {event['data']['id']} {event['sequence']}")


class Receiver(BaseHTTPRequestHandler):
    """204: stored, or known already. 401: not signed. 503: come again later."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self.answer(413)
            return
        body = self.rfile.read(length)
        if not is_signed(self.headers, body):
            say("refused: the signature is not right")
            self.answer(401)
            return
        event = json.loads(body)
        try:
            is_new = inbox.take(event)
        except OSError as error:
            say(f"not stored: {error}")
            self.answer(503, ("retry-after", "30"))
            return
        self.answer(204)
        if not is_new:
            say(f"again {event['id']}")

    def answer(self, status: int, *headers: tuple) -> None:
        self.send_response(status)
        for name, value in (("content-length", "0"), *headers):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """What is printed says it all."""


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    if not SECRETS:
        sys.exit("Set WEBHOOK_SECRET to the webhook's signing secret (whsec_…).")
    inbox = Inbox(INBOX)
    threading.Thread(target=inbox.work, daemon=True).start()
    with ThreadingHTTPServer(("127.0.0.1", PORT), Receiver) as server:
        say(f"listening on http://localhost:{PORT}/")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
