"""Submission: from a request's body to a durable, queued message. The hot path begins here.

`prepare` checks everything that needs no transaction; `Accept` commits many prepared messages at
once, with their Idempotency-Keys and opt-outs checked in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from hookline.accounts.countries import AccountCountries
from hookline.api.idempotency import Claim
from hookline.carriers.encoding import CHARACTERS_MAX, SEGMENTS_MAX, Segmentation, segment
from hookline.carriers.links import SANDBOX
from hookline.clock import DAY_MS, HOUR_MS, SECOND_MS, UnixMs, from_datetime
from hookline.errors import HooklineError, Invalid
from hookline.events.model import EventType
from hookline.ids import CarrierId
from hookline.messages import resource
from hookline.messages.acceptance import Accept, Acceptance, Prepared
from hookline.messages.errors import TextTooLong, UnknownSender
from hookline.messages.hand_over import Dispatch
from hookline.messages.model import Message, Status, timeline_line
from hookline.numbers.book import Home, NumberBook
from hookline.numbers.destinations import Destinations, check_destination, check_sender
from hookline.numbers.e164 import parse_number_at
from hookline.outbound.errors import AttemptFailed
from hookline.outbound.targets import check_target
from hookline.principal import Mode, Principal
from hookline.routing.model import Wanted
from hookline.routing.router import Router
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_SCHEDULE_DAYS_MAX = 366
_MESSAGE_EVENTS = frozenset(kind.value for kind in EventType if kind.startswith("message."))

Tag = Annotated[str, Meta(min_length=1, max_length=64)]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=40)]
MetadataValue = Annotated[str, Meta(max_length=500)]


class SendMessage(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/messages`."""

    from_: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=32,
            description="A number of the account in E.164, a short code, or a registered sender.",
            examples=["+12025550100"],
        ),
    ] = msgspec.field(name="from")
    to: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=32,
            description="The recipient in E.164.",
            examples=["+447700900123"],
        ),
    ]
    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=CHARACTERS_MAX,
            description="Up to 10 segments.",
            examples=["Your order 1042 is on its way."],
        ),
    ]
    send_at: (
        Annotated[
            datetime, Meta(tz=True, description="Send then instead of now; up to 366 days ahead.")
        ]
        | None
    ) = None
    validity_seconds: (
        Annotated[
            int, Meta(ge=60, le=604_800, description="Give up when not sent within this time.")
        ]
        | None
    ) = None
    status_url: (
        Annotated[
            str,
            Meta(min_length=1, max_length=2_048, description="Gets this message's events, signed."),
        ]
        | None
    ) = None
    status_events: (
        Annotated[
            list[Annotated[str, Meta(max_length=64)]],
            Meta(
                min_length=1,
                max_length=10,
                description="Which events status_url gets; all if left out.",
            ),
        ]
        | None
    ) = None
    tags: Annotated[list[Tag], Meta(max_length=20)] | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=50)] | None = None


