"""Use cases of carriers: add, change, remove. Free of HTTP.

A carrier's secrets go in sealed and come out only to its link. Every change wakes the keepers of
links, on all nodes.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import ValidationError

from hookline.api.problems import translate
from hookline.api.wire import Body
from hookline.audit.append import record
from hookline.carriers import store as sql
from hookline.carriers.errors import CarrierInUse, CarrierNameTaken, CarrierNotFound
from hookline.carriers.keeper import TOPIC
from hookline.carriers.live_state import CarrierRow
from hookline.carriers.secrets import open_secrets, seal_secrets
from hookline.errors import HooklineError, Invalid
from hookline.ids import CarrierId, is_id
from hookline.outbound.errors import SecretUnreadable
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_NAMED_MAX = 3

Secrets = Mapping[str, str]
Check = Callable[[Any, Collection[str]], None]  # Any: the settings of a kind
"""Whether settings and the names of the secrets that there are fit together. Raises Invalid."""


@dataclass(frozen=True, slots=True)
class NewCarrier:
    """A carrier to connect."""

    name: str
    kind: str
    settings: Body | None = None
    """Of the kind's own class; None for the sandbox."""
    secrets: Secrets = field(default_factory=dict, repr=False)
    disabled: bool = False
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class CarrierChange:
    """What to change; None and what is left out stays."""

    name: str | None = None
    disabled: bool | None = None
    kind: str | None = None
    """Whose settings these are; the kind itself cannot change."""
    model: type[Body] | None = None
    """Of the whole settings of this kind."""
    settings: Mapping[str, object] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=dict, repr=False)
    check: Check | None = None


async def add_carrier(
    tx: Transaction, store: Store, box: SecretBox, principal: Principal, new: NewCarrier
) -> CarrierRow:
    """Add a carrier; a server connects to it within a second.

    Raises CarrierNameTaken, LiveModeNeeded, Invalid.
    """
    _check_may_write(principal)
    if new.check is not None:
        new.check(new.settings, [name for name, text in new.secrets.items() if text])
    carrier_id = CarrierId(store.ids.new("car"))
    settings = "{}" if new.settings is None else new.settings.model_dump_json()
    secrets = seal_secrets(box, new.secrets) if new.secrets else None
    row = (
        carrier_id, principal.account_id, new.name, new.kind, settings, secrets, store.now(),
    )  # fmt: skip
    if not (await tx.insert(sql.INSERT_CARRIER, [row]))[0]:
        raise CarrierNameTaken(new.name)
    if new.disabled:
        await tx.changed(sql.change(carrier_id, {"disabled": 1}))
    added = (await tx.execute(sql.by_id(principal.account_id, carrier_id)))[0]
    record(tx, principal, "carrier.create", carrier_id, after=_facts(added, new.secrets))
    tx.notify(TOPIC)
    return added


async def change_carrier(
    tx: Transaction, box: SecretBox, principal: Principal, carrier_id: str, change: CarrierChange
) -> CarrierRow:
    """Change a carrier; its link is opened anew with what it needs to know.

    Raises CarrierNotFound, CarrierNameTaken, LiveModeNeeded, Invalid.
    """
    _check_may_write(principal)
    before = await _locked(tx, principal, carrier_id)
    values: dict[str, object] = {}
    if change.name is not None:
        if await tx.execute(sql.others_named(principal.account_id, change.name, before.id)):
            raise CarrierNameTaken(change.name)
        values["name"] = change.name
    if change.disabled is not None:
        values["disabled"] = int(change.disabled)
    if change.kind is not None:
        values |= _connection(box, before, change)
    if values:
        await tx.changed(sql.change(before.id, values))
    after = (await tx.execute(sql.by_id(principal.account_id, before.id)))[0]
    record(
        tx, principal, "carrier.update", before.id,
        before=_facts(before), after=_facts(after, change.secrets),
    )  # fmt: skip
    tx.notify(TOPIC)
    return after


async def remove_carrier(tx: Transaction, principal: Principal, carrier_id: str) -> None:
    """Remove a carrier. Raises CarrierNotFound, CarrierInUse, LiveModeNeeded."""
    _check_may_write(principal)
    before = await _locked(tx, principal, carrier_id)
    numbers = await tx.execute(sql.numbers_at_home(principal.account_id, before.id))
    if numbers:
        raise CarrierInUse(_numbers_stay(before.name, [row.number for row in numbers]))
    routes = await tx.execute(sql.routes_with(before.id))
    if routes:
        raise CarrierInUse(_routes_have_it(before.name, [row.name for row in routes]))
    under_way = await tx.execute(sql.messages_under_way(before.id))
    if under_way:
        counts = {str(row.status): int(row.counted) for row in under_way}
        raise CarrierInUse(_messages_wait(before.name, counts))
    await tx.changed(sql.forget_links([CarrierId(before.id)]))
    await tx.changed(sql.remove(before.id))
    record(tx, principal, "carrier.delete", before.id, before=_facts(before))
    tx.notify(TOPIC)


