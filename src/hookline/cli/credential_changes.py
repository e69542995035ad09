"""`hookline credentials edit`, `enable` and `policy`: what changes without a new token."""

import re
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from hookline.cli.credentials import (
    AllowedCountries,
    AllowedIps,
    AllowedNumbers,
    CallCap,
    Id,
    MessageCap,
    RateLimit,
    change_credential,
    read_restrictions,
    read_scopes,
    refuse_option,
    tell,
)
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, print_facts, print_json
from hookline.cli.session import operator, run
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.enabling import enable_credential
from hookline.credentials.policy import Policy, change_policy, get_policy
from hookline.credentials.restricting import Changes
from hookline.credentials.schemas import CredentialPolicyPatch
from hookline.foundation import Core

_DAYS = re.compile(r"\d{1,9}\Z")
_NEVER = "never"


class Lift(StrEnum):
    """What `edit --lift` takes away."""

    EXPIRY = "expiry"
    ALLOWED_IPS = "allowed-ips"
    ALLOWED_NUMBERS = "allowed-numbers"
    ALLOWED_COUNTRIES = "allowed-countries"
    RATE_LIMIT = "rate-limit"
    DAILY_MESSAGE_CAP = "daily-message-cap"
    DAILY_CALL_CAP = "daily-call-cap"


def install(credentials: typer.Typer) -> None:
    """Add the commands to those of the same name."""
    credentials.command(
        epilog="Example:  hookline credentials edit crd_01jz… --allowed-ip 203.0.113.0/24 --lift expiry"
    )(edit)
    credentials.command(epilog="Example:  hookline credentials enable crd_01jz…")(enable)
    credentials.command(epilog="Example:  hookline credentials policy --rotation-days 60")(policy)


def edit(
    credential_id: Id,
    description: Annotated[
        str | None, typer.Option(help="Which service uses it, and where.")
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Replaces the scopes; may be given several times.")
    ] = None,
    expires_in_days: Annotated[
        int | None, typer.Option(help="It is refused after so many days from now.")
    ] = None,
    allowed_ip: AllowedIps = None,
    allowed_number: AllowedNumbers = None,
    allowed_country: AllowedCountries = None,
    rate_limit: RateLimit = None,
    daily_message_cap: MessageCap = None,
    daily_call_cap: CallCap = None,
    lift: Annotated[
        list[Lift] | None, typer.Option(help="Take the expiry or a restriction away; repeatable.")
    ] = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Change what is given, from the next request on; the token stays. A list replaces the list."""
    lifted = set(lift or ())
    given = read_restrictions(
        allowed_ips=allowed_ip,
        allowed_numbers=allowed_number,
        allowed_countries=allowed_country,
        rate_limit=rate_limit,
        daily_message_cap=daily_message_cap,
        daily_call_cap=daily_call_cap,
    )
    change = Change(
        description,
        read_scopes(scope) if scope else None,
        expires_in_days=expires_in_days,
        lifts_expiry=Lift.EXPIRY in lifted,
        restrictions=_with_lifted(given, lifted),
    )
    if change == Change():
        fail("Say what to change, for example --allowed-ip or --lift; --help lists it.", status=2)
    if change.lifts_expiry and expires_in_days is not None:
        fail("Give --expires-in-days or --lift expiry, not both.", status=2)
    shape = change_credential(
        account, lambda tx, store, who: patch_credential(tx, store, who, credential_id, change)
    )
    tell(shape, f"{shape.id} ({shape.description}) is changed.", as_json=json)


def enable(credential_id: Id, account: Account = None, json: Json = False) -> None:
    """Let a credential work again that was disabled because nobody used it."""
    shape = change_credential(
        account, lambda tx, store, who: enable_credential(tx, store, who, credential_id)
    )
    tell(shape, f"{shape.id} ({shape.description}) works.", as_json=json)


def policy(
    rotation_days: Annotated[
        int | None, typer.Option(help="When a token's rotation is due, days.")
    ] = None,
    refuse_overdue_after_days: Annotated[
        str | None,
        typer.Option(help="How long after its notice an overdue token is refused, days; never."),
    ] = None,
    disable_idle_after_days: Annotated[
        str | None,
        typer.Option(help="When a credential that nobody uses is disabled, days; never."),
    ] = None,
    account: Account = None,
    json: Json = False,
) -> None:
    """Show the account's policy for its credentials, or change what is given."""
    changes: dict[str, int | None] = (
        {} if rotation_days is None else {"rotation_days": rotation_days}
    )
    for name, days in (
        ("refuse_overdue_after_days", refuse_overdue_after_days),
        ("disable_idle_after_days", disable_idle_after_days),
    ):
        if days is not None:
            changes[name] = _days(name, days)
    try:
        CredentialPolicyPatch.model_validate(changes)
    except ValidationError as error:
        refuse_option(error)

    async def work(core: Core) -> Policy:
        principal = await operator(core, account)
        if not changes:
            return await get_policy(core.store, principal)
        return await core.store.commit(lambda tx: change_policy(tx, principal, changes))

    facts = run(work).facts
    if json:
        print_json(facts)
    else:
        print_facts({name: _NEVER if days is None else days for name, days in facts.items()})


def _with_lifted(given: Changes, lifted: set[Lift]) -> Changes:
    names = {one: one.value.replace("-", "_") for one in lifted - {Lift.EXPIRY}}
    for one, name in names.items():
        if name in given:
            fail(f"Give a value or --lift {one.value}, not both.", status=2)
    return {**given, **dict.fromkeys(names.values())}


def _days(name: str, text: str) -> int | None:
    if text == _NEVER:
        return None
    if not _DAYS.match(text):
        fail(f"--{name.replace('_', '-')}: give a number of days, or never.", status=2)
    return int(text)
