"""Sender pools: several numbers that messages can be from, each recipient always hearing the same one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hookline.audit.append import record
from hookline.errors import Conflict, Invalid, NotFound
from hookline.ids import AccountId, is_id
from hookline.numbers import pool_store as sql
from hookline.numbers import store as number_sql
from hookline.numbers.book import topic
from hookline.numbers.pool import PREFIX, Pool, PoolSender
from hookline.numbers.registration import normalise_sender
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

POOLS_MAX = 200
SENDERS_MAX = 500


class PoolNotFound(NotFound):
    """There is no such pool in this account. List the pools to see their ids and names."""

    code = "pool_not_found"
    title = "There is no such pool"

    def __init__(self, pool: str) -> None:
        super().__init__(f"There is no pool {pool[:64]!r} in this account.")


class PoolNameTaken(Conflict):
    """Another pool of the account, or one of its senders, has this name. Choose another one."""

    code = "pool_name_taken"
    title = "The name is taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is the name of a pool or a sender already. Choose another one.")


class TooManyPools(Conflict):
    """An account has at most 200 pools. Put more numbers into one, with countries of their own."""

    code = "too_many_pools"
    title = "There are too many pools"


@dataclass(frozen=True, slots=True)
class PoolChange:
    """What a pool is to be; None stays."""

    name: str | None = None
    senders: Sequence[PoolSender] | None = None


async def add_pool(
    tx: Transaction, store: Store, principal: Principal, name: str, senders: Sequence[PoolSender]
) -> Pool:
    """Add a pool. Raises PoolNameTaken, TooManyPools, LiveModeNeeded, Invalid."""
    _check_may_write(principal)
    others = await all_pools(tx, principal.account_id)
    if len(others) >= POOLS_MAX:
        raise TooManyPools
    await _check_name(tx, principal, name)
    joined = _placed(await _checked(tx, principal, senders), ())
    pool = Pool(store.ids.new(PREFIX), principal.account_id, name, joined, store.now())
    row = (pool.id, pool.account_id, pool.name, pool.created_at)
    if not (await tx.insert(sql.INSERT, [row]))[0]:
        raise PoolNameTaken(name)
    await tx.insert(sql.INSERT_SENDER, [sql.sender_row(pool.id, one) for one in joined])
    record(tx, principal, "pool.create", pool.id, after=_facts(pool))
    tx.notify(topic(principal.account_id))
    return pool


async def change_pool(
    tx: Transaction, principal: Principal, pool_id: str, change: PoolChange
) -> Pool:
    """Rename a pool, or give it other senders. Raises PoolNotFound, PoolNameTaken, Invalid."""
    _check_may_write(principal)
    before = find_pool(await all_pools(tx, principal.account_id), pool_id)
    after = before
    if change.name is not None and change.name != before.name:
        await _check_name(tx, principal, change.name)
        if await tx.execute(sql.others_named(principal.account_id, change.name, before.id)):
            raise PoolNameTaken(change.name)
        await tx.changed(sql.rename(before.id, change.name))
        after = replace(after, name=change.name)
    if change.senders is not None:
        senders = _placed(await _checked(tx, principal, change.senders), before.senders)
        await tx.changed(sql.remove_senders(before.id))
        await tx.insert(sql.INSERT_SENDER, [sql.sender_row(before.id, one) for one in senders])
        after = replace(after, senders=senders)
    record(tx, principal, "pool.update", after.id, before=_facts(before), after=_facts(after))
    tx.notify(topic(principal.account_id))
    return after


async def remove_pool(tx: Transaction, principal: Principal, pool_id: str) -> None:
    """Remove a pool; its numbers stay. Raises PoolNotFound, LiveModeNeeded."""
    _check_may_write(principal)
    before = find_pool(await all_pools(tx, principal.account_id), pool_id)
    await tx.changed(sql.remove_senders(before.id))
    await tx.changed(sql.remove(before.id))
    record(tx, principal, "pool.delete", before.id, before=_facts(before))
    tx.notify(topic(principal.account_id))


async def all_pools(reader: Store | Transaction, account_id: AccountId) -> list[Pool]:
    """The account's pools, by name."""
    read = reader.execute if isinstance(reader, Transaction) else reader.read
    rows = await read(sql.of_account(account_id))
    senders = await read(sql.senders_of(account_id)) if rows else []
    return sql.pools_of(rows, senders)


def find_pool(pools: Sequence[Pool], name_or_id: str) -> Pool:
    """One of them. Raises PoolNotFound."""
    for pool in pools:
        if name_or_id in (pool.id, pool.name):
            return pool
    raise PoolNotFound(name_or_id)


def _check_may_write(principal: Principal) -> None:
    principal.require(Scope.NUMBERS_WRITE)
    principal.require_live("Pools serve both modes")


async def _check_name(tx: Transaction, principal: Principal, name: str) -> None:
    """A pool stands where a sender does, and must not be taken for one."""
    if not name.isprintable() or name != name.strip():
        text = "Use printable characters, and no space at the beginning or end."
        raise Invalid.at("/name", "invalid_name", text)
    if name.startswith("+") or name.isdecimal() or is_id(PREFIX, name):
        text = "This could be a number or an id. Choose a name that people recognise."
        raise Invalid.at("/name", "invalid_name", text)
    if await tx.execute(number_sql.by_number(principal.account_id, name)):
        raise PoolNameTaken(name)


async def _checked(
    tx: Transaction, principal: Principal, senders: Sequence[PoolSender]
) -> list[PoolSender]:
    """The senders as they are stored. Raises Invalid at the one that is not the account's."""
    rows = await tx.execute(number_sql.of_account(principal.account_id))
    mine = {row.number for row in rows}
    found: dict[str, PoolSender] = {}
    for place, one in enumerate(senders):
        pointer = f"/senders/{place}/number"
        number, _ = normalise_sender(one.number, pointer)
        if number not in mine:
            text = f"{number} is not a number or sender of this account."
            raise Invalid.at(pointer, "unknown_sender", text)
        if number in found:
            raise Invalid.at(pointer, "repeated_sender", f"{number} is there twice.")
        found[number] = replace(one, number=number)
    return list(found.values())


def _placed(senders: Sequence[PoolSender], before: Sequence[PoolSender]) -> tuple[PoolSender, ...]:
    """Those that join now stand together behind those that are there."""
    places = {one.number: one.place for one in before}
    following = max(places.values(), default=0) + 1
    placed = [replace(one, place=places.get(one.number, following)) for one in senders]
    return tuple(sorted(placed, key=lambda one: (one.place, one.number)))


def _facts(pool: Pool) -> dict[str, object]:
    """What the audit trail keeps."""
    senders = {
        one.number: None if one.countries is None else sorted(one.countries) for one in pool.senders
    }
    return {"name": pool.name, "senders": senders}