async def find_carrier(store: Store, principal: Principal, carrier_id: str) -> CarrierRow:
    """One carrier by its id. Raises CarrierNotFound."""
    return _only(
        await store.read(sql.by_id(principal.account_id, carrier_id))
        if is_id("car", carrier_id)  # not every text of a path can be asked for
        else [],
        carrier_id,
    )


async def find_carrier_named(store: Store, principal: Principal, name: str) -> CarrierRow:
    """One carrier by its name or id. Raises CarrierNotFound."""
    return _only(await store.read(sql.named(principal.account_id, name)), name)


def invalid(error: ValidationError, *place: str) -> HooklineError:
    """Pydantic's findings as those of a body, below `place` in it."""
    found = [{**one, "loc": ("body", *place, *one["loc"])} for one in error.errors()]
    return translate(found)


def _check_may_write(principal: Principal) -> None:
    principal.require(Scope.CARRIERS_WRITE)
    principal.require_live("Carriers carry live messages")


async def _locked(tx: Transaction, principal: Principal, carrier_id: str) -> CarrierRow:
    if not is_id("car", carrier_id):
        raise CarrierNotFound(carrier_id)
    return _only(await tx.execute(sql.locked(principal.account_id, carrier_id)), carrier_id)


def _only(found: Sequence[CarrierRow], carrier: str) -> CarrierRow:
    if not found:
        raise CarrierNotFound(carrier)
    return found[0]


def _connection(box: SecretBox, before: CarrierRow, change: CarrierChange) -> dict[str, object]:
    """The columns of settings and secrets after the change."""
    if change.kind != before.kind or change.model is None:
        raise Invalid.at(
            f"/{change.kind}",
            "other_kind",
            f"This carrier is of the kind {before.kind}, which has no such settings.",
        )
    stored = msgspec.json.decode(before.settings)
    try:
        settings = change.model.model_validate({**stored, **change.settings})
    except ValidationError as error:
        raise invalid(error, before.kind) from error
    values: dict[str, object] = {"settings": settings.model_dump_json()}
    secrets = {**_readable_secrets(box, before), **change.secrets}
    if change.check is not None:
        change.check(settings, [name for name, text in secrets.items() if text])
    if change.secrets:
        values["secrets"] = seal_secrets(box, secrets)
    return values


def _readable_secrets(box: SecretBox, before: CarrierRow) -> dict[str, str]:
    """None after the key was lost: they are gone, and must not keep new ones out."""
    try:
        return open_secrets(box, before.secrets)
    except SecretUnreadable:
        return {}


def _facts(row: CarrierRow, given: Secrets | None = None) -> dict[str, object]:
    """What the audit trail keeps: of secrets only that they were given."""
    facts = {
        "name": row.name,
        "kind": row.kind,
        "disabled": bool(row.disabled),
        "settings": msgspec.json.decode(row.settings),
    }
    return facts | {"secrets_given": sorted(given)} if given else facts


def _numbers_stay(name: str, numbers: Sequence[str]) -> str:
    more = len(numbers) - _NAMED_MAX
    named = ", ".join(numbers[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
    verb = "is" if len(numbers) == 1 else "are"
    return (
        f"{named} {verb} at home on {name!r}. Move them to another carrier, or remove them, "
        "and try again."
    )


def _routes_have_it(name: str, routes: Sequence[str]) -> str:
    more = len(routes) - _NAMED_MAX
    named = ", ".join(map(repr, routes[:_NAMED_MAX])) + (f" and {more} more" if more > 0 else "")
    noun = "The route" if len(routes) == 1 else "The routes"
    verb = "has" if len(routes) == 1 else "have"
    return f"{noun} {named} {verb} {name!r}. Take it out of there, and try again."


def _messages_wait(name: str, counts: Mapping[str, int]) -> str:
    named = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return (
        f"Messages are still to leave by {name!r}: {named}. Wait until they are sent, or cancel "
        "them, and try again."
    )
