"""`hookline pools`: several numbers that messages can be from."""

import re
from typing import Annotated

import typer
from rich.markup import escape

from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json, print_table
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.numbers.pool import Pool, PoolSender
from hookline.numbers.pool_routes import pool_shape
from hookline.numbers.pools import (
    PoolChange,
    add_pool,
    all_pools,
    change_pool,
    find_pool,
    remove_pool,
)
from hookline.restrictions import parse_country

pools = typer.Typer(
    name="pools",
    help="Sender pools: several numbers; each recipient always hears the same one.",
    no_args_is_help=True,
)
_EXAMPLE = "Example:  hookline pools"
_SENDER = re.compile(r"(?P<number>[^:]+)(?::(?P<countries>[A-Za-z]{2}(?:,[A-Za-z]{2})*))?")

Name = Annotated[str, typer.Argument(help="The pool's name or id.")]


@pools.command(epilog=f"{_EXAMPLE} add Support +12025550100 +12025550101 +447700900100:GB,IE")
def add(
    name: Annotated[str, typer.Argument(help="`from` of messages; not like a number.")],
    senders: Annotated[
        list[str],
        typer.Argument(help="NUMBER[:COUNTRIES]; with countries only, and first, for those."),
    ],
    account: Account = None,
    json: Json = False,
) -> None:
    """Add a pool. A message can then be from its name."""
    wanted = [_sender(text) for text in senders]

    async def work(core: Core) -> Pool:
        principal = await operator(core, account)
        return await core.store.commit(lambda tx: add_pool(tx, core.store, principal, name, wanted))

    _show(run(work), json=json)


@pools.command(epilog=f"{_EXAMPLE} change Support +12025550100 +12025550102")
def change(
    name: Name,
    senders: Annotated[
        list[str] | None, typer.Argument(help="In place of all: as in `add`.")
    ] = None,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Rename a pool, or give it other numbers. Those that stay keep their recipients."""
    if not senders and new_name is None:
        fail("Say what to change: see  hookline pools change --help", status=2)
    wanted = PoolChange(new_name, [_sender(text) for text in senders] if senders else None)

    async def work(core: Core) -> Pool:
        principal = await operator(core, account)
        known = find_pool(await all_pools(core.store, principal.account_id), name)
        return await core.store.commit(lambda tx: change_pool(tx, principal, known.id, wanted))

    _show(run(work), json=json)


@pools.command(name="list", epilog=f"{_EXAMPLE} list --json")
def list_pools(account: Account = None, json: Json = False) -> None:
    """The account's pools, by name."""

    async def work(core: Core) -> list[Pool]:
        principal = await operator(core, account)
        return await all_pools(core.store, principal.account_id)

    found = run(work)
    if json:
        print_json([pool_shape(pool).model_dump(mode="json") for pool in found])
        return
    print_table(
        ("name", "senders", "id"),
        [(escape(pool.name), escape(_senders(pool)), pool.id) for pool in found],
        "There are no pools yet. Add one with:  hookline pools add Support +12025550100 +12025550101",
    )


@pools.command(epilog=f"{_EXAMPLE} remove Support")
def remove(name: Name, account: Account = None) -> None:
    """Remove a pool; its numbers stay."""

    async def work(core: Core) -> str:
        principal = await operator(core, account)
        known = find_pool(await all_pools(core.store, principal.account_id), name)
        await core.store.commit(lambda tx: remove_pool(tx, principal, known.id))
        return known.name

    out.print(f"{escape(run(work))} is removed.")


def _show(pool: Pool, *, json: bool) -> None:
    if json:
        print_json(pool_shape(pool))
    else:
        out.print(f"{escape(pool.name)}: {escape(_senders(pool))} ({pool.id})")


def _sender(text: str) -> PoolSender:
    found = _SENDER.fullmatch(text)
    if found is None:
        fail(f"{text!r} is not NUMBER[:COUNTRIES], such as +447700900100:GB,IE.", status=2)
    if found["countries"] is None:
        return PoolSender(found["number"])
    try:
        codes = frozenset(parse_country(code) for code in found["countries"].split(","))
    except ValueError as error:
        fail(f"{error}.", status=2)
    return PoolSender(found["number"], codes)


def _senders(pool: Pool) -> str:
    return ", ".join(
        one.number + ("" if one.countries is None else ":" + ",".join(sorted(one.countries)))
        for one in pool.senders
    )
