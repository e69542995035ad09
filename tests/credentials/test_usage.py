"""What a credential does: requests a day, addresses, scopes; and what still uses the old token."""

from dataclasses import dataclass

import msgspec
import pytest

from hookline.accounts.model import Account
from hookline.api.context import Presented, RequestContext
from hookline.api.observing import Observed
from hookline.clock import DAY_MS, ManualClock
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.grace import cancel_rotation
from hookline.credentials.issuing import Issued
from hookline.credentials.model import Rotation
from hookline.credentials.new_addresses import ADDRESSES_MAX
from hookline.credentials.reading import get_credential
from hookline.credentials.rotation import rotate_credential
from hookline.credentials.tokens import digest_of
from hookline.credentials.usage import Usage
from hookline.credentials.usage_facts import UsageFacts, forget_old_days, usage_of
from hookline.credentials.usage_store import ADD_ADDRESS, count_addresses
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.storage.store import Store
from tests.credentials.issued import SENDER, issue
from tests.events.published import assert_as_published
from tests.services.store import RecordingFanOut, owner_of

DAY_S = 86_400
NEW_IP = "credential.used_from_new_ip"


@dataclass
class User:
    """Whoever uses a credential."""

    store: Store
    usage: Usage
    owner: Principal
    issued: Issued

    async def use(
        self, *scopes: Scope, ip: str = "192.0.2.1", status: int = 200, is_old: bool = False,
        is_kept: bool = True, usage: Usage | None = None,
    ) -> None:  # fmt: skip
        """One request, and a second later."""
        usage = usage or self.usage
        credential, token = self.issued.credential, self.issued.token
        context = RequestContext("req_1", ip, "curl/8", "GET /x", is_kept=is_kept)
        context.presented = Presented(
            digest_of(token), credential.account_id, credential.id, credential.mode.value,
            credential.prefix, credential.last4, is_old,
        )  # fmt: skip
        if status != 401:
            context.principal = Principal(
                credential.account_id, PrincipalKind.CREDENTIAL, credential.id, SENDER
            )
            for scope in scopes:
                context.principal.require(scope)
        usage(Observed({"type": "http"}, context, "/x", status, 0.001))
        await usage.flush()

    async def facts(self) -> UsageFacts:
        credential = await get_credential(self.store, self.owner, self.issued.credential.id)
        return await usage_of(self.store, credential)


@pytest.fixture
async def user(store: Store, account: Account) -> User:
    owner = owner_of(account)
    return User(store, Usage(store), owner, await issue(store, owner))


async def test_requests_are_counted_by_day(user: User, clock: ManualClock) -> None:
    await user.use()
    clock.advance(seconds=2 * DAY_S)
    await user.use(status=404)
    await user.use(status=401, is_kept=False)
    days = (await user.facts()).days
    assert len(days) == 90
    counted = [(one.requests, one.errors, one.skipped) for one in days[-3:]]
    assert counted == [(1, 0, 0), (0, 0, 0), (2, 2, 1)]
    assert days[-1].day == clock.now_ms() // DAY_MS


async def test_two_processes_count_together(user: User) -> None:
    for usage in (Usage(user.store), user.usage, Usage(user.store)):
        await user.use(usage=usage)
    assert (await user.facts()).days[-1].requests == 3


async def test_old_counters_are_dropped(user: User, clock: ManualClock) -> None:
    await user.use()
    clock.advance(seconds=99 * DAY_S)
    assert await forget_old_days(user.store) == 0
    clock.advance(seconds=DAY_S)
    assert await forget_old_days(user.store) == 1


async def test_the_first_address_is_no_news(user: User, fan_out: RecordingFanOut) -> None:
    await user.use()
    await user.use()
    assert NEW_IP not in fan_out.types
    assert [one.ip for one in (await user.facts()).addresses] == ["192.0.2.1"]


async def test_a_new_address_is_told_once(
    user: User, fan_out: RecordingFanOut, clock: ManualClock
) -> None:
    for ip in ("192.0.2.1", "2001:db8::1", "192.0.2.1", "2001:db8::1"):
        await user.use(ip=ip)
        clock.advance(seconds=120)
    await user.use(ip="2001:db8::1", usage=Usage(user.store))
    assert fan_out.types.count(NEW_IP) == 1
    [told] = [event for event in fan_out.events if event.draft.type == NEW_IP]
    assert_as_published(told.body)
    use = msgspec.json.decode(told.draft.data)["new_ip"]
    assert (use["ip"], use["user_agent"]) == ("2001:db8::1", "curl/8")


