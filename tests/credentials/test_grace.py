from dataclasses import replace

import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.api.authentication import InvalidToken
from hookline.clock import ManualClock
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.errors import (
    CredentialEnded,
    CredentialNotFound,
    GraceExtended,
    NotRotating,
    RotationUnderWay,
    ScopeNotHeld,
)
from hookline.credentials.grace import cancel_rotation, end_grace, extend_grace
from hookline.credentials.issuing import Issued
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import TRANSITIONS, Credential, Rotation, Status, Step
from hookline.credentials.reading import get_credential
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.rotation import rotate_credential, rotate_own
from hookline.credentials.tokens import digest_of
from hookline.errors import HooklineError, Invalid
from hookline.principal import Principal, Scope
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.credentials.issued import MANAGER, issue, note_use, request_context
from tests.services.store import RecordingFanOut, owner_of

HOUR = 3_600
DAY = 24 * HOUR


@pytest.fixture
def owner(account: Account) -> Principal:
    return owner_of(account)


@pytest.fixture
def authenticator(store: Store) -> CredentialAuthenticator:
    return CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))


async def rotate(
    store: Store, principal: Principal, id: str, grace_s: int = DAY, early_s: int | None = None
) -> Issued:
    rotation = Rotation(grace_s, early_s)
    return await store.commit(lambda tx: rotate_credential(tx, store, principal, id, rotation))


async def works(authenticator: CredentialAuthenticator, *tokens: Issued) -> list[bool]:
    found = []
    for issued in tokens:
        try:
            await authenticator.authenticate(issued.token, request_context())
        except InvalidToken:
            found.append(False)
        else:
            found.append(True)
    return found


