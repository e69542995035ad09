"""`hookline users`."""

from typing import Annotated

import typer

from hookline.accounts import store as sql
from hookline.accounts.errors import UserNotFound
from hookline.accounts.invitations import Invited, NewInvitation
from hookline.accounts.invitations import invite as make_invitation
from hookline.accounts.listing import list_users as list_page
from hookline.accounts.model import Member
from hookline.accounts.password_reset import reset_password
from hookline.accounts.people import (
    AddedUser,
    NewUser,
    UserChange,
    add_user,
    change_user,
    normalise_email,
    remove_user,
)
from hookline.accounts.roles import Grant, Role
from hookline.accounts.schemas import (
    UserFilter,
    added_user_shape,
    invited_shape,
    user_shape,
)
from hookline.accounts.user_access import reset_second_factor_of
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json, print_table
from hookline.cli.serving import address_of
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.principal import Principal

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


@users.command(epilog="Example:  hookline users invite mara@example.com --role developer")
def invite(
    email: Annotated[str, typer.Argument(help="Whom.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.ADMIN,
    account: Account = None,
    json: Json = False,
) -> None:
    """Invite somebody by e-mail; without a mail server the link is shown, once."""

    async def work(core: Core) -> tuple[Invited, int]:
        principal = await operator(core, account)
        new = NewInvitation(email, Grant(role), address_of(core.settings))
        made = await core.store.commit(
            lambda tx: make_invitation(tx, core.store, core.box, principal, new)
        )
        return made, core.store.now()

    invited, now = run(work)
    if json:
        print_json(invited_shape(invited, now))
        return
    out.print(f"{invited.invitation.email} is invited as {role.value}.")
    if invited.link is None:
        out.print("They get the link by e-mail.")
    else:
        out.print(f"Link: {invited.link}   (shown this once)", soft_wrap=True)


@users.command(epilog="Example:  hookline users change mara@example.com --role viewer")
def change(
    email: Annotated[str, typer.Argument(help="Whom.")],
    role: Annotated[Role | None, typer.Option(help="What they may do from now on.")] = None,
    disabled: Annotated[
        bool | None,
        typer.Option("--disable/--enable", help="Close the account to them, or open it."),
    ] = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Change what a user may do in the account, or disable them."""
    if role is None and disabled is None:
        fail("Say what to change: --role, --disable or --enable.", status=2)

    async def work(core: Core) -> Member:
        principal = await operator(core, account)
        user_id, wanted = (
            await _find(core, principal, email),
            UserChange(None, role, None, disabled),
        )
        return await core.store.commit(
            lambda tx: change_user(tx, core.store, principal, user_id, wanted)
        )

    member = run(work)
    if json:
        print_json(user_shape(member))
        return
    state = "disabled" if member.disabled_at is not None else "enabled"
    out.print(f"{member.email} is {member.grant.role.value}, {state}.")


@users.command(epilog="Example:  hookline users remove mara@example.com")
def remove(email: Annotated[str, typer.Argument(help="Whom.")], account: Account = None) -> None:
    """Take a user out of the account. Credentials they made stay."""

    async def work(core: Core) -> None:
        principal = await operator(core, account)
        user_id = await _find(core, principal, email)
        await core.store.commit(lambda tx: remove_user(tx, principal, user_id))

    run(work)
    out.print(f"{email} is no user of the account any more.")


@users.command(
    name="reset-second-factor", epilog="Example:  hookline users reset-second-factor a@b.com"
)
def reset_factor(
    email: Annotated[str, typer.Argument(help="Who has lost it.")], json: Json = False
) -> None:
    """Take a user's second factor away, and end their sessions. The password stays."""

    async def work(core: Core) -> None:
        await reset_second_factor_of(core.store, email, actor="command_line")

    run(work)
    if json:
        print_json({"email": email, "second_factor": False})
    else:
        out.print("They sign in with the password alone; their sessions have ended.")


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
        ("e-mail", "role", "second factor", "state", "name", "id"),
        [
            (
                user["email"],
                user["role"],
                "yes" if user["second_factor"] else "no",
                "disabled" if user["disabled_at"] else "enabled",
                user["name"],
                user["id"],
            )
            for user in found
        ],
        "There are no users yet. Add one with:  hookline users add EMAIL --role owner",
    )


async def _find(core: Core, principal: Principal, email: str) -> str:
    """The id of the account's user with this address. Raises UserNotFound."""
    address = normalise_email(email)
    found = await core.store.read(sql.user_of_email(address))
    if not found:
        raise UserNotFound(f"There is no user {address} in this account.")
    return str(found[0].id)
