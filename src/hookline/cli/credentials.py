"""`hookline credentials`."""

import re
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_facts, print_json, print_table
from hookline.cli.session import operator, run
from hookline.credentials import grace
from hookline.credentials.issuing import Issue, Issued, issue_credential
from hookline.credentials.model import Credential as Model
from hookline.credentials.model import Rotation
from hookline.credentials.reading import list_credentials as list_page
from hookline.credentials.restricting import Changes
from hookline.credentials.restriction_schemas import RestrictionFields, restriction_changes
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.rotation import rotate_credential
from hookline.credentials.schemas import (
    Credential,
    CredentialFilter,
    credential_shape,
    credential_with_token,
)
from hookline.foundation import Core
from hookline.principal import Mode, Principal, Scope, parse_scopes
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

credentials = typer.Typer(
    name="credentials", help="Integration credentials for apps and scripts.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID")]
TokenOnly = Annotated[bool, typer.Option("--token-only", help="Print nothing but the token.")]
AllowedIps = Annotated[
    list[str] | None, typer.Option(help="CIDR that requests may come from; repeatable.")
]
AllowedNumbers = Annotated[
    list[str] | None, typer.Option(help="Number or sender that it may use; repeatable.")
]
AllowedCountries = Annotated[
    list[str] | None, typer.Option(help="ISO 3166 code that it may reach; repeatable.")
]
RateLimit = Annotated[int | None, typer.Option(help="Requests a second on each node.")]
MessageCap = Annotated[int | None, typer.Option(help="Messages a UTC day.")]
CallCap = Annotated[int | None, typer.Option(help="Calls a UTC day.")]
_DURATION = re.compile(r"(\d{1,9})([smhd]?)\Z")
_OPTIONS = {
    "allowed_ips": "allowed_ip",
    "allowed_numbers": "allowed_number",
    "allowed_countries": "allowed_country",
}
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


@credentials.command(
    epilog="Example:  hookline credentials create --description 'Order notifications' "
    "--scope messages:send --scope messages:read"
)
def create(
    description: Annotated[str, typer.Option(help="Which service uses it, and where.")],
    scope: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    all_scopes: Annotated[bool, typer.Option("--all-scopes", help="Everything.")] = False,
    mode: Annotated[Mode, typer.Option(help="test never reaches a real carrier.")] = Mode.LIVE,
    expires_in_days: Annotated[
        int | None, typer.Option(help="It is refused after so many days; otherwise never.")
    ] = None,
    allowed_ip: AllowedIps = None,
    allowed_number: AllowedNumbers = None,
    allowed_country: AllowedCountries = None,
    rate_limit: RateLimit = None,
    daily_message_cap: MessageCap = None,
    daily_call_cap: CallCap = None,
    account: Account = None,
    token_only: TokenOnly = False,
    json: Json = False,
) -> None:
    """Create a credential. Its token is shown this once."""
    scopes = frozenset(Scope) if all_scopes else read_scopes(scope or [])
    restrictions = read_restrictions(
        allowed_ips=allowed_ip,
        allowed_numbers=allowed_number,
        allowed_countries=allowed_country,
        rate_limit=rate_limit,
        daily_message_cap=daily_message_cap,
        daily_call_cap=daily_call_cap,
    )

    async def work(core: Core) -> Issued:
        principal = await operator(core, account)
        command = Issue(
            description,
            scopes,
            mode,
            expires_in_days=expires_in_days,
            restrictions=restrictions,
        )
        return await core.store.commit(
            lambda tx: issue_credential(tx, core.store, principal, command)
        )

    _show(run(work), as_json=json, token_only=token_only)