async def test_old_token_stops_at_the_end_of_its_grace_with_nothing_running(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    old = await issue(store, owner)
    new = await rotate(store, owner, old.credential.id, HOUR)
    clock.advance(seconds=HOUR - 0.001)
    assert await works(authenticator, old, new) == [True, True]
    clock.advance(seconds=0.001)
    assert await works(authenticator, old, new) == [False, True]


async def test_first_use_of_the_new_token_ends_the_grace_early(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    old = await issue(store, owner)
    new = await rotate(store, owner, old.credential.id, DAY, early_s=60)
    clock.advance(seconds=HOUR)
    assert await works(authenticator, old, new) == [True, True]
    clock.advance(seconds=59)
    assert await works(authenticator, old, new) == [True, True]
    clock.advance(seconds=1)
    assert await works(authenticator, old, new) == [False, True]


async def test_first_use_can_end_the_old_token_at_once(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator
) -> None:
    old = await issue(store, owner)
    new = await rotate(store, owner, old.credential.id, DAY, early_s=0)
    assert await works(authenticator, old, new, old) == [True, True, False]


async def test_first_use_never_prolongs_a_grace(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    old = await issue(store, owner)
    new = await rotate(store, owner, old.credential.id, 60, early_s=HOUR)
    assert await works(authenticator, new) == [True]
    clock.advance(seconds=60)
    assert await works(authenticator, old) == [False]


async def test_use_of_each_token_is_told_apart(
    store: Store, owner: Principal, clock: ManualClock
) -> None:
    old = await issue(store, owner)
    uses = LastUses(store.writer, clock)
    new = await rotate(store, owner, old.credential.id)
    note_use(uses, old.token, "GET /v1/numbers", "192.0.2.1")
    note_use(uses, new.token, "GET /v1/calls", "192.0.2.2")
    uses.flush(everything=True)
    await store.commit(_nothing)
    shown = await get_credential(store, owner, old.credential.id)
    assert shown.last_used is not None
    assert shown.previous is not None
    assert shown.previous.last_used is not None
    assert (shown.last_used.ip, shown.previous.last_used.ip) == ("192.0.2.2", "192.0.2.1")


async def test_canceled_rotation_leaves_the_credential_as_it_was(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    old = await issue(store, owner)
    clock.advance(seconds=DAY)
    new = await rotate(store, owner, old.credential.id)
    clock.advance(seconds=HOUR)
    known = old.credential.id
    after = await store.commit(lambda tx: cancel_rotation(tx, store, owner, known))
    assert after.rotation_due_at == old.credential.rotation_due_at
    assert (after.status, after.last4) == (Status.ACTIVE, old.credential.last4)
    assert await get_credential(store, owner, known) == after
    clock.advance(seconds=10 * DAY)
    assert await works(authenticator, old, new) == [True, False]
    with pytest.raises(InvalidToken, match="canceled at"):
        await authenticator.authenticate(new.token, request_context())


async def test_cancel_gives_back_the_time_of_the_rotation_before(
    store: Store, owner: Principal, clock: ManualClock
) -> None:
    known = (await issue(store, owner)).credential.id
    clock.advance(seconds=DAY)
    second = await rotate(store, owner, known, 0)
    clock.advance(seconds=DAY)
    await rotate(store, owner, known)
    after = await store.commit(lambda tx: cancel_rotation(tx, store, owner, known))
    assert after.rotated_at == second.credential.rotated_at


async def test_rotation_after_a_cancel_is_a_new_one(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator
) -> None:
    old = await issue(store, owner)
    known = old.credential.id
    canceled = await rotate(store, owner, known)
    await store.commit(lambda tx: cancel_rotation(tx, store, owner, known))
    new = await rotate(store, owner, known)
    assert new.credential.status is Status.ROTATING
    assert await works(authenticator, old, canceled, new) == [True, False, True]


async def test_extended_grace_ends_later_and_only_once_so(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    old = await issue(store, owner)
    known = old.credential.id
    new = await rotate(store, owner, known, HOUR, early_s=0)
    extended = await store.commit(lambda tx: extend_grace(tx, store, owner, known, HOUR))
    assert extended.previous is not None
    assert extended.previous.grace_ends_at == store.now() + 2 * HOUR * 1_000
    with pytest.raises(GraceExtended):
        await store.commit(lambda tx: extend_grace(tx, store, owner, known, HOUR))
    clock.advance(seconds=2 * HOUR - 1)
    assert await works(authenticator, new, old) == [True, True]
    clock.advance(seconds=1)
    assert await works(authenticator, old) == [False]


async def test_grace_is_never_longer_than_thirty_days(store: Store, owner: Principal) -> None:
    known = (await issue(store, owner)).credential.id
    await rotate(store, owner, known, 30 * DAY)
    with pytest.raises(Invalid, match="30 days"):
        await store.commit(lambda tx: extend_grace(tx, store, owner, known, 1))


async def test_ended_grace_cannot_be_acted_on(
    store: Store, owner: Principal, clock: ManualClock
) -> None:
    known = (await issue(store, owner)).credential.id
    await rotate(store, owner, known, HOUR)
    clock.advance(seconds=HOUR)
    for act in (cancel_rotation, end_grace, extend_grace):
        with pytest.raises(NotRotating):
            await store.commit(lambda tx, act=act: act(tx, store, owner, known))  # type: ignore[misc]


async def test_token_in_its_grace_cannot_rotate(
    store: Store, account: Account, authenticator: CredentialAuthenticator
) -> None:
    """It may be that of a worker which has not heard of the new one, and must not kill it."""
    old = await issue(store, owner_of(account), scopes=MANAGER)
    await rotate(store, owner_of(account), old.credential.id)
    caller = await authenticator.authenticate(old.token, request_context())
    digest = digest_of(old.token)
    with pytest.raises(RotationUnderWay):
        await store.commit(lambda tx: rotate_own(tx, store, caller, digest))


async def test_revoking_ends_both_tokens(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator
) -> None:
    old = await issue(store, owner)
    new = await rotate(store, owner, old.credential.id)
    await store.commit(lambda tx: revoke_credential(tx, store, owner, old.credential.id))
    assert await works(authenticator, old, new) == [False, False]
    shown = await get_credential(store, owner, old.credential.id)
    assert (shown.status, shown.previous) == (Status.REVOKED, None)


async def test_acts_are_told_and_audited(
    store: Store, owner: Principal, fan_out: RecordingFanOut
) -> None:
    known = (await issue(store, owner)).credential.id
    await rotate(store, owner, known)
    await store.commit(lambda tx: extend_grace(tx, store, owner, known, 60))
    await store.commit(lambda tx: end_grace(tx, store, owner, known))
    await rotate(store, owner, known)
    await store.commit(lambda tx: cancel_rotation(tx, store, owner, known))
    acts = select(audit.c.action).where(audit.c.resource_id == known).order_by(audit.c.number)
    rows = await store.read(acts)
    assert [row.action for row in rows] == [
        "credential.create", "credential.rotate", "credential.extend_grace",
        "credential.expire_now", "credential.rotate", "credential.rotate_cancel",
    ]  # fmt: skip
    assert fan_out.types[2:] == [
        "credential.updated", "credential.updated", "credential.rotated", "credential.updated",
    ]  # fmt: skip


@pytest.mark.parametrize("act", [cancel_rotation, extend_grace])
async def test_nobody_keeps_a_token_alive_that_can_do_more_than_they(
    store: Store, account: Account, act: object
) -> None:
    known = (await issue(store, owner_of(account))).credential.id
    await rotate(store, owner_of(account), known)
    lesser = owner_of(account, Scope.MESSAGES_SEND)
    with pytest.raises(ScopeNotHeld):
        await store.commit(lambda tx: act(tx, store, lesser, known))  # type: ignore[operator]


@pytest.mark.parametrize("act", [cancel_rotation, end_grace, extend_grace])
async def test_other_accounts_rotation_is_not_found(
    store: Store, account: Account, other_account: Account, act: object
) -> None:
    known = (await issue(store, owner_of(account))).credential.id
    await rotate(store, owner_of(account), known)
    outsider = owner_of(other_account)
    with pytest.raises(CredentialNotFound):
        await store.commit(lambda tx: act(tx, store, outsider, known))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("status", "step", "error"),
    [
        (Status.REVOKED, Step.BEGIN_GRACE, CredentialEnded),
        (Status.REVOKED, Step.CANCEL_ROTATION, CredentialEnded),
        (Status.EXPIRED, Step.ROTATE, CredentialEnded),
        (Status.ROTATING, Step.BEGIN_GRACE, RotationUnderWay),
        (Status.ACTIVE, Step.EXTEND_GRACE, NotRotating),
    ],
)
async def test_step_that_cannot_be_is_refused_by_name(
    store: Store, owner: Principal, status: Status, step: Step, error: type[HooklineError]
) -> None:
    assert (status, step) not in TRANSITIONS
    issued = await issue(store, owner)
    with pytest.raises(error):
        _with_status(issued.credential, status).after(step)


def _with_status(credential: Credential, status: Status) -> Credential:
    return replace(credential, status=status)


async def _nothing(_tx: object) -> None:
    """Whatever was posted before is committed with it."""
