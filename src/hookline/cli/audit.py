"""`hookline audit`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from hookline.accounts.model import Account as AccountRow
from hookline.accounts.tenancy import list_accounts
from hookline.audit.model import Anchor, Break
from hookline.audit.verification import BEGINNING, check, read_head
from hookline.cli.output import Json, fail, out, print_json
from hookline.cli.session import operator, run
from hookline.foundation import Core

audit = typer.Typer(name="audit", help="The audit log.", no_args_is_help=True)


@audit.callback()
def _group() -> None:
    """So that `verify` is a command of its own, also while it is the only one."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one account's trail."""

    account: AccountRow
    head: Anchor
    last: Anchor
    found: Break | None


@audit.command(
    epilog="Example:  hookline audit verify --json   or, with a head that was noted:  "
    "hookline audit verify --known 4211:9f86d081…"
)
def verify(
    known: Annotated[
        str | None,
        typer.Option(help="A head that was noted before, NUMBER:HASH: finds a missing end."),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Account id or name; all if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Recompute the chain of hashes over the audit log; status 1 when it is broken.

    It changes nothing, and may run beside the server. Without --account every account is verified.
    Note the head that it prints elsewhere, and give it as --known next time.
    """
    anchor = _anchor(known)

    async def work(core: Core) -> list[Checked]:
        chosen = await _chosen(core, account)
        if anchor is not None and len(chosen) > 1:
            fail("A head is of one account: say which with --account.", status=2)
        return [await _check(core, one, anchor) for one in chosen]

    results = run(work)
    if json:
        print_json([_facts(one) for one in results])
    else:
        _say(results)
    if any(one.found for one in results):
        sys.exit(1)


def _anchor(known: str | None) -> Anchor | None:
    try:
        return None if known is None else Anchor.parse(known)
    except ValueError as error:
        fail(f"--known: {error}.", status=2)


async def _chosen(core: Core, account: str | None) -> list[AccountRow]:
    found = await list_accounts(core.store)
    if account is None:
        return found
    principal = await operator(core, account)
    return [one for one in found if one.id == principal.account_id]


async def _check(core: Core, account: AccountRow, known: Anchor | None) -> Checked:
    head = await read_head(core.store, account.id)
    last = BEGINNING
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(account.name, total=head.number)
        async for step in check(core.store, account.id, head, known=known):
            if isinstance(step, Break):
                return Checked(account, head, last, step)
            last = step
            progress.update(task, completed=last.number)
    return Checked(account, head, last, None)


def _facts(one: Checked) -> dict[str, object]:
    found = one.found
    return {
        "account_id": one.account.id,
        "status": "broken" if found else "intact",
        "checked": one.last.number,
        "head": str(one.head),
        "found": found
        and {"number": found.number, "kind": found.kind.value, "detail": found.detail},
    }


def _say(results: Sequence[Checked]) -> None:
    for one in results:
        if one.found is None:
            out.print(f"{one.account.name}: intact, {one.head.number} rows.")
            out.print(f"Head: {one.head}", soft_wrap=True)
        else:
            found = one.found
            out.print(f"{one.account.name}: BROKEN at row {found.number} ({found.kind.value}).")
            out.print(found.detail, soft_wrap=True)
            whole = min(one.last.number, found.number - 1)
            if whole:
                out.print(f"Rows 1 to {whole} are as they were written.")
