import asyncio

import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.api.authentication import InvalidToken
from hookline.clock import ManualClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.errors import (
    CredentialEnded,
    CredentialNotFound,
    NotACredential,
    ScopeNotHeld,
)
from hookline.credentials.issuing import Issued
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import Rotation
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.rotation import rotate_credential, rotate_own
from hookline.credentials.tokens import digest_of
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.credentials.issued import MANAGER, issue, request_context
from tests.services.store import RecordingFanOut, owner_of


async def rotate(store: Store, principal: Principal, id: str, reason: str | None = None) -> Issued:
    rotation = Rotation(reason=reason)
    return await store.commit(lambda tx: rotate_credential(tx, store, principal, id, rotation))


@pytest.fixture
def authenticator(store: Store) -> CredentialAuthenticator:
    return CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))


async def test_rotation_replaces_the_token_and_keeps_the_rest(
    store: Store, account: Account, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    owner = owner_of(account)
    before = await issue(store, owner)
    clock.advance(seconds=60)
    after = await rotate(store, owner, before.credential.id, "compromised")
    assert after.token != before.token
    assert after.credential.id == before.credential.id
    assert after.credential.scopes == before.credential.scopes
    assert after.credential.rotated_at == store.now()
    assert fan_out.types == ["credential.created", "credential.rotated"]


async def test_rotation_is_audited_with_its_reason(store: Store, account: Account) -> None:
    owner = owner_of(account)
    before = await issue(store, owner)
    await rotate(store, owner, before.credential.id, "compromised")
    rows = await store.read(select(audit.c.after).where(audit.c.action == "credential.rotate"))
    assert '"reason":"compromised"' in rows[0].after


async def test_old_token_is_refused_with_the_time_and_no_names(
    store: Store, account: Account, authenticator: CredentialAuthenticator
) -> None:
    owner = owner_of(account)
    before = await issue(store, owner)
    after = await rotate(store, owner, before.credential.id)
    with pytest.raises(InvalidToken, match=r"rotated out at 20\d\d-\d\d-\d\dT") as refused:
        await authenticator.authenticate(before.token, request_context())
    assert "owner" not in refused.value.detail
    principal = await authenticator.authenticate(after.token, request_context())
    assert principal.id == before.credential.id


async def test_two_clients_lose_the_old_token_on_their_next_request(
    store: Store, account: Account, authenticator: CredentialAuthenticator
) -> None:
    """Both use it without a pause; none of their requests after the rotation's answer gets in."""
    owner = owner_of(account)
    before = await issue(store, owner)
    let_in, answered = asyncio.Semaphore(0), asyncio.Event()

    async def client() -> int:
        for request in range(100_000):
            after_answer = answered.is_set()
            try:
                await authenticator.authenticate(before.token, request_context())
            except InvalidToken:
                return request
            assert not after_answer
            let_in.release()
            await asyncio.sleep(0)
        raise AssertionError("the old token never stopped")

    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(client()) for _ in range(2)]
        for _ in range(20):
            await let_in.acquire()
        await rotate(store, owner, before.credential.id)
        answered.set()
    assert all(task.result() > 0 for task in clients)


async def test_credential_rotates_itself(store: Store, account: Account) -> None:
    before = await issue(store, owner_of(account), scopes=MANAGER)
    caller = Principal(
        account.id, PrincipalKind.CREDENTIAL, before.credential.id, before.credential.scopes
    )
    after = await store.commit(lambda tx: rotate_own(tx, store, caller, digest_of(before.token)))
    assert after.credential.id == before.credential.id


async def test_of_two_self_rotations_at_once_the_first_token_lives(
    store: Store, account: Account, authenticator: CredentialAuthenticator
) -> None:
    before = await issue(store, owner_of(account), scopes=MANAGER)
    caller = await authenticator.authenticate(before.token, request_context())

    async def rotate_self() -> Issued:
        digest = digest_of(before.token)
        return await store.commit(lambda tx: rotate_own(tx, store, caller, digest))

    outcomes = await asyncio.gather(rotate_self(), rotate_self(), return_exceptions=True)
    made = [outcome for outcome in outcomes if isinstance(outcome, Issued)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, InvalidToken)]
    assert (len(made), len(refused)) == (1, 1)
    assert await authenticator.authenticate(made[0].token, request_context())


async def test_only_credentials_rotate_themselves(store: Store, account: Account) -> None:
    with pytest.raises(NotACredential):
        await store.commit(lambda tx: rotate_own(tx, store, owner_of(account), b""))


async def test_nobody_rotates_a_credential_with_more_scopes(store: Store, account: Account) -> None:
    before = await issue(store, owner_of(account))
    with pytest.raises(ScopeNotHeld):
        await rotate(store, owner_of(account, Scope.MESSAGES_SEND), before.credential.id)


async def test_revoked_credential_does_not_come_back(store: Store, account: Account) -> None:
    owner = owner_of(account)
    known = (await issue(store, owner)).credential.id
    await store.commit(lambda tx: revoke_credential(tx, store, owner, known))
    with pytest.raises(CredentialEnded):
        await rotate(store, owner, known)


async def test_other_accounts_credential_is_not_found(
    store: Store, account: Account, other_account: Account
) -> None:
    known = (await issue(store, owner_of(account))).credential.id
    with pytest.raises(CredentialNotFound):
        await rotate(store, owner_of(other_account), known)
