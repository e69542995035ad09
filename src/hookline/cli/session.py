"""A command's session: the store opened beside a running server, closed when the command is done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import select

from hookline.cli.output import fail
from hookline.foundation import Core
from hookline.ids import AccountId
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.settings import Settings
from hookline.storage.migrate import is_current
from hookline.storage.schema import accounts

T = TypeVar("T")


def run(work: Callable[[Core], Awaitable[T]]) -> T:
    """Run the work on the configured data. Ends with status 1 when there is none yet."""
    return asyncio.run(_run(work))


async def _run(work: Callable[[Core], Awaitable[T]]) -> T:
    settings = Settings()
    if not await is_current(settings):
        fail(
            "The database has not been set up for this version. "
            "Run `hookline up` once, or `hookline migrate`."
        )
    core = Core(settings)
    await core.start_beside_server()
    try:
        return await work(core)
    finally:
        await core.stop()


async def operator(core: Core, account: str | None = None) -> Principal:
    """The one at the command line: may do everything in the chosen, or the only, account."""
    rows = await core.store.read(select(accounts.c.id, accounts.c.name).order_by(accounts.c.id))
    chosen = [row for row in rows if account in (None, row.id, row.name)]
    if not rows:
        fail("There is no account yet. Run `hookline up` once.")
    if not chosen:
        fail(f"There is no account {account!r}. `hookline accounts list` shows them.")
    return Principal(
        AccountId(chosen[0].id),
        PrincipalKind.SYSTEM,
        "command_line",
        frozenset(Scope),
        label="command line",
    )
