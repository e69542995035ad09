import msgspec
import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.credentials.errors import ScopeNotHeld
from hookline.credentials.model import Status
from hookline.credentials.tokens import digest_of
from hookline.errors import Invalid
from hookline.principal import InsufficientScope, Mode, Principal, PrincipalKind, Scope
from hookline.storage.schema import audit, credential_tokens
from hookline.storage.store import Store
from tests.credentials.issued import SENDER, issue
from tests.services.store import RecordingFanOut, owner_of


async def test_credential_is_issued_with_its_token(store: Store, account: Account) -> None:
    issued = await issue(store, owner_of(account))
    credential = issued.credential
    assert (credential.status, credential.scopes) == (Status.ACTIVE, SENDER)
    assert issued.token.startswith(credential.prefix)
    assert credential.rotation_due_at - credential.created_at == 90 * 86_400_000


async def test_only_the_digest_of_the_token_is_stored(store: Store, account: Account) -> None:
    issued = await issue(store, owner_of(account))
    rows = await store.read(select(credential_tokens))
    assert [bytes(row.digest) for row in rows] == [digest_of(issued.token)]
    assert issued.token not in repr(rows)
    assert issued.token not in repr(issued)


async def test_event_and_audit_row_hold_no_token(
    store: Store, account: Account, fan_out: RecordingFanOut
) -> None:
    issued = await issue(store, owner_of(account))
    assert fan_out.types == ["credential.created"]
    data = msgspec.json.decode(fan_out.events[0].body)["data"]
    assert (data["id"], data["last_used"], data["ended"]) == (issued.credential.id, None, None)
    rows = await store.read(select(audit).where(audit.c.action == "credential.create"))
    assert [row.actor_label for row in rows] == ["owner@example.com"]
    assert issued.token not in fan_out.events[0].body.decode() + repr(rows)


async def test_nobody_issues_a_scope_that_they_lack(store: Store, account: Account) -> None:
    principal = owner_of(account, Scope.MESSAGES_SEND)
    with pytest.raises(ScopeNotHeld, match="messages:send"):
        await issue(store, principal)


async def test_issuing_needs_the_permission(store: Store, account: Account) -> None:
    with pytest.raises(InsufficientScope, match="credentials:write"):
        await issue(store, owner_of(account, Scope.CREDENTIALS_WRITE))


async def test_test_credential_cannot_issue_a_live_one(store: Store, account: Account) -> None:
    caller = Principal(account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(Scope), Mode.TEST)
    with pytest.raises(Invalid) as refused:
        await issue(store, caller)
    assert refused.value.errors[0].pointer == "/mode"


@pytest.mark.parametrize("description", ["", "   ", "x" * 201])
async def test_description_says_something(store: Store, account: Account, description: str) -> None:
    with pytest.raises(Invalid):
        await issue(store, owner_of(account), description=description)


async def test_refused_issue_leaves_nothing(
    store: Store, account: Account, fan_out: RecordingFanOut
) -> None:
    with pytest.raises(Invalid):
        await issue(store, owner_of(account), scopes=frozenset())
    assert fan_out.events == []
    assert await store.read(select(credential_tokens)) == []
