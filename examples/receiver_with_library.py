# ruff: noqa: T201 - an example prints
"""The receiver again, with the official library: pip install standardwebhooks.

Like `receiver.py` it takes WEBHOOK_SECRET and RECEIVER_PORT from the environment.
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

PORT = int(os.environ.get("RECEIVER_PORT", "9000"))
BODY_BYTES_MAX = 1_000_000
webhook = Webhook(os.environ["WEBHOOK_SECRET"])


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is signed, 401 to everything else."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(min(length, BODY_BYTES_MAX))
        try:
            event = webhook.verify(body, dict(self.headers))
        except WebhookVerificationError as error:
            self.answer(401)
            print(f"refused: {error}", flush=True)
        else:
            self.answer(204)  # first the answer, then the work: Hookline waits 15 seconds
            print(f"verified {event['type']} {event['data']['id']}", flush=True)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The events say it all."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", PORT), Receiver) as server:
        print(f"listening on http://localhost:{PORT}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
