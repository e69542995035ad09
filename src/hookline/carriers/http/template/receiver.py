"""Callbacks as a template describes them."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, assert_never

from hookline.carriers.encoding import segment
from hookline.carriers.http.receiving import (
    CODE_LENGTH_MAX,
    ID_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    CallbackInvalid,
    CallbackRefused,
    CallbackRequest,
    Reply,
)
from hookline.carriers.http.template.model import (
    CallbackCheck,
    HttpSettings,
    MessageTemplate,
    ReceiptTemplate,
)
from hookline.carriers.http.template.places import decode_document, value_at
from hookline.carriers.port import Incoming, Receipt, ReceiptState
from hookline.errors import NotFound
from hookline.ids import MessageId, is_id
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_ITEMS_MAX = 1_000
_NUMBER_DIGITS_MIN = 9
"""Fewer without a plus are a short code."""
T = TypeVar("T")


class TemplateReceiver:
    """The callbacks of one carrier with an HTTP API."""

    def __init__(self, settings: HttpSettings, secrets: Mapping[str, str]) -> None:
        self._template = settings.template
        self._secrets = secrets

    def check(self, request: CallbackRequest) -> None:
        check = self._template.check
        secret = "" if check is None else self._secrets.get(check.secret, "")
        if check is None or not secret or not _is_proven(check, secret.encode(), request):
            raise CallbackRefused("The callback does not prove that it comes from the carrier.")

    def receipts(self, request: CallbackRequest) -> tuple[Sequence[Receipt], Reply]:
        wanted = self._template.receipts
        if wanted is None:
            raise NotFound("The carrier's template has no receipts.")
        ours = None
        check = self._template.check
        if check is not None and check.type != "hmac":  # which says nothing of the address
            ours = dict(request.parameters()).get("message_id")
        found = _each(request, wanted.items, lambda told: _receipt(wanted, told, ours))
        return [one for one in found if one is not None], _reply(wanted.reply)

    def messages(self, request: CallbackRequest) -> tuple[Sequence[Incoming], Reply]:
        wanted = self._template.messages
        if wanted is None:
            raise NotFound("The carrier's template has no messages.")
        return _each(request, wanted.items, lambda told: _message(wanted, told)), _reply(
            wanted.reply
        )


class _Item:
    """One receipt or message: parameters, and a JSON document."""

    def __init__(self, parameters: Mapping[str, str], document: Any) -> None:  # Any: JSON
        self._parameters = parameters
        self._document = document

    def find(self, field: str | None) -> str | None:
        """What the field holds as text."""
        if field is None:
            return None
        if not field.startswith("/"):
            return self._parameters.get(field)
        value = value_at(self._document, field)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value) if isinstance(value, str | int | float) else None

    def get(self, field: str, length_max: int) -> str:
        """Raises CallbackInvalid when there is nothing."""
        text = (self.find(field) or "").strip()
        if not 0 < len(text) <= length_max:
            raise CallbackInvalid(f"The callback has no {field}, or one that is too long.")
        return text


def _each(request: CallbackRequest, place: str | None, read: Callable[[_Item], T]) -> list[T]:
    """What there is of it; that one item cannot be read keeps no other out."""
    parameters = dict([*request.parameters(), *request.form()])
    document = decode_document(request.body)
    if place is None:
        return [read(_Item(parameters, document))]
    items = value_at(document, place)
    if not isinstance(items, list) or len(items) > _ITEMS_MAX:
        raise CallbackInvalid(f"The callback has no list at {place or 'its root'}.")
    found: list[T] = []
    refusal: CallbackInvalid | None = None
    for item in items:
        try:
            found.append(read(_Item(parameters, item)))
        except CallbackInvalid as error:
            refusal = error
    if refusal is not None:
        log.warning("callback_items_unread", read=len(found), of=len(items))
        if not found:
            raise refusal
    return found


def _receipt(wanted: ReceiptTemplate, told: _Item, ours: str | None) -> Receipt | None:
    known = told.get(wanted.id, ID_LENGTH_MAX)
    status = told.get(wanted.status, CODE_LENGTH_MAX)
    state = _state(wanted, status)
    if state is None:
        return None
    code = (told.find(wanted.error_code) or status)[:CODE_LENGTH_MAX]
    ours = told.find(wanted.message_id) or ours or ""
    recipient = told.find(wanted.recipient)
    message_id = MessageId(ours) if is_id("msg", ours) else None
    return Receipt(
        known,
        state,
        None if state is ReceiptState.DELIVERED else code,
        number_of(recipient) if recipient and message_id is None else None,
        message_id,
    )


def _state(wanted: ReceiptTemplate, status: str) -> ReceiptState | None:
    if status in wanted.delivered:
        return ReceiptState.DELIVERED
    if status in wanted.undelivered:
        return ReceiptState.UNDELIVERED
    return ReceiptState.EXPIRED if status in wanted.expired else None


def _message(wanted: MessageTemplate, told: _Item) -> Incoming:
    text = (told.find(wanted.text) or "")[:TEXT_LENGTH_MAX]
    cut = segment(text)
    return Incoming(
        number_of(told.get(wanted.sender, ID_LENGTH_MAX)),
        number_of(told.get(wanted.recipient, ID_LENGTH_MAX)),
        text,
        cut.encoding,
        cut.segments,
        carrier_message_id=told.get(wanted.id, ID_LENGTH_MAX) if wanted.id else None,
    )


def number_of(text: str) -> str:
    """E.164 with its plus, however the carrier writes it; a short code or a sender's text as it is."""
    text = text.strip()
    digits = text.removeprefix("+").removeprefix("00")
    if not (digits.isascii() and digits.isdecimal()):
        return text
    return f"+{digits}" if digits != text or len(digits) >= _NUMBER_DIGITS_MIN else digits


def _is_proven(check: CallbackCheck, secret: bytes, request: CallbackRequest) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    match check.type:
        case "query":
            found = dict(request.parameters()).get(check.name, "")
            return hmac.compare_digest(found.encode(), secret)
        case "hmac":
            return _is_signed(check, secret, request)
        case "bearer":
            return kind.lower() == "bearer" and _is_same(given, secret)
        case "basic":
            pair = b64encode(check.user.encode() + b":" + secret)
            return kind.lower() == "basic" and _is_same(given, pair)
        case _:
            assert_never(check.type)


def _is_same(given: str, wanted: bytes) -> bool:
    return hmac.compare_digest(given.strip().encode("latin-1", "replace"), wanted)


def _is_signed(check: CallbackCheck, secret: bytes, request: CallbackRequest) -> bool:
    given = request.headers.get(check.header.lower(), "")
    if not (request.body and given.startswith(check.prefix)):
        return False
    given = given.removeprefix(check.prefix).strip()
    try:
        signature = (
            bytes.fromhex(given) if check.encoding == "hex" else b64decode(given, validate=True)
        )
    except ValueError:
        return False
    return hmac.compare_digest(signature, hmac.digest(secret, request.body, check.algorithm))


def _reply(text: str) -> Reply:
    return Reply(200, text.encode(), "text/plain") if text else Reply()