class Submission:
    """Prepares and accepts messages."""

    def __init__(
        self,
        store: Store,
        book: NumberBook,
        countries: AccountCountries,
        router: Router,
        dispatcher: Dispatch,
    ) -> None:
        self._store = store
        self.book = book
        self._countries = countries
        self._router = router
        self._dispatcher = dispatcher
        self._accept = Accept(store, dispatcher)

    async def submit(
        self,
        principal: Principal,
        wanted: SendMessage,
        claim: Claim | None = None,
        *,
        carrier_id: CarrierId | None = None,
    ) -> Acceptance:
        """Durable when it returns.

        Raises as `prepare`, and RecipientOptedOut, DailyMessageCapReached, WriterBusy.
        """
        prepared = await self.prepare(principal, wanted, claim, carrier_id=carrier_id)
        return await self._store.writer.submit(self._accept, prepared)

    async def accept_within(
        self, tx: Transaction, prepared: Sequence[Prepared]
    ) -> list[Acceptance | HooklineError]:
        """Accept as part of a larger unit of work."""
        outcomes = await self._accept.apply(tx, prepared)
        tx.after_commit(lambda: self._accept.committed(prepared, outcomes))
        return outcomes

    async def prepare(
        self,
        principal: Principal,
        wanted: SendMessage,
        claim: Claim | None = None,
        *,
        carrier_id: CarrierId | None = None,
    ) -> Prepared:
        """Check the request and build the row. With a `carrier_id` no route is asked.

        Raises Invalid in its kinds, NumberNotAllowed, CountryNotAllowed.
        """
        recipient = parse_number_at("/to", wanted.to)
        home = await self._home(principal, wanted.from_)
        await self._check_allowed(principal, home.number, recipient)
        segmentation = _segmentation(wanted.text)
        self._check_extras(wanted)
        if principal.mode is Mode.TEST:
            carrier_id = SANDBOX
        elif carrier_id is None:
            asked = Wanted(home.number, recipient, wanted.tags or ())
            carrier_id = await self._router.carrier_for(
                principal.account_id, home.carrier_id, asked
            )
        await self._dispatcher.open_queue(carrier_id)
        message = self._message(principal, wanted, home.number, recipient, carrier_id, segmentation)
        return Prepared(
            message,
            resource.encode(message),
            claim,
            principal.restrictions.daily_message_cap,
        )

    async def _home(self, principal: Principal, sender: str) -> Home:
        home = await self.book.find(principal.account_id, sender)
        if home is None and sender.startswith("+"):
            home = await self.book.find(principal.account_id, parse_number_at("/from", sender))
        if home is None:
            raise UnknownSender.at(
                "/from",
                UnknownSender.code,
                "`from` is not a number or registered sender of this account. "
                "GET /v1/numbers lists them.",
            )
        return home

    async def _check_allowed(self, principal: Principal, sender: str, recipient: str) -> None:
        restrictions = principal.restrictions
        check_sender(restrictions, "/from", sender)
        of_account = await self._countries.find(principal.account_id)
        check_destination(
            Destinations(restrictions.allowed_countries, of_account), "/to", recipient
        )

    def _check_extras(self, wanted: SendMessage) -> None:
        if wanted.status_url is not None:
            try:
                check_target(wanted.status_url, self._store.settings.allow_targets)
            except AttemptFailed as error:
                raise Invalid.at("/status_url", error.code, error.detail) from error
            _check_characters("/status_url", wanted.status_url)
        for name in wanted.status_events or ():
            if name not in _MESSAGE_EVENTS:
                known = ", ".join(sorted(_MESSAGE_EVENTS))
                raise Invalid.at("/status_events", "unknown_event", f"Known events: {known}.")
        _check_characters("/text", wanted.text)
        for tag in wanted.tags or ():
            _check_characters("/tags", tag)
        for key, value in (wanted.metadata or {}).items():
            _check_characters("/metadata", key + value)

    def _message(
        self,
        principal: Principal,
        wanted: SendMessage,
        sender: str,
        recipient: str,
        carrier_id: CarrierId,
        segmentation: Segmentation,
    ) -> Message:
        now = self._store.now()
        send_at = _send_at(wanted.send_at, now)
        status = Status.QUEUED if send_at is None else Status.SCHEDULED
        validity_ms = (
            self._store.settings.message_validity_hours * HOUR_MS
            if wanted.validity_seconds is None
            else wanted.validity_seconds * SECOND_MS
        )
        return Message(
            id=self._store.ids.new("msg"),
            account_id=principal.account_id,
            mode=principal.mode.value,
            direction="outbound",
            sender=sender,
            recipient=recipient,
            text=wanted.text,
            encoding=segmentation.encoding.value,
            segments=segmentation.segments,
            status=status.value,
            error_code=None,
            carrier_code=None,
            carrier_id=carrier_id,
            credential_id=principal.id if principal.id.startswith("crd_") else None,
            tags=_json(wanted.tags),
            metadata=_json(wanted.metadata),
            status_url=wanted.status_url,
            status_events=_json(wanted.status_events),
            created_at=now,
            updated_at=now,
            send_at=send_at,
            valid_until=(send_at or now) + validity_ms,
            sent_at=None,
            delivered_at=None,
            sequence=0,
            timeline=timeline_line(status, now),
            owner=None,
        )


def _segmentation(text: str) -> Segmentation:
    segmentation = segment(text)
    if segmentation.segments > SEGMENTS_MAX:
        raise TextTooLong.at(
            "/text",
            TextTooLong.code,
            f"The text needs {segmentation.segments} segments in {segmentation.encoding.value}; "
            f"{SEGMENTS_MAX} is the most.",
        )
    return segmentation


def _send_at(wanted: datetime | None, now: UnixMs) -> UnixMs | None:
    """None when it is due already."""
    if wanted is None:
        return None
    instant = from_datetime(wanted)
    if instant > now + _SCHEDULE_DAYS_MAX * DAY_MS:
        raise Invalid.at("/send_at", "too_far_ahead", "send_at may be 366 days ahead at most.")
    return instant if instant > now else None


def _check_characters(pointer: str, text: str) -> None:
    if "\x00" in text:
        raise Invalid.at(pointer, "invalid_character", "The character U+0000 cannot be sent.")


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
