"""Requests to Twilio's Messages API (2010-04-01), and what its answers mean."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from hookline.carriers.http.dialect import (
    HttpRequest,
    Outcome,
    Unreached,
    Verdict,
    callback_url,
)
from hookline.carriers.http.inquiries import Unanswered
from hookline.carriers.http.receiving import CODE_LENGTH_MAX
from hookline.carriers.http.twilio.codes import RECEIPT_ERRORS, error_code_of, outcome_of, state_of
from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.carriers.port import Outgoing, Outstanding, Receipt, ReceiptState
from hookline.clock import UnixMs
from hookline.ids import CarrierId
from hookline.outbound.errors import Response
from hookline.outbound.http_client import HttpClient
from hookline.outbound.retry_after import parse_retry_after

VALIDITY_MAX_S = 36_000
_THROTTLE_MAX_S = 300.0
_DETAIL_MAX = 200
_KEPT_BYTES = 16_384
_ADVICE = {
    401: "Check the account SID and the auth token, or the API key and its secret.",
    403: "Check that the account is active, and that the API key may send messages.",
    404: "Check the account SID.",
}


class Fate(msgspec.Struct):
    """A message's own resource, as far as it matters."""

    status: str = ""
    error_code: int | None = None


class Problem(msgspec.Struct):
    """The body of an answer, as far as it matters."""

    sid: str | None = None
    code: int | None = None
    message: str | None = None


class TwilioDialect:
    """One account at Twilio."""

    is_called_back = True
    can_ask = True

    def __init__(
        self,
        settings: TwilioSettings,
        secrets: Mapping[str, str],
        carrier_id: CarrierId,
        public_url: str,
    ) -> None:
        self._settings = settings
        self._account = f"{settings.base_url}/2010-04-01/Accounts/{settings.account_sid}"
        self._receipts = callback_url(public_url, carrier_id, "receipts")
        user, password = settings.account_sid, secrets.get("auth_token", "")
        if settings.api_key_sid:
            user, password = settings.api_key_sid, secrets.get("api_key_secret", "")
        pair = b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._headers = (("Authorization", f"Basic {pair}"), ("Accept", "application/json"))

    def request(self, message: Outgoing, now: UnixMs) -> HttpRequest:
        fields = {"To": message.recipient, "From": message.sender, "Body": "".join(message.parts)}
        if self._settings.messaging_service_sid:
            fields["MessagingServiceSid"] = self._settings.messaging_service_sid
        if self._settings.send_validity:
            left_s = (message.valid_until - now) // 1_000
            fields["ValidityPeriod"] = str(max(1, min(left_s, VALIDITY_MAX_S)))
        if self._receipts:
            fields["StatusCallback"] = f"{self._receipts}?message_id={message.message_id}"
        return HttpRequest(
            "POST",
            f"{self._account}/Messages.json",
            (*self._headers, ("Content-Type", "application/x-www-form-urlencoded")),
            urlencode(fields).encode("ascii"),
        )

    def judge(self, message: Outgoing, response: Response, now: UnixMs) -> Verdict:
        told = _problem(response)
        if 200 <= response.status < 300:
            return Verdict(Outcome.TAKEN, told.sid or "")
        outcome = outcome_of(response.status, told.code)
        is_of_link = outcome in {Outcome.BROKEN, Outcome.LOST}  # where nobody's number may stand
        return Verdict(
            outcome,
            error_code=error_code_of(told.code),
            carrier_code=str(told.code or response.status),
            detail=_detail(response.status, Problem() if is_of_link else told),
            retry_after_s=_retry_after_s(response, now),
        )

    async def ask(self, client: HttpClient, about: Outstanding, timeout_s: float) -> Receipt | None:
        sid = about.carrier_message_ids[0]
        response = await client.request(
            "GET", f"{self._account}/Messages/{quote(sid, safe='')}.json", self._headers, b"",
            timeout_s=timeout_s, kept_max=_KEPT_BYTES,
        )  # fmt: skip
        if response.status == 404:  # deleted at Twilio: nobody will ever know
            return None
        if response.status != 200:
            raise Unanswered
        try:
            fate = msgspec.json.decode(response.body, type=Fate)
        except msgspec.MsgspecError as error:
            raise Unanswered from error
        return receipt_of(sid, fate.status, str(fate.error_code) if fate.error_code else None)

    async def check(self, client: HttpClient, timeout_s: float) -> None:
        """Ask Twilio for the account. An API key may be one that must not see it."""
        response = await client.request(
            "GET", f"{self._account}.json", self._headers, b"",
            timeout_s=timeout_s, kept_max=_KEPT_BYTES,
        )  # fmt: skip
        told = _problem(response)
        is_restricted = response.status == 403 and self._settings.api_key_sid
        if not (200 <= response.status < 300 or is_restricted):
            raise Unreached(_detail(response.status, told))


def receipt_of(sid: str, status: str, code: str | None) -> Receipt | None:
    """What a message's state means; None while it can still change."""
    state = state_of(status, code)
    if state is None:
        return None
    told = None if state is ReceiptState.DELIVERED else (code or status)[:CODE_LENGTH_MAX]
    ours = RECEIPT_ERRORS.get(code or "") if state is ReceiptState.UNDELIVERED else None
    return Receipt(sid, state, told, error_code=ours)


def _problem(response: Response) -> Problem:
    """What the answer says; nothing where it is not what Twilio sends."""
    try:
        found: Any = msgspec.json.decode(response.body)  # Any: JSON
        return msgspec.convert(found, Problem, strict=False)
    except msgspec.MsgspecError:
        return Problem()


def _detail(status: int, told: Problem) -> str:
    said = f": {told.message[:_DETAIL_MAX]}" if told.message else "."
    text = f"Twilio answered {status}{said}"
    advice = _ADVICE.get(status)
    if 300 <= status < 400:
        advice = "Set base_url to the address that it redirects to."
    return f"{text.rstrip('.')}. {advice}" if advice else text


def _retry_after_s(response: Response, now: UnixMs) -> float:
    value = next((text for name, text in response.headers if name.lower() == "retry-after"), "")
    return min(parse_retry_after(value, now) or 0.0, _THROTTLE_MAX_S)
