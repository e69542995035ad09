"""The v3 surface: one webhook URL a channel, and notifications in its shape.

Wire-compatible by contract: paths, envelopes, messages and fields here are fixed. The endpoints
behind it are ordinary ones, signed, retried and shown in the console like all others.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookline.api.authentication import Authenticator, WrongClientId, authenticate
from hookline.api.context import context_of
from hookline.api.limits import RateLimiter
from hookline.api.wire import check_text
from hookline.errors import HooklineError, Invalid, MalformedRequest
from hookline.events.model import EventType
from hookline.ids import to_uuid
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.webhooks.channels import ChannelTarget, find_channel_endpoint, put_channel_endpoint
from hookline.webhooks.model import Endpoint

FORMAT = "v3"
TIMEOUT_S = 5.0
_URL_MAX = 2_048
_BODY_MAX = 16_384

_SMS = "sms"
_CALLS = "calls"
_EVENTS = {_SMS: ("message.*",), _CALLS: (EventType.CALL_INCOMING.value,)}
_DESCRIPTIONS = {_SMS: "SMS webhook of the v3 API", _CALLS: "Call webhook of the v3 API"}
_STATUSES = {
    EventType.MESSAGE_SENT: ("sent", "SMS message sent successfully"),
    EventType.MESSAGE_DELIVERED: ("delivered", "SMS message delivered successfully"),
    EventType.MESSAGE_FAILED: ("failed", "SMS message failed"),
    EventType.MESSAGE_RECEIVED: ("received", "SMS message received successfully"),
}
_HTTP_STATUS = {401: 401, 403: 403}

Reply = Callable[[Request, Principal], Awaitable[Response]]


class UrlBody(msgspec.Struct, forbid_unknown_fields=True):
    """What sets a URL."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=_URL_MAX)]


class MessageFacts(msgspec.Struct):
    """What a notification takes from the message resource."""

    id: str
    segments: int
    direction: str
    text: str | None
    to: str
    from_: str = msgspec.field(name="from")


class CallFacts(msgspec.Struct):
    """What a notification takes from the call resource."""

    to: str
    from_: str = msgspec.field(name="from")
    caller_name: str | None = None


class CallEventFacts(msgspec.Struct):
    """What a notification takes from a call's event."""

    data: CallFacts


class EventFacts(msgspec.Struct):
    """What a notification takes from the event."""

    data: MessageFacts


_decode_event = msgspec.json.Decoder(EventFacts).decode
_decode_call = msgspec.json.Decoder(CallEventFacts).decode
_decode_url = msgspec.json.Decoder(UrlBody).decode


def build(event_type: EventType, body: bytes) -> bytes | None:
    """The notification for an event; None when this API does not tell of it."""
    if event_type is EventType.CALL_INCOMING:
        call = _decode_call(body).data
        return msgspec.json.encode(
            {
                "caller_id_name": call.caller_name or call.from_,
                "caller_id_number": call.from_,
                "destination_number": call.to,
            }
        )
    known = _STATUSES.get(event_type)
    if known is None:
        return None
    status, text = known
    message = _decode_event(body).data
    return msgspec.json.encode(
        {
            "status": status,
            "data": {
                "id": str(to_uuid(message.id)),
                "segments": message.segments,
                "direction": message.direction,
                "messageText": message.text,
                "from": message.from_,
                "to": message.to,
                "medias": [],
            },
            "message": text,
        }
    )


class V3:
    """The routes, with what they need."""

    def __init__(
        self, store: Store, box: SecretBox, authenticator: Authenticator, limiter: RateLimiter
    ) -> None:
        self._limiter = limiter
        self._store = store
        self._box = box
        self._authenticator = authenticator

    def routes(self) -> list[Route]:
        """For the application's router."""
        return [
            self._route("/api/v3/integrations/sms/webhooks", "GET", Scope.WEBHOOKS_READ, self._get(_SMS)),
            self._route("/api/v3/integrations/sms/webhooks", "PUT", Scope.WEBHOOKS_WRITE, self._put(_SMS)),
            self._route("/api/v3/calls/webhooks", "GET", Scope.WEBHOOKS_READ, self._get(_CALLS)),
            self._route("/api/v3/calls/webhooks", "POST", Scope.WEBHOOKS_WRITE, self._put(_CALLS)),
        ]  # fmt: skip

    def _route(self, path: str, method: str, scope: Scope, reply: Reply) -> Route:
        async def answer(request: Request) -> Response:
            try:
                principal = await self._authenticate(request)
                principal.require(scope)
                return await reply(request, principal)
            except HooklineError as error:
                return _error(error)

        return Route(path, answer, methods=[method])

    async def _authenticate(self, request: Request) -> Principal:
        principal = await authenticate(request, self._authenticator)
        own = principal.restrictions.rate_limit
        context_of(request).headers.extend(self._limiter.count(principal.id, own))
        if "x-client-id" not in request.headers:
            raise WrongClientId("Send the header X-Client-Id with the account's client id.")
        return principal

    def _get(self, channel: str) -> Reply:
        async def reply(_request: Request, principal: Principal) -> Response:
            endpoint = await find_channel_endpoint(
                self._store, principal.account_id, principal.mode, channel
            )
            return _success(endpoint, "Webhook retrieved successfully")

        return reply

    def _put(self, channel: str) -> Reply:
        async def reply(request: Request, principal: Principal) -> Response:
            target = ChannelTarget(
                channel,
                await _read_url(request),
                FORMAT,
                _EVENTS[channel],
                _DESCRIPTIONS[channel],
            )
            endpoint = await self._store.commit(
                lambda tx: put_channel_endpoint(tx, self._store, self._box, principal, target)
            )
            return _success(endpoint, "Webhook updated successfully")

        return reply


async def _read_url(request: Request) -> str:
    body = await request.body()
    if len(body) > _BODY_MAX:
        raise MalformedRequest("The body is too large.")
    try:
        url = _decode_url(body).url
        check_text(url)
    except msgspec.ValidationError as error:
        raise Invalid(f'Send {{"url":"https://…"}}: {error}'[:300]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise MalformedRequest("The body is not valid JSON.") from error
    return url


def _success(endpoint: Endpoint | None, text: str) -> Response:
    return _answer(200, "success", {"url": endpoint.url if endpoint else None}, text)


def _error(error: HooklineError) -> Response:
    """This API knows 400, 401, 403 and 500 only."""
    status = _HTTP_STATUS.get(error.status, 400 if error.status < 500 else 500)
    answer = _answer(status, "error", None, error.detail)
    answer.headers.update(error.headers)
    return answer


def _answer(status: int, word: str, data: Any, text: str) -> Response:  # Any: JSON
    body = msgspec.json.encode({"status": word, "data": data, "message": text})
    return Response(
        body,
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
