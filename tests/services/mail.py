"""A real SMTP server (aiosmtpd) in this process, with what it has taken, and a bad day if wanted."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from hookline.settings import Settings
from tests.services.ports import find_free_port


class MailServer:
    """Takes e-mails, or answers as `refusal` says."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.refusal = ""
        self.port = find_free_port()

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.refusal:
            return self.refusal
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.extend((recipient, message) for recipient in envelope.rcpt_tos)  # type: ignore[misc]
        return "250 Taken"

    def settings(self, base: Settings, **changes: object) -> Settings:
        """The settings with this server in them."""
        values = {
            "smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_security": "none",
            "smtp_from": "hookline@example.com", "smtp_timeout_s": 5.0,
        }  # fmt: skip
        return base.model_copy(update=values | changes)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    yield server
    controller.stop()
