"""All SQL of sender pools."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Delete, Row, Select, Update, delete, select, update

from hookline.ids import AccountId
from hookline.numbers.pool import Pool, PoolSender
from hookline.storage.schema import messages, pool_senders, pools
from hookline.storage.sets import Insert

Rows = Select[Any]  # Any: the statement's own columns
INSERT = Insert(pools, ("id", "account_id", "name", "created_at"), conflict=("account_id", "name"))
INSERT_SENDER = Insert(pool_senders, ("pool_id", "number", "countries", "place"))


def of_account(account_id: AccountId) -> Rows:
    return select(pools).where(pools.c.account_id == account_id).order_by(pools.c.name)


def senders_of(account_id: AccountId) -> Rows:
    return (
        select(pool_senders)
        .join(pools, pools.c.id == pool_senders.c.pool_id)
        .where(pools.c.account_id == account_id)
        .order_by(pool_senders.c.place, pool_senders.c.number)
    )


def others_named(account_id: AccountId, name: str, pool_id: str) -> Rows:
    return select(pools.c.id).where(
        pools.c.account_id == account_id, pools.c.name == name, pools.c.id != pool_id
    )


def rename(pool_id: str, name: str) -> Update:
    return update(pools).where(pools.c.id == pool_id).values(name=name)


def remove(pool_id: str) -> Delete:
    return delete(pools).where(pools.c.id == pool_id)


def remove_senders(pool_id: str) -> Delete:
    return delete(pool_senders).where(pool_senders.c.pool_id == pool_id)


def pools_with(account_id: AccountId, number: str) -> Rows:
    """The names of the pools that have the number."""
    return (
        select(pools.c.name)
        .join(pool_senders, pool_senders.c.pool_id == pools.c.id)
        .where(pools.c.account_id == account_id, pool_senders.c.number == number)
        .order_by(pools.c.name)
    )


def known_sender(account_id: AccountId, recipient: str, senders: Sequence[str]) -> Rows:
    """Which of these the recipient has heard last."""
    m = messages.c
    return (
        select(m.sender)
        .where(m.account_id == account_id, m.recipient == recipient, m.sender.in_(senders))
        .order_by(m.id.desc())
        .limit(1)
    )


def sender_row(pool_id: str, one: PoolSender) -> tuple[object, ...]:
    countries = None if one.countries is None else " ".join(sorted(one.countries))
    return (pool_id, one.number, countries, one.place)


def pools_of(rows: Iterable[Row[Any]], senders: Iterable[Row[Any]]) -> list[Pool]:
    """Stored rows as pools, in their order."""
    by_pool: dict[str, list[PoolSender]] = {}
    for row in senders:
        countries = None if row.countries is None else frozenset(row.countries.split())
        by_pool.setdefault(row.pool_id, []).append(PoolSender(row.number, countries, row.place))
    return [
        Pool(
            row.id,
            AccountId(row.account_id),
            row.name,
            tuple(by_pool.get(row.id, ())),
            row.created_at,
        )
        for row in rows
    ]
