"""`hookline account` and `hookline accounts`."""

from typing import Annotated

import typer

from hookline.accounts.model import Account
from hookline.accounts.tenancy import (
    create_account,
    get_account,
    list_accounts,
    require_second_factor,
    set_allowed_countries,
)
from hookline.cli.output import Json, fail, out, print_facts, print_json, print_table
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.numbers.sandbox import furnish_sandbox
from hookline.restrictions import parse_country
from hookline.storage.transaction import Transaction

account = typer.Typer(name="account", help="The account.", no_args_is_help=True)
accounts = typer.Typer(name="accounts", help="All accounts of this server.", no_args_is_help=True)


@account.command(epilog="Example:  hookline account show --json")
def show(
    name: Annotated[str | None, typer.Argument(help="Account id or name; else the first.")] = None,
    json: Json = False,
) -> None:
    """Id, client id and name."""
    found = run(_list)
    chosen = [one for one in found if name in {None, one.id, one.name}]
    if not chosen:
        fail(f"There is no account {name!r}. `hookline accounts list` shows them.")
    facts = _facts(chosen[0])
    if json:
        print_json(facts)
    else:
        print_facts(facts)


@account.command(epilog="Example:  hookline account countries US GB")
def countries(
    code: Annotated[list[str] | None, typer.Argument(help="ISO 3166 codes.")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Lift the restriction.")] = False,
    name: Annotated[str | None, typer.Option("--account", help="Account id or name.")] = None,
    json: Json = False,
) -> None:
    """Show or set where the account's messages and calls may go."""
    try:
        wanted = tuple(sorted({parse_country(one) for one in code or ()})) or None
    except ValueError as error:
        fail(f"{error}.", status=2)
    if wanted and everywhere:
        fail("Give countries, or --everywhere.", status=2)

    async def work(core: Core) -> Account:
        principal = await operator(core, name)
        if wanted is None and not everywhere:
            return await get_account(core.store, principal)
        return await core.store.commit(lambda tx: set_allowed_countries(tx, principal, wanted))

    allowed = run(work).allowed_countries
    if json:
        print_json({"allowed_countries": allowed})
    else:
        out.print(" ".join(allowed) if allowed else "Everywhere.")


@account.command(name="second-factor", epilog="Example:  hookline account second-factor --require")
def second_factor(
    required: Annotated[
        bool | None, typer.Option("--require/--optional", help="What holds from now on.")
    ] = None,
    name: Annotated[str | None, typer.Option("--account", help="Account id or name.")] = None,
    json: Json = False,
) -> None:
    """Show or set whether every user must have a second factor."""

    async def work(core: Core) -> Account:
        principal = await operator(core, name)
        if required is None:
            return await get_account(core.store, principal)
        return await core.store.commit(lambda tx: require_second_factor(tx, principal, required))

    is_required = run(work).second_factor_required
    if json:
        print_json({"second_factor_required": is_required})
    else:
        out.print("Required of every user." if is_required else "Optional.")


@accounts.command(epilog="Example:  hookline accounts add 'Clinic Leeds'")
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")], json: Json = False
) -> None:
    """Add an account, with a sandbox carrier, two numbers and two virtual phones."""

    async def work(core: Core) -> Account:
        async def make(tx: Transaction) -> Account:
            made = await create_account(tx, core.store, core.box, name=name, actor="command_line")
            await furnish_sandbox(tx, core.store, made.id)
            return made

        return await core.store.commit(make)

    made = run(work)
    if json:
        print_json(_facts(made))
        return
    print_facts(_facts(made))
    out.print(f"Add a user with:  hookline users add EMAIL --role owner --account {made.id}")


@accounts.command(name="list", epilog="Example:  hookline accounts list")
def list_all(json: Json = False) -> None:
    """All accounts."""
    found = [_facts(one) for one in run(_list)]
    if json:
        print_json(found)
        return
    print_table(
        ("name", "id", "client id"),
        [(facts["name"], facts["id"], facts["client_id"]) for facts in found],
        "There is no account yet. Run:  hookline up",
    )


async def _list(core: Core) -> list[Account]:
    return await list_accounts(core.store)


def _facts(one: Account) -> dict[str, object]:
    return {"id": one.id, "client_id": str(one.client_id), "name": one.name}