@credentials.command(epilog="Example:  hookline credentials rotate crd_01jz… --grace 24h")
def rotate(
    credential_id: Id,
    grace: Annotated[
        str, typer.Option(help="How long the old token goes on working: 24h, 7d; up to 30d.")
    ] = "0",
    end_after_first_use: Annotated[
        str | None,
        typer.Option(help="End the grace this long after the new token's first use: 1h."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; kept in the audit trail.")] = None,
    account: Account = None,
    token_only: TokenOnly = False,
    json: Json = False,
) -> None:
    """Replace the token. The old one stops at once or after a grace; the new one is shown once."""
    early_s = None if end_after_first_use is None else _seconds(end_after_first_use)
    rotation = Rotation(_seconds(grace), early_s, reason)

    async def work(core: Core) -> Issued:
        principal = await operator(core, account)
        return await core.store.commit(
            lambda tx: rotate_credential(tx, core.store, principal, credential_id, rotation)
        )

    _show(run(work), as_json=json, token_only=token_only)


@credentials.command(epilog="Example:  hookline credentials cancel-rotation crd_01jz…")
def cancel_rotation(credential_id: Id, account: Account = None, json: Json = False) -> None:
    """During a grace: the new token stops at once, and the old one stays."""
    shape = change_credential(
        account, lambda tx, store, who: grace.cancel_rotation(tx, store, who, credential_id)
    )
    tell(shape, f"{shape.id}: the new token is refused, {_token(shape)} stays.", as_json=json)


@credentials.command(epilog="Example:  hookline credentials expire-now crd_01jz…")
def expire_now(credential_id: Id, account: Account = None, json: Json = False) -> None:
    """During a grace: the old token stops at once."""
    shape = change_credential(
        account, lambda tx, store, who: grace.end_grace(tx, store, who, credential_id)
    )
    tell(shape, f"{shape.id}: only {_token(shape)} works now.", as_json=json)


@credentials.command(epilog="Example:  hookline credentials extend crd_01jz… --by 24h")
def extend(
    credential_id: Id,
    by: Annotated[str, typer.Option(help="How much longer the old token works.")] = "24h",
    account: Account = None,
    json: Json = False,
) -> None:
    """During a grace: the old token works longer. That goes once."""
    seconds = _seconds(by)
    shape = change_credential(
        account, lambda tx, store, who: grace.extend_grace(tx, store, who, credential_id, seconds)
    )
    assert shape.previous_token is not None
    ends_at = shape.previous_token.grace_ends_at
    tell(shape, f"{shape.id}: the old token works until {ends_at}.", as_json=json)


@credentials.command(epilog="Example:  hookline credentials revoke crd_01jz…")
def revoke(
    credential_id: Id,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the credential.")] = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Stop a credential at once. It stays listed."""

    shape = change_credential(
        account,
        lambda tx, store, who: revoke_credential(tx, store, who, credential_id, reason=reason),
    )
    tell(shape, f"{shape.id} ({shape.description}) is revoked.", as_json=json)


@credentials.command(name="list", epilog="Example:  hookline credentials list --json")
def list_credentials(account: Account = None, json: Json = False) -> None:
    """The account's credentials, ended ones too; the latest 100."""

    async def work(core: Core) -> list[Credential]:
        principal = await operator(core, account)
        return (await list_page(core.store, principal, CredentialFilter(limit=100))).data

    found = run(work)
    if json:
        print_json([shape.model_dump(mode="json") for shape in found])
        return
    print_table(
        ("description", "token", "mode", "status", "last used", "id"),
        [
            (
                shape.description, _token(shape), shape.mode, shape.status,
                shape.last_used.at if shape.last_used else "never", shape.id,
            )
            for shape in found
        ],
        "There are no credentials yet. Create one with:  hookline credentials create --help",
    )  # fmt: skip


def change_credential(
    account: str | None,
    use_case: Callable[[Transaction, Store, Principal], Awaitable[Model]],
) -> Credential:
    """Carry out a use case as the operator of the account; the credential afterwards."""

    async def work(core: Core) -> Credential:
        principal = await operator(core, account)
        return credential_shape(
            await core.store.commit(lambda tx: use_case(tx, core.store, principal))
        )

    return run(work)


def tell(shape: Credential, text: str, *, as_json: bool) -> None:
    """The resource, or in words what has become of it."""
    if as_json:
        print_json(shape)
    else:
        out.print(text)


def _token(shape: Credential) -> str:
    return f"{shape.prefix}…{shape.last4}"


def _show(issued: Issued, *, as_json: bool, token_only: bool) -> None:
    shape = credential_with_token(issued.credential, issued.token)
    if token_only:
        sys.stdout.write(issued.token + "\n")
    elif as_json:
        print_json(shape)
    else:
        scopes = ", ".join(shape.scopes)
        print_facts({"id": shape.id, "description": shape.description, "scopes": scopes})
        out.print("\nCopy the token now; it cannot be shown again:\n")
        sys.stdout.write(issued.token + "\n")


def read_scopes(names: list[str]) -> frozenset[Scope]:
    """The scopes with these names; ends the program where there is none, or an unknown one."""
    if not names:
        fail("Say what it may do: --scope messages:send (repeatable), or --all-scopes.", status=2)
    try:
        return parse_scopes(names)
    except ValueError as error:
        known = ", ".join(sorted(Scope))
        fail(f"{error}. Known scopes: {known}", status=2)


def read_restrictions(**named: object) -> Changes:
    """Those that were given, as the API would take them."""
    given = {name: value for name, value in named.items() if value not in (None, [])}
    try:
        return restriction_changes(RestrictionFields.model_validate(given))
    except ValidationError as error:
        refuse_option(error)


def refuse_option(error: ValidationError) -> NoReturn:
    """End the program with what is wrong with which option."""
    found = error.errors(include_url=False)[0]
    option = _OPTIONS.get(str(found["loc"][0]), str(found["loc"][0]))
    fail(f"--{option.replace('_', '-')}: {found['msg'].removeprefix('Value error, ')}", 2)


def _seconds(text: str) -> int:
    match = _DURATION.match(text)
    if match is None:
        fail(f"{text!r} is no duration: give a number with s, m, h or d, such as 24h.", status=2)
    return int(match[1]) * _UNIT_S[match[2]]
