import asyncio
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.api.authentication import InvalidToken
from hookline.clock import DAY_MS, ManualClock, to_rfc3339
from hookline.credentials import notices
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.enabling import enable_credential
from hookline.credentials.errors import CredentialDisabled, ScopeNotHeld
from hookline.credentials.issuing import Issue, Issued, issue_credential
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import Status
from hookline.credentials.policy import Policy, change_policy
from hookline.credentials.reading import get_credential
from hookline.credentials.rotation import rotate_credential
from hookline.outbound import mail
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, Scope
from hookline.storage.schema import audit
from hookline.storage.store import Store
from tests.credentials.issued import SENDER, note_use, request_context
from tests.events.published import assert_as_published
from tests.services.mail import MailServer
from tests.services.people import add_people
from tests.services.store import RecordingFanOut, owner_of

DAY = 86_400


@pytest.fixture
def owner(account: Account) -> Principal:
    return owner_of(account)


@pytest.fixture
def uses(store: Store, clock: ManualClock) -> LastUses:
    return LastUses(store.writer, clock)


@pytest.fixture
def authenticator(store: Store, uses: LastUses) -> CredentialAuthenticator:
    return CredentialAuthenticator(store.database, uses)


async def issue(store: Store, principal: Principal, days: int | None = None) -> Issued:
    command = Issue("CRM", SENDER, expires_in_days=days)
    return await store.commit(lambda tx: issue_credential(tx, store, principal, command))


async def set_policy(store: Store, principal: Principal, **changes: int | None) -> Policy:
    return await store.commit(lambda tx: change_policy(tx, principal, changes))


async def look_after(store: Store, clock: ManualClock, days: float) -> None:
    clock.advance(seconds=days * DAY)
    await notices.look(store)


def given(fan_out: RecordingFanOut, kind: str) -> list[dict[str, object]]:
    told = [event.body for event in fan_out.events if event.draft.type == f"credential.{kind}"]
    for body in told:
        assert_as_published(body)
    return [msgspec.json.decode(body)["data"] for body in told]


