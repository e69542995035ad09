from dataclasses import replace

import pytest

from hookline.accounts.model import Account
from hookline.api.authentication import InvalidToken
from hookline.clock import DAY_MS, ManualClock, to_rfc3339
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.errors import CredentialEnded, OutlivesCaller
from hookline.credentials.issuing import Issue, Issued, issue_credential
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import Credential, Rotation, Status
from hookline.credentials.reading import get_credential, list_credentials
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.rotation import rotate_credential
from hookline.credentials.schemas import CredentialFilter
from hookline.errors import Invalid
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.storage.store import Store
from tests.credentials.issued import SENDER, request_context
from tests.services.store import owner_of

DAY = 86_400


@pytest.fixture
def owner(account: Account) -> Principal:
    return owner_of(account)


@pytest.fixture
def authenticator(store: Store) -> CredentialAuthenticator:
    return CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))


async def issue(store: Store, principal: Principal, days: int | None) -> Issued:
    command = Issue("CRM", SENDER, expires_in_days=days)
    return await store.commit(lambda tx: issue_credential(tx, store, principal, command))


async def patch(store: Store, principal: Principal, id: str, days: int) -> Credential:
    change = Change(expires_in_days=days)
    return await store.commit(lambda tx: patch_credential(tx, store, principal, id, change))


async def rotate(store: Store, principal: Principal, id: str, grace_s: int) -> Issued:
    rotation = Rotation(grace_s)
    return await store.commit(lambda tx: rotate_credential(tx, store, principal, id, rotation))


async def test_expired_token_is_refused_on_time_and_says_when(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    made = await issue(store, owner, 7)
    clock.advance(seconds=7 * DAY - 0.001)
    assert await authenticator.authenticate(made.token, request_context())
    clock.advance(seconds=0.001)
    with pytest.raises(InvalidToken, match=f"expired at {to_rfc3339(store.now())}"):
        await authenticator.authenticate(made.token, request_context())


async def test_expired_credential_stays_listed_as_such(
    store: Store, owner: Principal, clock: ManualClock
) -> None:
    made = await issue(store, owner, 7)
    await issue(store, owner, None)
    clock.advance(seconds=7 * DAY)
    listed = (await list_credentials(store, owner, CredentialFilter(status="expired"))).data
    assert [shown.id for shown in listed] == [made.credential.id]
    active = (await list_credentials(store, owner, CredentialFilter(status="active"))).data
    assert made.credential.id not in {shown.id for shown in active}


async def test_who_expires_cannot_make_another_live_for_ever(
    store: Store, owner: Principal
) -> None:
    own, other = await issue(store, owner, 7), await issue(store, owner, 5)
    caller = replace(owner, kind=PrincipalKind.CREDENTIAL, id=own.credential.id)
    change = Change(lifts_expiry=True)
    with pytest.raises(OutlivesCaller):
        await store.commit(
            lambda tx: patch_credential(tx, store, caller, other.credential.id, change)
        )
    lifted = await store.commit(
        lambda tx: patch_credential(tx, store, owner, other.credential.id, change)
    )
    assert lifted.expires_at is None


async def test_expired_credential_can_only_be_revoked(
    store: Store, owner: Principal, clock: ManualClock
) -> None:
    known = (await issue(store, owner, 1)).credential.id
    clock.advance(seconds=DAY)
    with pytest.raises(CredentialEnded, match="expired"):
        await rotate(store, owner, known, 0)
    with pytest.raises(CredentialEnded, match="expired"):
        await patch(store, owner, known, 30)
    revoked = await store.commit(lambda tx: revoke_credential(tx, store, owner, known))
    assert revoked.status is Status.REVOKED


async def test_new_expiry_counts_from_today(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    made = await issue(store, owner, 7)
    clock.advance(seconds=6 * DAY)
    after = await patch(store, owner, made.credential.id, 30)
    assert after.expires_at == store.now() + 30 * DAY_MS
    clock.advance(seconds=29 * DAY)
    assert await authenticator.authenticate(made.token, request_context())


async def test_grace_ends_with_the_credential(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    old = await issue(store, owner, 1)
    new = await rotate(store, owner, old.credential.id, 2 * DAY)
    assert new.credential.previous is not None
    assert new.credential.previous.grace_ends_at == old.credential.expires_at
    clock.advance(seconds=DAY)
    for issued in (old, new):
        with pytest.raises(InvalidToken):
            await authenticator.authenticate(issued.token, request_context())
    assert (await get_credential(store, owner, old.credential.id)).status is Status.EXPIRED


@pytest.mark.parametrize("days", [0, -1, 3_651])
async def test_lifetime_out_of_bounds_is_refused(store: Store, owner: Principal, days: int) -> None:
    with pytest.raises(Invalid, match="3650 days"):
        await issue(store, owner, days)


@pytest.mark.parametrize("days", [None, 8])
async def test_credential_hands_out_no_longer_life_than_its_own(
    store: Store, owner: Principal, days: int | None
) -> None:
    mine = (await issue(store, owner, 7)).credential
    caller = Principal(mine.account_id, PrincipalKind.CREDENTIAL, mine.id, frozenset(Scope))
    with pytest.raises(OutlivesCaller):
        await issue(store, caller, days)
    made = await issue(store, caller, 7)
    with pytest.raises(OutlivesCaller):
        await patch(store, caller, made.credential.id, 8)