async def test_a_refused_token_is_no_use_from_an_address(user: User) -> None:
    await user.use(status=401)
    assert (await user.facts()).addresses == ()


async def test_the_last_ten_addresses_are_shown(user: User, clock: ManualClock) -> None:
    for number in range(12):
        await user.use(ip=f"192.0.2.{number}")
        clock.advance(seconds=1)
    clock.advance(seconds=60)
    await user.use(ip="192.0.2.0")
    addresses = (await user.facts()).addresses
    assert len(addresses) == 10
    assert (addresses[0].ip, addresses[1].ip) == ("192.0.2.0", "192.0.2.11")
    assert addresses[0].last_used_at - addresses[0].first_used_at == 72_000


async def test_beyond_its_room_an_address_is_noted_but_not_told(
    user: User, fan_out: RecordingFanOut
) -> None:
    known, now = user.issued.credential.id, user.store.now()
    full = [(known, f"2001:db8::{number:x}", 0, number) for number in range(ADDRESSES_MAX)]
    await user.store.commit(lambda tx: tx.insert(ADD_ADDRESS, full))
    await user.use(ip="192.0.2.1")
    kept = (await user.store.read(count_addresses(known)))[0][0]
    assert (kept, NEW_IP in fan_out.types) == (ADDRESSES_MAX, False)
    newest = (await user.facts()).addresses[0]
    assert (newest.ip, newest.first_used_at) == ("192.0.2.1", now)


async def test_for_a_young_credential_it_is_too_early_to_say(
    user: User, clock: ManualClock
) -> None:
    await user.use(Scope.MESSAGES_SEND)
    clock.advance(seconds=89 * DAY_S)
    facts, now = await user.facts(), clock.now_ms()
    assert (facts.can_say(now), facts.unused_scopes(now)) == (False, [])
    assert facts.early_scopes(now) == [Scope.MESSAGES_READ]


async def test_a_scope_that_was_not_needed_for_90_days_is_unused(
    user: User, clock: ManualClock
) -> None:
    await user.use(Scope.MESSAGES_SEND, Scope.MESSAGES_READ)
    clock.advance(seconds=50 * DAY_S)
    await user.use(Scope.MESSAGES_SEND)
    clock.advance(seconds=40 * DAY_S)
    facts, now = await user.facts(), clock.now_ms()
    assert facts.unused_scopes(now) == [Scope.MESSAGES_READ]
    assert facts.scopes[Scope.MESSAGES_SEND].last_used_at == now - 40 * DAY_MS


async def test_a_scope_that_was_added_later_is_given_its_time(
    user: User, clock: ManualClock
) -> None:
    clock.advance(seconds=80 * DAY_S)
    more = Change(scopes=SENDER | {Scope.EVENTS_READ})
    known = user.issued.credential.id
    await user.store.commit(lambda tx: patch_credential(tx, user.store, user.owner, known, more))
    clock.advance(seconds=20 * DAY_S)
    facts, now = await user.facts(), clock.now_ms()
    assert facts.unused_scopes(now) == sorted(SENDER)
    assert facts.early_scopes(now) == [Scope.EVENTS_READ]


async def test_a_scope_that_was_refused_is_not_used(user: User) -> None:
    principal = Principal(user.owner.account_id, PrincipalKind.CREDENTIAL, "crd_1", SENDER)
    assert not principal.may(Scope.CALLS_READ)
    assert principal.may(Scope.MESSAGES_READ)
    assert principal.exercised == {Scope.MESSAGES_READ}


async def test_the_old_tokens_requests_are_counted_during_its_grace(user: User) -> None:
    known = user.issued.credential.id
    grace = Rotation(3_600)
    await user.use()
    await user.store.commit(lambda tx: rotate_credential(tx, user.store, user.owner, known, grace))
    await user.use(is_old=True)
    await user.use(is_old=True)
    read = await get_credential(user.store, user.owner, known)
    assert read.previous is not None
    assert read.previous.requests == 2
    await user.store.commit(lambda tx: cancel_rotation(tx, user.store, user.owner, known))
    await user.store.commit(lambda tx: rotate_credential(tx, user.store, user.owner, known, grace))
    again = await get_credential(user.store, user.owner, known)
    assert again.previous is not None
    assert again.previous.requests == 0
