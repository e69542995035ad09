"""The console's own queries, on each database."""

from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import update

from hookline.accounts.model import Account
from hookline.api.pagination import CreatedPaging
from hookline.calls import store as call_sql
from hookline.console import store as sql
from hookline.console.credential_store import list_part
from hookline.credentials.issuing import Issue, issue_credential
from hookline.numbers.sandbox import furnish_sandbox
from hookline.outbound.sealing import SecretBox
from hookline.principal import Mode, Principal, Scope
from hookline.storage.schema import calls, messages, numbers
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks.endpoints import NewEndpoint, create_endpoint
from tests.console.test_call_views import call as a_call
from tests.console.test_call_views import leg as a_leg
from tests.services.store import owner_of

PAGING = CreatedPaging(limit=2)


@pytest.fixture
async def owner(store: Store, account: Account, box: SecretBox) -> Principal:
    """The owner of an account with a sandbox, a credential and a webhook."""
    principal = owner_of(account)
    command = Issue("CRM", frozenset({Scope.MESSAGES_READ}))
    endpoint = NewEndpoint("https://example.com/hook", ("message.*",))

    async def furnish(tx: Transaction) -> None:
        await furnish_sandbox(tx, store, account.id)
        await issue_credential(tx, store, principal, command)
        await create_endpoint(tx, store, box, principal, endpoint)

    await store.commit(furnish)
    return principal


async def test_first_steps_are_those_of_the_account(
    store: Store, owner: Principal, other_account: Account
) -> None:
    assert tuple((await store.read(sql.first_steps(owner.account_id)))[0]) == (True, False, True)
    assert tuple((await store.read(sql.first_steps(other_account.id)))[0]) == (False, False, False)


async def test_lists_show_what_is_the_accounts_own(
    store: Store, owner: Principal, other_account: Account
) -> None:
    stranger = owner_of(other_account)
    for principal, count in ((owner, 1), (stranger, 0)):
        found = list_part(principal, store.now(), "active", "", PAGING)
        assert len(await store.read(found)) == count
        assert len(await store.read(sql.endpoints_of(principal, PAGING))) == count
    assert len(await store.read(sql.senders(owner.account_id))) == 2
    assert not await store.read(sql.own_numbers(other_account.id))
    assert not await store.read(sql.senders(other_account.id))


async def test_every_filter_is_understood(store: Store, owner: Principal) -> None:
    filters = {"status": "delivered", "direction": "outbound", "number": "+12025550110"}
    assert not await store.read(sql.messages_of(owner, PAGING, **filters))
    assert not await store.read(sql.deliveries_about(owner, "msg_1"))
    assert not (await store.read(sql.has_any(messages, owner.account_id, Mode.TEST)))[0][0]


async def test_kinds_are_told_once(store: Store, owner: Principal) -> None:
    kinds = [row[0] for row in await store.read(sql.kinds_after(owner.account_id, 0))]
    assert kinds == ["credential.created"]
    assert not await store.read(sql.kinds_after(owner.account_id, 1))


@pytest.fixture
async def ringing(store: Store, owner: Principal) -> None:
    """A test call that rings."""
    call = a_call(
        id="call_1", account_id=owner.account_id, mode="test", status="ringing", owner="node_b",
        carrier_id="sandbox", hangup_by=None, reason=None, answered_at=None, ended_at=None,
    )  # fmt: skip
    leg = a_leg(status="ringing", carrier_id="sandbox", hangup_by=None, reason=None)

    async def keep(tx: Transaction) -> None:
        await tx.insert(call_sql.INSERT_CALL, [msgspec.structs.astuple(call)])
        await tx.insert(call_sql.INSERT_LEG, [msgspec.structs.astuple(leg)])

    await store.commit(keep)


@pytest.mark.usefixtures("ringing")
async def test_calls_are_found_by_every_side_in_their_mode(store: Store, owner: Principal) -> None:
    tester = replace(owner, mode=Mode.TEST)
    for number in ("+12025550100", "+12025550110"):
        filters = {"status": "ringing", "direction": "outbound", "number": number}
        assert len(await store.read(sql.calls_of(tester, PAGING, **filters))) == 1
        assert not await store.read(sql.calls_of(owner, PAGING, **filters))
    assert (await store.read(sql.has_any(calls, owner.account_id, Mode.TEST)))[0][0]
    assert not await store.read(sql.recorded(["call_1"]))


async def test_a_number_counts_once_for_each_carrier(store: Store, owner: Principal) -> None:
    assert [row.counted for row in await store.read(sql.homes_of(owner.account_id))] == [2]


async def test_live_calls_need_a_voice_carrier(store: Store, owner: Principal) -> None:
    await store.commit(lambda tx: tx.changed(update(numbers).values(voice_carrier_id=None)))
    assert not await store.read(sql.callers(owner.account_id, Mode.LIVE))
    assert len(await store.read(sql.callers(owner.account_id, Mode.TEST))) == 2
