"""Twilio's callbacks: signed with HMAC-SHA1 over the address and the sorted fields of the form.

https://www.twilio.com/docs/usage/security#validating-requests
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from hookline.carriers.encoding import segment
from hookline.carriers.http.receiving import (
    ID_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    CallbackInvalid,
    CallbackRefused,
    CallbackRequest,
    PublicUrlMissing,
    Reply,
)
from hookline.carriers.http.twilio.dialect import receipt_of
from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.carriers.port import Incoming, Receipt
from hookline.ids import MessageId, is_id

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOTHING_TO_DO = Reply(
    200, b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml"
)
"""TwiML that has Twilio say nothing to the sender."""


class TwilioReceiver:
    """The callbacks of one account."""

    def __init__(self, settings: TwilioSettings, secrets: Mapping[str, str]) -> None:
        self._token = secrets.get("auth_token", "").encode()

    def check(self, request: CallbackRequest) -> None:
        if not request.url:
            raise PublicUrlMissing(
                "Twilio signs the address that it calls. Set HOOKLINE_PUBLIC_URL."
            )
        given = request.headers.get("x-twilio-signature", "").encode("latin-1", "replace")
        fields = request.form()
        fits = [
            hmac.compare_digest(given, sign(self._token, url, fields))
            for url in _ways_to_write(request.url)
        ]
        if not any(fits):
            raise CallbackRefused(
                "The signature is not that of the account's auth token and this address."
            )

    def receipts(self, request: CallbackRequest) -> tuple[Sequence[Receipt], Reply]:
        fields = dict(request.form() if request.method == "POST" else request.parameters())
        sid = _sid(fields)
        status = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
        code = fields.get("ErrorCode") or None
        receipt = receipt_of(sid, status, code)
        if receipt is None:
            return (), Reply()
        ours = dict(request.parameters()).get("message_id", "")
        message_id = MessageId(ours) if is_id("msg", ours) else None
        return (replace(receipt, message_id=message_id),), Reply()

    def messages(self, request: CallbackRequest) -> tuple[Sequence[Incoming], Reply]:
        fields = dict(request.form() if request.method == "POST" else request.parameters())
        text = fields.get("Body", "")[:TEXT_LENGTH_MAX]
        sender, recipient = fields.get("From", ""), fields.get("To", "")
        if not (sender and recipient):
            raise CallbackInvalid("A message needs From and To.")
        cut = segment(text)
        message = Incoming(
            sender,
            recipient,
            text,
            cut.encoding,
            cut.segments,
            carrier_message_id=_sid(fields),
            note=_left_out(fields.get("NumMedia", "0")),
        )
        return (message,), _NOTHING_TO_DO


def sign(token: bytes, url: str, fields: Sequence[tuple[str, str]]) -> bytes:
    """The signature of a callback. A field that is there twice counts once with each value."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return b64encode(hmac.digest(token, text.encode(), "sha1"))


def _ways_to_write(url: str) -> tuple[str, ...]:
    """Twilio signs some addresses with their default port, although they were given without one."""
    parts = urlsplit(url)
    port = _DEFAULT_PORTS.get(parts.scheme)
    if parts.port is None:
        return url, parts._replace(netloc=f"{parts.netloc}:{port}").geturl()
    if parts.port == port:
        return url, parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
    return (url,)


def _sid(fields: Mapping[str, str]) -> str:
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not 0 < len(sid) <= ID_LENGTH_MAX:
        raise CallbackInvalid("A callback needs MessageSid.")
    return sid


def _left_out(media: str) -> str | None:
    if not media.isdecimal() or not int(media[:4]):
        return None
    count = int(media[:4])
    return f"{count} attached {'file was' if count == 1 else 'files were'} left out."
