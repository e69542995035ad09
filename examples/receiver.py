# ruff: noqa: T201, TID251 - an example prints, and has its own clock
"""Receives Hookline's webhooks, verifies their signatures and prints them. Needs only Python.

    WEBHOOK_SECRET=whsec_… python3 examples/receiver.py

RECEIVER_PORT chooses another port than 9000.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(os.environ.get("RECEIVER_PORT", "9000"))
SECRET = os.environ.get("WEBHOOK_SECRET", "")
BODY_BYTES_MAX = 1_000_000
TOLERANCE_S = 300


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures is right and the request is not an old one sent again."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > TOLERANCE_S:
        return False
    content = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"))
    except binascii.Error:
        return False
    expected = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    given = headers.get("webhook-signature", "").split()  # several while a secret is rotated
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is signed, 401 to everything else."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(min(length, BODY_BYTES_MAX))
        if is_signed(SECRET, self.headers, body):
            self.answer(204)  # first the answer, then the work: Hookline waits 15 seconds
            show(json.loads(body))
        else:
            self.answer(401)
            print("refused: the signature is not right", flush=True)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The events say it all."""


def show(event: dict[str, dict[str, str]]) -> None:
    data = event["data"]
    line = f"verified {event['type']}"
    if "text" in data:
        line += f" {data['from']} → {data['to']}: {data['text']}"
    sys.stdout.write(line + "\n")  # in one piece, whoever else writes to the terminal
    sys.stdout.flush()


if __name__ == "__main__":
    if not SECRET:
        sys.exit("Set WEBHOOK_SECRET to the webhook's signing secret (whsec_…).")
    with ThreadingHTTPServer(("127.0.0.1", PORT), Receiver) as server:
        print(f"listening on http://localhost:{PORT}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
