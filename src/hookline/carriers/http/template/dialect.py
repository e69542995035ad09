"""Requests by a template, and what their answers mean."""

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from hookline.carriers.encoding import Encoding
from hookline.carriers.http.dialect import HttpRequest, Outcome, Verdict, callback_url
from hookline.carriers.http.inquiries import Unanswered
from hookline.carriers.http.template.model import (
    AnswerSigns,
    AnswerSuccess,
    AnswerTemplate,
    HttpSettings,
    HttpTemplate,
    RequestTemplate,
)
from hookline.carriers.http.template.placeholders import (
    OF_SECRETS,
    Values,
    fill,
    fill_document,
    fill_path,
    names_in,
    secrets_in,
)
from hookline.carriers.http.template.places import Told
from hookline.carriers.port import Outgoing, Outstanding, Receipt
from hookline.clock import UnixMs
from hookline.ids import CarrierId
from hookline.outbound.errors import Response
from hookline.outbound.http_client import HttpClient
from hookline.outbound.retry_after import parse_retry_after

_THROTTLE_MAX_S = 300.0
_JSON = ("Content-Type", "application/json")
_FORM = ("Content-Type", "application/x-www-form-urlencoded")


class TemplateDialect:
    """One carrier with an HTTP API."""

    can_ask = False

    def __init__(
        self,
        settings: HttpSettings,
        secrets: Mapping[str, str],
        carrier_id: CarrierId,
        public_url: str,
    ) -> None:
        template = settings.template
        self.is_called_back = bool(template.receipts or template.messages)
        self._request = template.request
        self._answer = template.answer
        self._secrets = {
            f"{OF_SECRETS}{name}": secrets.get(name, "")
            for name in secrets_in(names_in(template.request.texts()))
        }
        self._receipts = callback_url(public_url, carrier_id, "receipts")
        self._proof = _proof(template, secrets)

    def request(self, message: Outgoing, now: UnixMs) -> HttpRequest:
        request = self._request
        values = self._values(message, now)
        url = fill_path(request.url, values)
        if request.query:
            query = urlencode({name: fill(text, values) for name, text in request.query.items()})
            url += ("&" if "?" in url else "?") + query
        headers = [(name, fill(text, values)) for name, text in request.headers.items()]
        if request.basic is not None:
            pair = f"{fill(request.basic.user, values)}:{fill(request.basic.password, values)}"
            headers.append(("Authorization", f"Basic {b64encode(pair.encode()).decode('ascii')}"))
        media_type, body = _body(request, values)
        if media_type and "content-type" not in {name.lower() for name, _ in headers}:
            headers.append(media_type)
        return HttpRequest(request.method, url, tuple(headers), body)

    def judge(self, message: Outgoing, response: Response, now: UnixMs) -> Verdict:
        answer, told = self._answer, Told(response.body)
        code = told.find(answer.error_code)
        outcome = _outcome(answer, response.status, code, told)
        if outcome is Outcome.TAKEN:
            known = str(message.message_id) if answer.id is None else told.find(answer.id)
            return Verdict(outcome, known or "")
        is_of_link = outcome in {Outcome.BROKEN, Outcome.LOST}  # where nobody's number may stand
        said = None if is_of_link else told.find(answer.error_text)
        return Verdict(
            outcome,
            error_code=_our_code(answer, code),
            carrier_code=code or str(response.status),
            detail=f"The carrier answered {response.status}{f': {said}' if said else '.'}",
            retry_after_s=_retry_after_s(response, now),
        )

    async def check(self, client: HttpClient, timeout_s: float) -> None:
        """A template names nothing to ask about without sending: the server must be reached."""
        origin = self._request.url.split("?", 1)[0].split("{", 1)[0]
        await client.reach(origin, timeout_s=timeout_s)

    async def ask(self, client: HttpClient, about: Outstanding, timeout_s: float) -> Receipt | None:
        """A template names nothing to ask about messages."""
        raise Unanswered

    def _values(self, message: Outgoing, now: UnixMs) -> Values:
        encoding = message.encoding.value
        left_s = max(1, (message.valid_until - now) // 1_000)
        url = (
            f"{self._receipts}?message_id={message.message_id}{self._proof}"
            if self._receipts
            else ""
        )
        return {
            "from": message.sender,
            "from_digits": message.sender.removeprefix("+"),
            "to": message.recipient,
            "to_digits": message.recipient.removeprefix("+"),
            "text": "".join(message.parts),
            "message_id": message.message_id,
            "receipt_url": url,
            "validity_seconds": left_s,
            "encoding": dict(self._request.encodings).get(encoding, encoding),  # type: ignore[call-overload]  # its keys are these
            "is_unicode": message.encoding is Encoding.UCS2,
            "segments": len(message.parts),
            **self._secrets,
        }


def callbacks_of(settings: HttpSettings) -> dict[str, str]:
    """The kinds of callbacks that a template has, with what an operator has to add to their addresses."""
    template = settings.template
    check = template.check
    query = (
        f"?{check.name}={{{OF_SECRETS}{check.secret}}}" if check and check.type == "query" else ""
    )
    known = {"receipts": template.receipts, "messages": template.messages}
    return {name: query for name, wanted in known.items() if wanted is not None}


def _proof(template: HttpTemplate, secrets: Mapping[str, str]) -> str:
    check = template.check
    if check is None or check.type != "query":
        return ""
    return f"&{quote(check.name, safe='')}={quote(secrets.get(check.secret, ''), safe='')}"


def _body(request: RequestTemplate, values: Values) -> tuple[tuple[str, str] | None, bytes]:
    if request.body is None:
        return None, b""
    if request.body.type == "form":
        fields = {name: fill(text, values) for name, text in dict(request.body.content).items()}
        return _FORM, urlencode(fields).encode("ascii")
    return _JSON, msgspec.json.encode(fill_document(request.body.content, values))


def _outcome(answer: AnswerTemplate, status: int, code: str | None, told: Told) -> Outcome:
    if status == 429 or _is_one(answer.throttled, status, code):
        return Outcome.THROTTLED
    if status == 408 or _is_one(answer.passing, status, code):  # 408: it did not come whole
        return Outcome.PASSING
    if _has_succeeded(answer.success, status, told):
        return Outcome.TAKEN
    if status >= 500:
        return Outcome.LOST
    if status in {401, 407} or 300 <= status < 400:
        return Outcome.BROKEN
    return Outcome.REFUSED


def _is_one(signs: AnswerSigns, status: int, code: str | None) -> bool:
    return status in signs.statuses or code in signs.codes


def _has_succeeded(success: AnswerSuccess, status: int, told: Told) -> bool:
    if not (status in success.statuses if success.statuses else 200 <= status < 300):
        return False
    return success.place is None or told.find(success.place) in success.values


def _our_code(answer: AnswerTemplate, code: str | None) -> str:
    found = (ours for ours, theirs in answer.codes.items() if code in theirs)
    return next(found, "carrier_rejected")


def _retry_after_s(response: Response, now: UnixMs) -> float:
    value = next((text for name, text in response.headers if name.lower() == "retry-after"), "")
    return min(parse_retry_after(value, now) or 0.0, _THROTTLE_MAX_S)
