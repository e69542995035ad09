import asyncio

import pytest
from sqlalchemy import select

from hookline.accounts.bootstrap import Bootstrap, ensure_first_account
from hookline.accounts.errors import SignInRefused, UserNotFound
from hookline.accounts.password_reset import reset_password
from hookline.accounts.passwords import Passwords
from hookline.accounts.roles import Role
from hookline.accounts.sessions import find_session
from hookline.accounts.tenancy import list_accounts
from hookline.audit.append import AuditTrail
from hookline.events.append import EventLog
from hookline.ids import AccountId, IdSource
from hookline.outbound.sealing import SecretBox
from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.schema import leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.accounts.cast import PASSWORD, enter
from tests.services.store import RecordingFanOut
from tests.storage.databases import running_writer


async def start(
    store: Store, box: SecretBox, passwords: Passwords, password: str | None = None
) -> Bootstrap | None:
    return await ensure_first_account(
        store, box, passwords, email="Admin@example.com", password=password
    )


async def test_first_start_makes_an_account_and_its_owner(
    store: Store, box: SecretBox, passwords: Passwords
) -> None:
    made = await start(store, box, passwords)
    assert made
    assert made.password
    assert made.owner.grant.role is Role.OWNER
    entered = await enter(store, passwords, "admin@example.com", made.password)
    assert entered.session.account_id == made.account.id


async def test_second_start_changes_nothing(
    store: Store, box: SecretBox, passwords: Passwords
) -> None:
    await start(store, box, passwords)
    assert await start(store, box, passwords) is None
    assert len(await list_accounts(store)) == 1
    assert await store.read(select(leases)) == []


async def test_chosen_password_is_not_repeated(
    store: Store, box: SecretBox, passwords: Passwords
) -> None:
    made = await start(store, box, passwords, PASSWORD)
    assert made
    assert made.password is None
    assert await enter(store, passwords, "admin@example.com")


async def test_account_is_furnished_in_the_same_transaction(
    store: Store, box: SecretBox, passwords: Passwords
) -> None:
    async def burst(tx: Transaction, account_id: AccountId) -> None:
        raise RuntimeError(account_id)

    with pytest.raises(RuntimeError):
        await ensure_first_account(store, box, passwords, email="a@example.com", furnish=burst)
    assert await list_accounts(store) == []


async def test_nodes_that_start_together_make_one_account(
    store: Store, box: SecretBox, passwords: Passwords, database: Database, settings: Settings
) -> None:
    ids = IdSource(store.clock)
    finishers = (AuditTrail(store.clock), EventLog(ids, RecordingFanOut()))
    async with running_writer(database, settings, *finishers) as writer:
        node = Store(database, writer, ids, store.clock, settings)
        made = await asyncio.gather(start(store, box, passwords), start(node, box, passwords))
    assert len([one for one in made if one]) == 1
    assert len(await list_accounts(store)) == 1


async def test_reset_password_ends_sessions(
    store: Store, box: SecretBox, passwords: Passwords
) -> None:
    made = await start(store, box, passwords, PASSWORD)
    assert made
    entered = await enter(store, passwords, made.owner.email)
    reset = await reset_password(store, passwords, "ADMIN@example.com")
    assert reset.is_generated
    assert await find_session(store, entered.token) is None
    with pytest.raises(SignInRefused):
        await enter(store, passwords, made.owner.email)
    assert await enter(store, passwords, made.owner.email, reset.text)


async def test_password_of_nobody_cannot_be_reset(store: Store, passwords: Passwords) -> None:
    with pytest.raises(UserNotFound):
        await reset_password(store, passwords, "nobody@example.com")
