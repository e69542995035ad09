"""`POST /v1/messages` and `/batch`: with msgspec and without a framework, as the hot path.

A framework's route costs as much CPU again as the whole rest of accepting a message (ADR-0005).
They appear in the same OpenAPI document through `DOCUMENTED`.
"""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as ASGIScope

from hookline.api.bare import caller_with, read_body
from hookline.api.context import context_in
from hookline.api.idempotency import HEADER, REPLAYED, Once, claim_in, claim_of
from hookline.api.openapi import Documented
from hookline.api.problems import problem_body
from hookline.errors import FieldError, HooklineError, Invalid, MalformedRequest
from hookline.messages.acceptance import Acceptance, Prepared
from hookline.messages.errors import BatchTooLarge
from hookline.messages.kept_answers import WithoutTexts
from hookline.messages.schemas import BatchResult, MessageShape
from hookline.messages.submission import SendMessage, Submission
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

BATCH_MAX = 1_000
_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"missing required field `(.*?)`")
_KEY_HEADER = HEADER.encode()


class SendBatch(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/messages/batch`; each message is judged by itself."""

    messages: list[msgspec.Raw]


class SendBatchDocument(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 1,000 messages."""

    messages: Annotated[list[SendMessage], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]


DOCUMENTED = (
    Documented(
        path="/v1/messages",
        tag="Messages",
        operation_id="send_message",
        description="Send an SMS. The answer comes when the message is stored durably; "
        "what becomes of it is told by webhooks and by reading it.",
        scope=Scope.MESSAGES_SEND,
        status=202,
        body=SendMessage,
        answer=MessageShape,
    ),
    Documented(
        path="/v1/messages/batch",
        tag="Messages",
        operation_id="send_batch",
        description="Send up to 1,000 messages as one commit. Each is accepted or refused by "
        "itself; the results are in the order of the request.",
        scope=Scope.MESSAGES_SEND,
        status=202,
        body=SendBatchDocument,
        answer=BatchResult,
    ),
)

_decode_message = msgspec.json.Decoder(SendMessage).decode
_decode_batch = msgspec.json.Decoder(SendBatch).decode


def send_route(submission: Submission) -> ASGIApp:
    """`POST /v1/messages` as the edge calls it, without a router in between."""

    async def send_message(scope: ASGIScope, receive: Receive, send: Send) -> None:
        principal = caller_with(scope, Scope.MESSAGES_SEND)
        body = await read_body(receive)
        wanted = decode_message(body)
        key = next((value for name, value in scope["headers"] if name == _KEY_HEADER), None)
        claim = claim_in(scope, key.decode("latin-1"), body) if key is not None else None
        acceptance = await submission.submit(principal, wanted, claim)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(acceptance.body)),
        ]
        if acceptance.replayed:
            headers.append((REPLAYED.lower().encode(), b"true"))
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": acceptance.body})

    return send_message


def batch_route(store: Store, submission: Submission) -> Route:
    """`POST /v1/messages/batch`, for the application's router."""

    async def send_batch(request: Request) -> Response:
        context = context_in(request.scope)
        principal = caller_with(request.scope, Scope.MESSAGES_SEND)
        body = await request.body()
        raw = _decode_items(body)
        claim = claim_of(request, request.headers.get(HEADER), body)
        once, is_keyed = Once(store, claim), claim is not None
        prepared = [await _prepare(submission, principal, item, is_keyed=is_keyed) for item in raw]

        async def accept(tx: Transaction) -> bytes:
            return await _accept(tx, submission, prepared, context.request_id)

        return await once.commit(accept, status=202, keeping=WithoutTexts())

    return Route("/v1/messages/batch", send_batch, methods=["POST"])


def decode_message(body: bytes | msgspec.Raw) -> SendMessage:
    """The body as a message to send. Raises MalformedRequest, Invalid."""
    try:
        return _decode_message(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest("The body is not valid JSON.") from error


def _decode_items(body: bytes) -> list[msgspec.Raw]:
    try:
        items = _decode_batch(body).messages
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest("The body is not valid JSON.") from error
    if not 1 <= len(items) <= BATCH_MAX:
        raise BatchTooLarge(f"Send 1 to {BATCH_MAX} messages; there are {len(items)}.")
    return items


async def _prepare(
    submission: Submission, principal: Principal, item: msgspec.Raw, *, is_keyed: bool
) -> Prepared | HooklineError:
    try:
        return await submission.prepare(principal, decode_message(item), is_keyed=is_keyed)
    except HooklineError as refusal:
        return refusal


async def _accept(
    tx: Transaction,
    submission: Submission,
    prepared: Sequence[Prepared | HooklineError],
    request_id: str,
) -> bytes:
    good = [item for item in prepared if isinstance(item, Prepared)]
    outcomes = iter(await submission.accept_within(tx, good))
    results = [next(outcomes) if isinstance(item, Prepared) else item for item in prepared]
    accepted = sum(isinstance(result, Acceptance) for result in results)
    return msgspec.json.encode(
        {
            "object": "batch",
            "accepted": accepted,
            "refused": len(results) - accepted,
            "data": [_item(result, request_id) for result in results],
        }
    )


def _item(result: Acceptance | HooklineError, request_id: str) -> dict[str, object]:
    if isinstance(result, Acceptance):
        return {"status": 202, "message": msgspec.Raw(result.body), "error": None}
    problem = msgspec.Raw(problem_body(result, request_id))
    return {"status": result.status, "message": None, "error": problem}


def _invalid(text: str) -> Invalid:
    """msgspec's finding in the words and pointers of every other 422."""
    place = _PLACE.search(text)
    steps = _STEP.findall(place[1]) if place else []
    pointer = "".join(f"/{field or index}" for field, index in steps)
    detail, code = _PLACE.sub("", text), "invalid_value"
    if unknown := _UNKNOWN.search(text):
        field = unknown[1].replace("~", "~0").replace("/", "~1")  # RFC 6901 §3
        pointer, code = f"{pointer}/{field}", "unknown_field"
        detail = "There is no such field; remove it or check its spelling."
    elif missing := _MISSING.search(text):
        pointer, code = f"{pointer}/{missing[1]}", "missing"
        detail = "This field is needed."
    return Invalid(detail[:300], errors=[FieldError(pointer[:200], code, detail[:300])])
