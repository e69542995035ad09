"""Which numbers and senders an account has, and on which carrier each is at home."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy import Row

from hookline.audit.append import record
from hookline.carriers.kinds import CALLS_ONLY, KINDS
from hookline.errors import Conflict, FieldError, Invalid, NotFound
from hookline.ids import CarrierId, NumberId, is_id
from hookline.numbers import pool_store as pool_sql
from hookline.numbers import store as sql
from hookline.numbers.book import topic
from hookline.numbers.call_urls import check_url, check_urls
from hookline.numbers.destinations import (
    CountryNotAllowed,
    Destinations,
    check_destination,
    check_sender,
)
from hookline.numbers.e164 import is_alphanumeric_sender, is_short_code, parse_number_at
from hookline.numbers.inbound_voice import InboundVoice
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

NumberRow = Row[Any]  # Any: every column of the table
_MESSAGES, _CALLS = "/carrier", "/voice_carrier"


class NumberTaken(Conflict):
    """The account has this number already. Change the existing one instead of adding it again."""

    code = "number_taken"
    title = "The number is already there"


class NumberInPool(Conflict):
    """A sender pool has the number. Take it out of the pool first."""

    code = "number_in_pool"
    title = "A pool has the number"

    def __init__(self, number: str, pools: Sequence[str]) -> None:
        named = ", ".join(map(repr, pools))
        super().__init__(f"{number} is in the pool {named}. Take it out of there, and try again.")


class Kept(Enum):
    """What is not said of a number stays."""

    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Registration:
    """A number to add, and the carriers that it is at home on (ids or names)."""

    number: str
    carrier: str
    voice_carrier: str | None = None


def normalise_sender(text: str, pointer: str = "/number") -> tuple[str, str]:
    """A sender as it is stored, and its kind. Raises InvalidNumber at the pointer."""
    if is_short_code(text):
        return text, "short_code"
    if not text.lstrip().startswith("+") and is_alphanumeric_sender(text):
        return text, "alphanumeric"
    return parse_number_at(pointer, text), "number"


async def add_number(
    tx: Transaction, store: Store, principal: Principal, registration: Registration
) -> NumberRow:
    """Add a number. Raises InvalidNumber, NumberTaken, LiveModeNeeded, Invalid for the carrier."""
    _check_may_write(principal)
    number, kind = normalise_sender(registration.number)
    carrier_id = await _carrier(tx, principal, registration.carrier, _MESSAGES)
    voice_id = (
        await _carrier(tx, principal, registration.voice_carrier, _CALLS)
        if registration.voice_carrier
        else None
    )
    number_id = NumberId(store.ids.new("num"))
    row = (number_id, principal.account_id, number, kind, carrier_id, voice_id, store.now())
    if not (await tx.insert(sql.INSERT, [row]))[0]:
        raise NumberTaken(f"{number} is already a number of this account.")
    facts = {"number": number, "carrier": carrier_id, "voice_carrier": voice_id}
    record(tx, principal, "number.add", number_id, after=facts)
    tx.notify(topic(principal.account_id))
    return (await tx.execute(sql.by_id(principal.account_id, number_id)))[0]


async def move_number(
    tx: Transaction,
    principal: Principal,
    number_id: str,
    *,
    carrier: str | None = None,
    voice_carrier: str | Kept | None = Kept.KEPT,
) -> NumberRow:
    """Give a number another home. Without a `voice_carrier` it cannot call, nor be called.

    A `carrier` that is None stays. Raises NotFound, LiveModeNeeded, Invalid.
    """
    _check_may_write(principal)
    before = await _existing(tx, principal, number_id)
    carrier_id = await _carrier(tx, principal, carrier, _MESSAGES) if carrier else before.carrier_id
    voice_id = before.voice_carrier_id
    if not isinstance(voice_carrier, Kept):
        voice_id = await _carrier(tx, principal, voice_carrier, _CALLS) if voice_carrier else None
    await tx.changed(sql.move(NumberId(before.id), CarrierId(carrier_id), voice_id))
    record(
        tx, principal, "number.move", before.id,
        before={"carrier": before.carrier_id, "voice_carrier": before.voice_carrier_id},
        after={"carrier": carrier_id, "voice_carrier": voice_id},
    )  # fmt: skip
    tx.notify(topic(principal.account_id))
    return (await tx.execute(sql.by_id(principal.account_id, before.id)))[0]


async def set_inbound_voice(
    tx: Transaction,
    store: Store,
    principal: Principal,
    number_id: str,
    wanted: InboundVoice | None,
) -> NumberRow:
    """Say what becomes of calls that come in.

    Raises NotFound, LiveModeNeeded, Invalid, NumberNotAllowed, CountryNotAllowed.
    """
    _check_may_write(principal)
    before = await _existing(tx, principal, number_id)
    if wanted is not None:
        allowed = store.settings.allow_targets
        if wanted.answer_url is not None:
            check_url("/inbound_voice/answer_url", wanted.answer_url, allowed)
        check_urls("/inbound_voice/actions", wanted.actions or [], allowed)
        _check_restrictions(principal, before.number, wanted)
    kept = None if wanted is None else wanted.model_dump_json(exclude_unset=True)
    await tx.changed(sql.set_inbound_voice(NumberId(before.id), kept))
    record(
        tx, principal, "number.set_inbound_voice", before.id,
        before=_inbound_facts(before.inbound_voice), after=_inbound_facts(kept),
    )  # fmt: skip
    return (await tx.execute(sql.by_id(principal.account_id, before.id)))[0]


def _inbound_facts(kept: str | None) -> dict[str, object]:
    """What the audit trail keeps of it; an answer URL without what may be secret in it."""
    facts: dict[str, object] = {} if kept is None else msgspec.json.decode(kept)
    url = facts.get("answer_url")
    return {**facts, "answer_url": url.partition("?")[0]} if isinstance(url, str) else facts


def _check_restrictions(principal: Principal, number: str, wanted: InboundVoice) -> None:
    """Calls that come in must not reach whom the caller cannot reach by calling."""
    check_sender(principal.restrictions, "/inbound_voice", number)
    allowed = Destinations(principal.restrictions.allowed_countries, None)
    if allowed.of_credential is not None and wanted.answer_url is not None:
        detail = "A credential that is restricted to countries cannot set an answer URL here."
        pointer, code = "/inbound_voice/answer_url", CountryNotAllowed.code
        raise CountryNotAllowed(detail, errors=[FieldError(pointer, code, detail)])
    for pointer, party in wanted.parties("/inbound_voice"):
        check_destination(allowed, pointer, party)


async def remove_number(tx: Transaction, principal: Principal, number_id: str) -> None:
    """Take a number away from the account. Raises NotFound, NumberInPool, LiveModeNeeded."""
    _check_may_write(principal)
    before = await _existing(tx, principal, number_id)
    pools = await tx.execute(pool_sql.pools_with(principal.account_id, before.number))
    if pools:
        raise NumberInPool(before.number, [row.name for row in pools])
    await tx.changed(sql.remove(NumberId(before.id)))
    facts = {
        "number": before.number,
        "carrier": before.carrier_id,
        "voice_carrier": before.voice_carrier_id,
    }
    record(tx, principal, "number.remove", before.id, before=facts)
    tx.notify(topic(principal.account_id))


async def find_number(store: Store, principal: Principal, number_id: str) -> NumberRow:
    """One number. Raises NotFound."""
    _check_id(number_id)
    return _only(await store.read(sql.by_id(principal.account_id, number_id)), number_id)


def _check_may_write(principal: Principal) -> None:
    principal.require(Scope.NUMBERS_WRITE)
    principal.require_live("Numbers serve both modes")


async def _existing(tx: Transaction, principal: Principal, number_id: str) -> NumberRow:
    _check_id(number_id)
    return _only(await tx.execute(sql.by_id(principal.account_id, number_id)), number_id)


def _check_id(number_id: str) -> None:
    """Not every text of a path can be asked for."""
    if not is_id("num", number_id):
        _only([], number_id)


def _only(found: Sequence[NumberRow], number_id: str) -> NumberRow:
    if not found:
        raise NotFound(f"There is no number {number_id[:64]} in this account.")
    return found[0]


async def _carrier(
    tx: Transaction, principal: Principal, name_or_id: str, pointer: str
) -> CarrierId:
    found = await tx.execute(sql.carrier_named(principal.account_id, name_or_id))
    if not found:
        raise Invalid.at(
            pointer, "unknown_carrier", f"There is no carrier {name_or_id[:64]!r}; list them first."
        )
    _check_carries(found[0], pointer)
    return CarrierId(found[0].id)


def _check_carries(carrier: Row[Any], pointer: str) -> None:  # Any: id, name and kind
    """Whatever went by the wrong kind of carrier would wait for it in vain."""
    if pointer == _MESSAGES and carrier.kind in CALLS_ONLY:
        raise Invalid.at(
            pointer,
            "carrier_without_messages",
            f"{carrier.name!r} is for calls only. Give it as voice_carrier, and another as carrier.",
        )
    if pointer == _CALLS and carrier.kind in KINDS:
        raise Invalid.at(
            pointer, "carrier_without_calls", f"{carrier.name!r} is for messages only."
        )