async def test_each_stage_before_the_expiry_is_told_once(
    store: Store, owner: Principal, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    await issue(store, owner, 40)
    for _ in range(82):
        await look_after(store, clock, 0.5)
    assert [data["days_left"] for data in given(fan_out, "expiring")] == [30, 14, 7, 1]


async def test_stage_that_was_behind_at_the_start_is_none(
    store: Store, owner: Principal, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    await issue(store, owner, 10)
    await look_after(store, clock, 0)
    assert given(fan_out, "expiring") == []
    await look_after(store, clock, 3)
    assert [data["days_left"] for data in given(fan_out, "expiring")] == [7]


async def test_what_was_missed_is_told_by_the_latest_stage_alone(
    store: Store, owner: Principal, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    await issue(store, owner, 40)
    await look_after(store, clock, 34)
    assert [data["days_left"] for data in given(fan_out, "expiring")] == [7]


async def test_nodes_that_look_at_once_tell_once(
    store: Store, owner: Principal, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    await issue(store, owner, 40)
    clock.advance(seconds=15 * DAY)
    await asyncio.gather(*(notices.look(store) for _ in range(5)))
    assert len(given(fan_out, "expiring")) == 1


async def test_rotation_due_is_told_once_for_each_token(
    store: Store, owner: Principal, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    known = (await issue(store, owner)).credential.id
    await look_after(store, clock, 89.5)
    assert given(fan_out, "rotation_due") == []
    await look_after(store, clock, 0.5)
    await look_after(store, clock, 1)
    assert len(given(fan_out, "rotation_due")) == 1
    await store.commit(lambda tx: rotate_credential(tx, store, owner, known))
    await look_after(store, clock, 90)
    assert len(given(fan_out, "rotation_due")) == 2


async def test_policy_says_when_rotation_is_due(
    store: Store, owner: Principal, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    await set_policy(store, owner, rotation_days=30)
    made = (await issue(store, owner)).credential
    assert made.rotation_due_at == store.now() + 30 * DAY_MS
    assert await get_credential(store, owner, made.id) == made
    await look_after(store, clock, 30)
    assert len(given(fan_out, "rotation_due")) == 1


async def test_overdue_token_is_refused_only_after_its_notice(
    store: Store,
    owner: Principal,
    authenticator: CredentialAuthenticator,
    clock: ManualClock,
    fan_out: RecordingFanOut,
) -> None:
    made = await issue(store, owner)
    await look_after(store, clock, 100)
    await set_policy(store, owner, refuse_overdue_after_days=14)
    await look_after(store, clock, 50)
    refused_from = given(fan_out, "rotation_due")[-1]["refused_from"]
    assert refused_from == to_rfc3339(store.now() + 14 * DAY_MS)
    clock.advance(seconds=14 * DAY - 1)
    assert await authenticator.authenticate(made.token, request_context())
    clock.advance(seconds=1)
    with pytest.raises(
        InvalidToken, match=f"not rotated in time and is refused since {refused_from}"
    ):
        await authenticator.authenticate(made.token, request_context())
    rotated = await store.commit(lambda tx: rotate_credential(tx, store, owner, made.credential.id))
    assert await authenticator.authenticate(rotated.token, request_context())


async def test_overdue_token_works_again_when_the_policy_lets_it(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    await set_policy(store, owner, refuse_overdue_after_days=1)
    made = await issue(store, owner)
    await look_after(store, clock, 90)
    await look_after(store, clock, 1)
    with pytest.raises(InvalidToken):
        await authenticator.authenticate(made.token, request_context())
    await set_policy(store, owner, refuse_overdue_after_days=None)
    assert await authenticator.authenticate(made.token, request_context())


async def test_rotation_that_is_due_later_now_lets_the_token_work(
    store: Store, owner: Principal, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    await set_policy(store, owner, refuse_overdue_after_days=1)
    made = await issue(store, owner)
    await look_after(store, clock, 90)
    await set_policy(store, owner, rotation_days=180)
    await look_after(store, clock, 2)
    assert await authenticator.authenticate(made.token, request_context())


async def test_idle_credential_is_warned_of_and_then_disabled(
    store: Store,
    owner: Principal,
    authenticator: CredentialAuthenticator,
    clock: ManualClock,
    fan_out: RecordingFanOut,
) -> None:
    await set_policy(store, owner, disable_idle_after_days=30)
    made = await issue(store, owner)
    await look_after(store, clock, 22.5)
    assert given(fan_out, "idle") == []
    await look_after(store, clock, 0.5)
    await look_after(store, clock, 6.5)
    assert len(given(fan_out, "idle")) == 1
    assert await authenticator.authenticate(made.token, request_context())
    await look_after(store, clock, 0.5)
    with pytest.raises(InvalidToken, match="was not used"):
        await authenticator.authenticate(made.token, request_context())
    shown = await get_credential(store, owner, made.credential.id)
    assert shown.status is Status.DISABLED_IDLE
    rows = await store.read(
        select(audit.c.actor_label).where(audit.c.action == "credential.disable_idle")
    )
    assert [row.actor_label for row in rows] == ["credential upkeep"]


async def test_used_credential_is_not_disabled(
    store: Store,
    owner: Principal,
    uses: LastUses,
    clock: ManualClock,
) -> None:
    await set_policy(store, owner, disable_idle_after_days=30)
    made = await issue(store, owner)
    await look_after(store, clock, 25)
    note_use(uses, made.token)
    uses.flush(everything=True)
    await look_after(store, clock, 10)
    assert (await get_credential(store, owner, made.credential.id)).status is Status.ACTIVE


async def test_new_policy_warns_before_it_disables(
    store: Store, owner: Principal, clock: ManualClock, fan_out: RecordingFanOut
) -> None:
    known = (await issue(store, owner)).credential.id
    clock.advance(seconds=365 * DAY)
    await set_policy(store, owner, disable_idle_after_days=30)
    await look_after(store, clock, 0)
    await look_after(store, clock, 6.5)
    assert (await get_credential(store, owner, known)).status is Status.ACTIVE
    assert len(given(fan_out, "idle")) == 1
    await look_after(store, clock, 0.5)
    assert (await get_credential(store, owner, known)).status is Status.DISABLED_IDLE


async def test_disabled_credential_is_enabled_by_an_administrator(
    store: Store, account: Account, authenticator: CredentialAuthenticator, clock: ManualClock
) -> None:
    owner = owner_of(account)
    await set_policy(store, owner, disable_idle_after_days=14)
    made = await issue(store, owner)
    known = made.credential.id
    await look_after(store, clock, 7)
    await look_after(store, clock, 7)
    with pytest.raises(CredentialDisabled):
        await store.commit(lambda tx: rotate_credential(tx, store, owner, known))
    lesser = owner_of(account, Scope.MESSAGES_SEND)
    with pytest.raises(ScopeNotHeld):
        await store.commit(lambda tx: enable_credential(tx, store, lesser, known))
    await store.commit(lambda tx: enable_credential(tx, store, owner, known))
    assert await authenticator.authenticate(made.token, request_context())
    enabled = await get_credential(store, owner, known)
    clock.advance(seconds=1)
    again = await store.commit(lambda tx: enable_credential(tx, store, owner, known))
    assert again == enabled


async def test_owners_are_told_by_email_and_see_no_token(
    store: Store,
    account: Account,
    clock: ManualClock,
    mail_server: MailServer,
    box: SecretBox,
) -> None:
    mailing = replace(store, settings=mail_server.settings(store.settings))
    await add_people(
        store, account.id, {"owner@example.com": "owner", "dev@example.com": "developer"}
    )
    made = await issue(store, owner_of(account), 40)
    await look_after(mailing, clock, 10)
    await notices.look(mailing)
    await mail.send_due(mailing, box)
    assert [recipient for recipient, _ in mail_server.taken] == ["owner@example.com"]
    message = mail_server.taken[0][1]
    assert message["Subject"] == "Credential expires within 30 days: CRM"
    assert made.credential.id in message.get_content()
    assert made.token not in message.get_content()
