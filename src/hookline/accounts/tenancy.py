"""Accounts: made, listed, read, renamed, restricted; and the secret that signs what they are sent."""

from dataclasses import replace

from hookline.accounts import store as sql
from hookline.accounts.countries import topic as countries_topic
from hookline.accounts.errors import AccountNotFound
from hookline.accounts.model import Account, Countries
from hookline.audit.append import record
from hookline.audit.repeated import record_once
from hookline.errors import Invalid
from hookline.ids import AccountId
from hookline.outbound.sealing import SecretBox
from hookline.outbound.signing import new_secret
from hookline.principal import Principal, Scope, system
from hookline.storage.store import Store
from hookline.storage.transaction import Rows, Transaction

NAME_MAX = 100
SIGNING_SECRET = "account.signing_secret"  # noqa: S105 - what the secret is sealed for
_ACTOR = "operator"


async def create_account(
    tx: Transaction, store: Store, box: SecretBox, *, name: str, actor: str = _ACTOR
) -> Account:
    """Make an account with its stream and its signing secret. Raises Invalid."""
    made = Account(AccountId(store.ids.new("acc")), clean_name(name), store.now())
    secret = box.seal(SIGNING_SECRET, new_secret())
    await tx.insert(sql.INSERT_ACCOUNT, [(made.id, made.name, secret, made.created_at)])
    await tx.insert(sql.INSERT_STREAM, [(made.id,)])
    record(tx, system(made.id, actor), "account.create", made.id, after={"name": made.name})
    return made


async def list_accounts(store: Store) -> list[Account]:
    """Every account, oldest first: for the operator, not for any caller of the API."""
    return [sql.account_from_row(row) for row in await store.read(sql.all_accounts())]


async def get_account(store: Store, principal: Principal) -> Account:
    """The caller's account. Raises AccountNotFound."""
    return _one(await store.read(sql.account(principal.account_id)))


async def rename_account(tx: Transaction, principal: Principal, name: str | None) -> Account:
    """Give the account another name; None keeps it. Whoever manages its users may.

    Raises Invalid, LiveModeNeeded.
    """
    principal.require(Scope.USERS_WRITE)
    principal.require_live("The account has live objects, too")
    before = _one(await tx.execute(sql.account(principal.account_id)))
    if name is None or clean_name(name) == before.name:
        return before
    after = replace(before, name=clean_name(name))
    await tx.changed(sql.rename(before.id, after.name))
    record(
        tx, principal, "account.rename", before.id,
        before={"name": before.name}, after={"name": after.name},
    )  # fmt: skip
    return after


async def set_allowed_countries(
    tx: Transaction, principal: Principal, countries: Countries
) -> Account:
    """Say where the account's messages and calls may go; None: everywhere.

    Whoever manages its users may. Raises RestrictionWidened, LiveModeNeeded.
    """
    principal.require(Scope.USERS_WRITE)
    principal.require_live("The account has live objects, too")
    before = _one(await tx.execute(sql.account(principal.account_id)))
    after = replace(before, allowed_countries=countries)
    if after == before:
        return before
    own = replace(principal.restrictions, allowed_countries=countries)
    principal.require_within(own)
    await tx.changed(sql.set_countries(before.id, countries))
    tx.notify(countries_topic(before.id))
    record(
        tx, principal, "account.set_allowed_countries", before.id,
        before={"allowed_countries": before.allowed_countries},
        after={"allowed_countries": countries},
    )  # fmt: skip
    return after


async def require_second_factor(tx: Transaction, principal: Principal, required: bool) -> Account:
    """Say whether every user of the account must have a second factor.

    Whoever has none is led to setting one up with their next request. Raises LiveModeNeeded.
    """
    principal.require(Scope.USERS_WRITE)
    principal.require_live("Users have live rights")
    before = _one(await tx.execute(sql.account(principal.account_id)))
    if before.second_factor_required == required:
        return before
    await tx.changed(sql.require_second_factor(before.id, required))
    record(
        tx, principal, "account.require_second_factor", before.id,
        before={"second_factor_required": before.second_factor_required},
        after={"second_factor_required": required},
    )  # fmt: skip
    return replace(before, second_factor_required=required)


async def set_event_retention(
    tx: Transaction, store: Store, principal: Principal, days: int | None
) -> Account:
    """Say how long events, deliveries and their attempts are kept; None: as long as the server's.

    Less goes within minutes, for good. Raises Invalid, LiveModeNeeded.
    """
    principal.require(Scope.USERS_WRITE)
    principal.require_live("The account has live objects, too")
    most = max(store.settings.event_retention_days_max, store.settings.event_retention_days)
    if days is not None and not 1 <= days <= most:
        raise Invalid.at(
            "/event_retention_days", "out_of_range", f"Here events are kept 1 to {most} days."
        )
    before = _one(await tx.execute(sql.account(principal.account_id)))
    if before.event_retention_days == days:
        return before
    await tx.changed(sql.set_event_retention(before.id, days))
    record(
        tx, principal, "account.set_event_retention", before.id,
        before={"event_retention_days": before.event_retention_days},
        after={"event_retention_days": days},
    )  # fmt: skip
    return replace(before, event_retention_days=days)


async def get_signing_secret(store: Store, box: SecretBox, principal: Principal) -> str:
    """The secret that `status_url` and `answer_url` requests are signed with.

    That somebody saw it is noted, once an hour.
    """
    principal.require(Scope.ACCOUNT_SECRETS)
    secret = await signing_secret_of(store, box, principal.account_id)
    await record_once(store, principal, "account.show_signing_secret", principal.account_id)
    return secret


async def signing_secret_of(store: Store, box: SecretBox, account_id: AccountId) -> str:
    """The same, for those who sign. Raises AccountNotFound, SecretUnreadable."""
    found = await store.read(sql.account(account_id))
    _one(found)
    return box.open(SIGNING_SECRET, found[0].signing_secret)


def clean_name(name: str, pointer: str = "/name") -> str:
    """The name without white space around it. Raises Invalid when nothing is left."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_MAX:
        raise Invalid.at(pointer, "invalid_name", f"A name has 1 to {NAME_MAX} characters.")
    return name


def _one(rows: Rows) -> Account:
    if not rows:
        raise AccountNotFound("There is no such account.")
    return sql.account_from_row(rows[0])
