"""`hookline users`."""

from typing import Annotated

import typer

from hookline.accounts.listing import list_users as list_page
from hookline.accounts.password_reset import reset_password
from hookline.accounts.people import AddedUser, NewUser, add_user
from hookline.accounts.roles import Grant, Role
from hookline.accounts.schemas import UserFilter, added_user_shape
from hookline.cli.numbers import Account
from hookline.cli.output import Json, out, print_json, print_table
from hookline.cli.session import operator, run
from hookline.foundation import Core

users = typer.Typer(name="users", help="People who sign in to the console.", no_args_is_help=True)

_SHOWN_MAX = 100


@users.command(epilog="Example:  hookline users add mara@example.com --role admin")
def add(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.ADMIN,
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    account: Account = None,
    json: Json = False,
) -> None:
    """Add a user; a password is generated and shown once."""

    async def work(core: Core) -> AddedUser:
        principal = await operator(core, account)
        new = NewUser(email, await core.passwords.choose(None), Grant(role), name)
        return await core.store.commit(lambda tx: add_user(tx, core.store, principal, new))

    added = run(work)
    if json:
        print_json(added_user_shape(added))
        return
    out.print(f"{added.member.email} is {role.value}.")
    if added.password is not None:
        out.print(f"Password: {added.password}   (shown this once)")
    else:
        out.print("They keep the password that they have in another account.")


@users.command(name="reset-password", epilog="Example:  hookline users reset-password a@b.com")
def reset(
    email: Annotated[str, typer.Argument(help="Whose password.")], json: Json = False
) -> None:
    """Give a user a new password, shown once, and end their sessions."""

    async def work(core: Core) -> str:
        return (await reset_password(core.store, core.passwords, email, actor="command_line")).text

    password = run(work)
    if json:
        print_json({"email": email, "password": password})
    else:
        out.print(f"Password: {password}   (shown this once; their sessions have ended)")


@users.command(name="list", epilog="Example:  hookline users list")
def list_users(account: Account = None, json: Json = False) -> None:
    """The account's users."""

    async def work(core: Core) -> list[dict[str, object]]:
        principal = await operator(core, account)
        found = await list_page(core.store, principal, UserFilter(limit=_SHOWN_MAX))
        return [user.model_dump(mode="json") for user in found.data]

    found = run(work)
    if json:
        print_json(found)
        return
    print_table(
        ("e-mail", "role", "name", "id"),
        [(user["email"], user["role"], user["name"], user["id"]) for user in found],
        "There are no users yet. Add one with:  hookline users add EMAIL --role owner",
    )
