"""Submission: from a request's body to a durable, queued message. The hot path begins here.

`prepare` checks everything that needs no transaction; `Accept` commits many prepared messages at
once, with their Idempotency-Keys and opt-outs checked in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from hookline.api.idempotency import Claim
from hookline.carriers.encoding import CHARACTERS_MAX, SEGMENTS_MAX, Segmentation, segment
from hookline.carriers.links import SANDBOX
from hookline.carriers.smart_encoding import replace_smartly
from hookline.clock import DAY_MS, HOUR_MS, SECOND_MS, UnixMs, from_datetime
from hookline.errors import HooklineError, Invalid
from hookline.events.model import EventType
from hookline.ids import CarrierId
from hookline.messages import resource
from hookline.messages.acceptance import Accept, Acceptance, Prepared
from hookline.messages.books import Books
from hookline.messages.duplicates import once
from hookline.messages.errors import NoSenderThere, TextTooLong, UnknownSender
from hookline.messages.hand_over import Dispatch
from hookline.messages.model import Message, Status, timeline_line
from hookline.numbers.book import Home
from hookline.numbers.destinations import Destinations, check_destination, check_sender
from hookline.numbers.e164 import parse_number_at
from hookline.outbound.errors import AttemptFailed
from hookline.outbound.targets import check_target
from hookline.principal import Mode, Principal
from hookline.routing.model import Wanted
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
            description="A number of the account in E.164, a short code, a registered sender, or a pool by "
            "its name or id.",
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
    smart_encoding: (
        Annotated[
            bool,
            Meta(
                description="Replace typographic characters that double the price by their like; `replaced` "
                "in the answer says which. The account's rule if left out."
            ),
        ]
        | None
    ) = None
    tags: Annotated[list[Tag], Meta(max_length=20)] | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=50)] | None = None


class Submission:
    """Prepares and accepts messages."""

    def __init__(self, store: Store, books: Books, dispatcher: Dispatch) -> None:
        self._store = store
        self.books = books
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
        is_keyed: bool = False,
    ) -> Prepared:
        """Check the request and build the row. With a `carrier_id` no route is asked.
        `is_keyed`: it is part of a request with an Idempotency-Key, which says what is meant.

        Raises Invalid in its kinds, NumberNotAllowed, CountryNotAllowed.
        """
        recipient = parse_number_at("/to", wanted.to)
        home = await self._home(principal, wanted.from_, recipient)
        await self._check_allowed(principal, home.number, recipient)
        rules = await self.books.rules.find(principal.account_id)
        is_smart = rules.smart_encoding if wanted.smart_encoding is None else wanted.smart_encoding
        text, replaced = replace_smartly(wanted.text) if is_smart else (wanted.text, None)
        segmentation = _segmentation(text)
        self._check_extras(wanted)
        if principal.mode is Mode.TEST:
            carrier_id = SANDBOX
        elif carrier_id is None:
            asked = Wanted(home.number, recipient, wanted.tags or ())
            carrier_id = await self.books.router.carrier_for(
                principal.account_id, home.carrier_id, asked
            )
        await self._dispatcher.open_queue(carrier_id)
        message = self._message(
            principal, wanted, text, home.number, recipient, carrier_id, segmentation
        )
        return Prepared(
            message,
            resource.encode(message, replaced),
            claim,
            principal.restrictions.daily_message_cap,
            None if principal.mode is Mode.TEST else rules.daily_message_cap,
            once(message, rules.duplicate_window_s)
            if rules.duplicate_window_s and claim is None and not is_keyed
            else None,
        )

    async def _home(self, principal: Principal, sender: str, recipient: str) -> Home:
        account_id = principal.account_id
        home = await self.books.numbers.home(account_id, sender)
        if home is None and sender.startswith("+"):
            home = await self.books.numbers.home(account_id, parse_number_at("/from", sender))
        elif home is None:
            home = await self._home_in_pool(principal, sender, recipient)
        if home is None:
            raise UnknownSender.at(
                "/from",
                UnknownSender.code,
                "`from` is not a number, registered sender or pool of this account. "
                "GET /v1/numbers and GET /v1/pools list them.",
            )
        return home

    async def _home_in_pool(self, principal: Principal, name: str, recipient: str) -> Home | None:
        """Raises NoSenderThere."""
        pool = await self.books.pools.pool(principal.account_id, name)
        if pool is None:
            return None
        allowed = principal.restrictions.allowed_numbers
        number = await self.books.pools.sender(pool, recipient, allowed)
        if number is None:
            raise NoSenderThere.at(
                "/from",
                NoSenderThere.code,
                f"No number of the pool {pool.name!r} may write to this recipient. Add one for their "
                "country, or one without countries.",
            )
        return await self.books.numbers.home(principal.account_id, number)

    async def _check_allowed(self, principal: Principal, sender: str, recipient: str) -> None:
        restrictions = principal.restrictions
        check_sender(restrictions, "/from", sender)
        of_account = await self.books.countries.find(principal.account_id)
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
        text: str,
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
            mode=str(principal.mode),
            direction="outbound",
            sender=sender,
            recipient=recipient,
            text=text,
            encoding=str(segmentation.encoding),
            segments=segmentation.segments,
            status=str(status),
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
