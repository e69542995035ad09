"""`hookline erasures`: has a running server forget a person."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from hookline.api.pagination import Paging, paged
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json, print_table
from hookline.cli.session import run
from hookline.cli.webhooks import ModeOption, acting
from hookline.clock import to_rfc3339
from hookline.erasure import store as sql
from hookline.erasure.asking import begin_erasure, get_erasure
from hookline.erasure.model import PREFIX, Erasure, ErasureStatus
from hookline.erasure.schemas import erasure_shape
from hookline.foundation import Core
from hookline.numbers.e164 import redact
from hookline.principal import Mode, Principal
from hookline.storage.schema import erasures as table

erasures = typer.Typer(
    name="erasures", help="People who are to be forgotten.", no_args_is_help=True
)
_LOOK_EVERY_S = 0.5
_SERVER_HINT_S = 15.0
_EXAMPLE = "Example:  hookline erasures"


@erasures.command(epilog=f"{_EXAMPLE} create +12025550110 --wait")
def create(
    number: Annotated[str, typer.Argument(help="The person's phone number: +1…")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is over.")] = False,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Have the running server forget a person, for good: number, texts, names and metadata in
    messages and calls, recordings, events, and the request log. An opt-out stays.
    """
    if not yes and sys.stdin.isatty():
        typer.confirm("This cannot be undone. Forget the person?", abort=True, err=True)

    async def work(core: Core) -> Erasure:
        principal = await acting(core, account, mode)
        begun = await core.store.commit(lambda tx: begin_erasure(tx, core.store, principal, number))
        return await _follow(core, principal, begun) if wait else begun

    done = run(work)
    if json:
        print_json(erasure_shape(done))
    else:
        out.print(f"{done.id} {done.status.value}: {done.in_words or 'nothing'}")


@erasures.command(name="list", epilog=f"{_EXAMPLE} list --json")
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, up to 100.")] = 100,
    mode: ModeOption = Mode.LIVE,
    account: Account = None,
    json: Json = False,
) -> None:
    """Who has been forgotten, or is being, newest first."""

    async def work(core: Core) -> list[Erasure]:
        principal = await acting(core, account, mode)
        mine = sql.of_account(principal.account_id, principal.mode)
        rows = await core.store.read(paged(mine, table.c.id, Paging(limit=limit), prefix=PREFIX))
        return [sql.erasure_of(row) for row in rows[:limit]]

    found = run(work)
    if json:
        print_json([erasure_shape(one) for one in found])
        return
    print_table(
        ("id", "number", "status", "asked for", "erased"),
        [
            (one.id, redact(one.number), one.status.value, to_rfc3339(one.created_at), one.in_words)
            for one in found
        ],
        "Nobody has been forgotten. Begin with:  hookline erasures create +1…",
    )


async def _follow(core: Core, principal: Principal, begun: Erasure) -> Erasure:
    current, waited_s = begun, 0.0
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(
        *columns, console=Console(stderr=True), disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task(begun.id, total=None)
        while current.status is ErasureStatus.RUNNING:
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
            current = await get_erasure(core.store, principal, begun.id)
            progress.update(task, description=f"{begun.id}: {current.in_words}")
            if current.step == 0 and waited_s >= _SERVER_HINT_S:
                fail("The erasure is stored, but no server takes it. Start one:  hookline up")
    return current
