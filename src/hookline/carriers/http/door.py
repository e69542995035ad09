"""Where carriers call back, on any node: found, checked, stored, and answered in this order.

Who calls is unknown until the carrier's own check has passed: nothing is told before, and nothing
is answered 2xx before it is durable.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookline.carriers import store as sql
from hookline.carriers.http.dialect import CALLBACKS, callback_url
from hookline.carriers.http.link import HttpLink
from hookline.carriers.http.receiving import (
    CallbackNotStored,
    CallbackRefused,
    CallbackRequest,
    Receiver,
    Reply,
)
from hookline.carriers.kinds import Kinds
from hookline.carriers.links import Links
from hookline.carriers.port import Receipt, Reports
from hookline.carriers.secrets import open_secrets
from hookline.errors import BodyTooLarge, HooklineError, NotFound, Unavailable
from hookline.ids import CarrierId, is_id
from hookline.outbound.sealing import SecretBox
from hookline.storage.lookup import Lookup
from hookline.storage.store import Store
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
BODY_BYTES_MAX = 65_536
_STORED_WITHIN_S = 10.0
_KNOWN_MAX = 1_000
_NOTHING = "There is nothing at this address."


@dataclass(frozen=True, slots=True)
class _Known:
    """A receiver, and what it was made from."""

    row: tuple[object, ...]
    receiver: Receiver


class Door:
    """The routes of callbacks, with what they need."""

    def __init__(
        self, store: Store, box: SecretBox, kinds: Kinds, links: Links, reports: Reports
    ) -> None:
        self._store = store
        self._box = box
        self._kinds = kinds
        self._links = links
        self._reports = reports
        self._rows = Lookup(store.database, sql.CONNECTION)
        self._known: dict[CarrierId, _Known] = {}
        self._routes = {
            what: Route(f"{CALLBACKS}/{{carrier_id}}/{what}", take, methods=["GET", "POST"])
            for what, take in (("receipts", self._take_receipts), ("messages", self._take_message))
        }

    def routes(self) -> list[Route]:
        """For the application's router."""
        return list(self._routes.values())

    async def _take_receipts(self, request: Request) -> Response:
        carrier_id, receiver, told = await self._enter(request, "receipts")
        receipts, reply = receiver.receipts(told)
        if receipts:
            await self._record(carrier_id, receipts)
            if (link := self._link(carrier_id)) is not None:
                link.heard(receipts=len(receipts))
        return _answer(reply)

    async def _take_message(self, request: Request) -> Response:
        carrier_id, receiver, told = await self._enter(request, "messages")
        messages, reply = receiver.messages(told)
        for incoming in messages:
            await self._reports.received(carrier_id, incoming)
        if (link := self._link(carrier_id)) is not None:
            link.heard(messages=len(messages))
        return _answer(reply)

    async def _enter(
        self, request: Request, what: str
    ) -> tuple[CarrierId, Receiver, CallbackRequest]:
        """Raises NotFound, CallbackRefused, PublicUrlMissing, BodyTooLarge."""
        carrier_id = CarrierId(request.path_params["carrier_id"])
        request.scope["route"] = self._routes[what]  # so that metrics know it by its pattern
        receiver = await self._receiver(carrier_id)
        told = await self._read(request, carrier_id, what)
        try:
            receiver.check(told)
        except (CallbackRefused, Unavailable) as error:
            log.warning("callback_refused", carrier_id=carrier_id, code=error.code)
            raise
        return carrier_id, receiver, told

    async def _receiver(self, carrier_id: CarrierId) -> Receiver:
        if not is_id("car", carrier_id):
            raise NotFound(_NOTHING)
        rows = await self._rows.find(carrier_id)
        if not rows:
            self._known.pop(carrier_id, None)
            raise NotFound(_NOTHING)
        known = self._known.get(carrier_id)
        if known is None or known.row != tuple(rows[0]):
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            known = _Known(tuple(rows[0]), self._made(carrier_id, *rows[0]))
            self._known[carrier_id] = known
        return known.receiver

    def _made(self, carrier_id: CarrierId, *row: Any) -> Receiver:  # Any: columns
        name, settings, secrets = row
        kind = self._kinds.get(name)
        if kind is None or kind.receiver is None:
            raise NotFound(_NOTHING)
        try:
            told = kind.settings.model_validate_json(settings)
            return kind.receiver(told, open_secrets(self._box, secrets))
        except (HooklineError, ValidationError, msgspec.MsgspecError) as error:
            log.error("callbacks_unreadable", carrier_id=carrier_id, reason=type(error).__name__)
            raise CallbackNotStored("The carrier's settings or secrets cannot be used.") from error

    async def _read(self, request: Request, carrier_id: CarrierId, what: str) -> CallbackRequest:
        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            raise BodyTooLarge(f"A callback may have {BODY_BYTES_MAX} bytes at most.")
        query = request.scope["query_string"].decode("latin-1")
        url = callback_url(self._store.settings.public_url, carrier_id, what)
        return CallbackRequest(
            request.method,
            f"{url}?{query}" if url and query else url,
            query,
            request.headers,
            body,
        )

    async def _record(self, carrier_id: CarrierId, receipts: Sequence[Receipt]) -> None:
        """Returns when they are durable. Raises CallbackNotStored."""
        left = len(receipts)
        stored = asyncio.Event()

        def done(_receipt: Receipt) -> None:
            nonlocal left
            left -= 1
            if not left:
                stored.set()

        self._reports.receipts(carrier_id, receipts, done)
        try:
            async with asyncio.timeout(_STORED_WITHIN_S):
                await stored.wait()
        except TimeoutError as error:
            raise CallbackNotStored("The receipts could not be stored in time.") from error

    def _link(self, carrier_id: CarrierId) -> HttpLink | None:
        link = self._links.find_open(carrier_id)
        return link if isinstance(link, HttpLink) else None


def _answer(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=reply.media_type)
