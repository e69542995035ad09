import pytest

from hookline.accounts.model import Account
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.errors import CredentialNotFound, NotOnItself, ScopeNotHeld
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import Credential
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.storage.store import Store
from tests.credentials.issued import MANAGER, issue, request_context
from tests.services.store import RecordingFanOut, owner_of


async def patch(store: Store, principal: Principal, id: str, change: Change) -> Credential:
    return await store.commit(lambda tx: patch_credential(tx, store, principal, id, change))


async def test_scopes_change_on_the_next_request(store: Store, account: Account) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    authenticator = CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))
    fewer = frozenset({Scope.MESSAGES_READ})
    await patch(store, owner, issued.credential.id, Change(scopes=fewer))
    principal = await authenticator.authenticate(issued.token, request_context())
    assert principal.scopes == fewer


async def test_description_is_the_callers_new_label(
    store: Store, account: Account, fan_out: RecordingFanOut
) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    authenticator = CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))
    changed = await patch(store, owner, issued.credential.id, Change(description=" ERP "))
    principal = await authenticator.authenticate(issued.token, request_context())
    assert principal.label == changed.description == "ERP"
    assert fan_out.types == ["credential.created", "credential.updated"]


async def test_change_of_nothing_tells_nobody(
    store: Store, account: Account, fan_out: RecordingFanOut
) -> None:
    owner = owner_of(account)
    issued = await issue(store, owner)
    same = Change(issued.credential.description, issued.credential.scopes)
    assert await patch(store, owner, issued.credential.id, same) == issued.credential
    assert fan_out.types == ["credential.created"]


async def test_nobody_adds_a_scope_that_they_lack(store: Store, account: Account) -> None:
    known = (await issue(store, owner_of(account))).credential.id
    more = Change(scopes=frozenset({Scope.AUDIT_READ}))
    with pytest.raises(ScopeNotHeld, match="audit:read"):
        await patch(store, owner_of(account, Scope.AUDIT_READ), known, more)


async def test_credential_cannot_change_itself(store: Store, account: Account) -> None:
    issued = await issue(store, owner_of(account), scopes=MANAGER)
    caller = Principal(
        account.id, PrincipalKind.CREDENTIAL, issued.credential.id, issued.credential.scopes
    )
    with pytest.raises(NotOnItself):
        await patch(store, caller, issued.credential.id, Change(description="mine"))


async def test_live_credential_is_hidden_from_test_callers(store: Store, account: Account) -> None:
    issued = await issue(store, owner_of(account))
    caller = Principal(account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(Scope), Mode.TEST)
    with pytest.raises(CredentialNotFound):
        await patch(store, caller, issued.credential.id, Change(description="mine"))


@pytest.mark.parametrize("id", ["", "crd_x", "nonsense\x00", "crd_" + "z" * 26])
async def test_impossible_id_is_not_found(store: Store, account: Account, id: str) -> None:
    with pytest.raises(CredentialNotFound):
        await patch(store, owner_of(account), id, Change(description="x"))
