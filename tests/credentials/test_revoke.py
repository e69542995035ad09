import pytest

from hookline.accounts.model import Account
from hookline.api.authentication import InvalidToken
from hookline.clock import ManualClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import Credential, Status
from hookline.credentials.reading import get_credential
from hookline.credentials.revocation import revoke_credential, revoke_own
from hookline.principal import Principal, PrincipalKind
from hookline.storage.store import Store
from tests.credentials.issued import issue, request_context
from tests.services.store import RecordingFanOut, owner_of


async def revoke(store: Store, principal: Principal, id: str, reason: str = "") -> Credential:
    return await store.commit(lambda tx: revoke_credential(tx, store, principal, id, reason=reason))


async def test_revoked_token_is_refused(store: Store, account: Account) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    authenticator = CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))
    assert await authenticator.authenticate(issued.token, request_context())
    await revoke(store, owner, issued.credential.id)
    with pytest.raises(InvalidToken, match="revoked at"):
        await authenticator.authenticate(issued.token, request_context())


async def test_revoked_credential_says_who_when_and_why(
    store: Store, account: Account, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    clock.advance(seconds=5)
    await revoke(store, owner, issued.credential.id, "the app is gone")
    read = await get_credential(store, owner, issued.credential.id)
    assert read.status is Status.REVOKED
    assert read.ended is not None
    assert (read.ended.by.label, read.ended.reason) == ("owner@example.com", "the app is gone")
    assert read.ended.at == read.created_at + 5_000
    assert fan_out.types == ["credential.created", "credential.revoked"]


async def test_revoking_again_changes_nothing(
    store: Store, account: Account, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    first = await revoke(store, owner, issued.credential.id, "first")
    clock.advance(seconds=5)
    assert await revoke(store, owner, issued.credential.id, "second") == first
    assert fan_out.types == ["credential.created", "credential.revoked"]


async def test_credential_can_stop_itself_without_a_scope(store: Store, account: Account) -> None:
    issued = await issue(store, owner_of(account))
    caller = Principal(
        account.id, PrincipalKind.CREDENTIAL, issued.credential.id, frozenset(), label="CRM"
    )
    ended = await store.commit(lambda tx: revoke_own(tx, store, caller))
    assert ended.ended is not None
    assert (ended.ended.by.label, ended.ended.reason) == ("CRM", "deleted")
