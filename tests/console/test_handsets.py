"""Virtual phones in people's hands, on one node of several."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from hookline.accounts.model import Account
from hookline.calls import store as call_sql
from hookline.calls.phone_book import phone_id
from hookline.console.handsets import Handsets, PhoneCallElsewhere
from hookline.console.live import LiveFeed
from hookline.ids import AccountId, CarrierId
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.voice.engines import Engines
from hookline.voice.errors import PhoneCallGone
from hookline.voice.port import Engine, LegId, Media
from hookline.voice.sandbox.phones import PhoneCall, PhoneCallState, VirtualPhones
from tests.console.test_call_views import call as a_call
from tests.console.test_call_views import leg as a_leg
from tests.console.test_live import next_change, unwelcome
from tests.services.store import owner_of

NUMBER = "+12025550110"


class Acts:
    """A handset that notes what is done with it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def answer(self) -> None:
        self.done.append("answer")

    def decline(self) -> None:
        self.done.append("decline")

    def hang_up(self) -> None:
        self.done.append("hang_up")

    def press(self, digit: str) -> None:
        self.done.append(digit)

    def speak(self, media: Media) -> None:
        self.done.append("speak")


def no_sandbox(carrier_id: CarrierId) -> Engine:
    raise AssertionError(f"{carrier_id} is not wanted here")


@pytest.fixture
async def live(store: Store) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(store, Wakeups(store.database, store.writer), quiet_s=0.01, recheck_s=0.05)
    yield feed
    feed.close()


@pytest.fixture
def phones(store: Store) -> VirtualPhones:
    return VirtualPhones(store.clock)


@pytest.fixture
def handsets(store: Store, phones: VirtualPhones, live: LiveFeed) -> Handsets:
    return Handsets(store, phones, Engines(no_sandbox), live, "node_a")


def rings(phones: VirtualPhones, account_id: AccountId) -> Acts:
    acts = Acts()
    where = (LegId("leg_1"), CarrierId("sandbox"), phone_id(account_id, NUMBER))
    call = PhoneCall(
        *where, PhoneCallState.RINGING, is_incoming=True, other="+12025550100", since=0
    )
    phones.begin(call, acts)
    return acts


async def test_the_person_answers(
    handsets: Handsets, phones: VirtualPhones, account: Account
) -> None:
    acts = rings(phones, account.id)
    await handsets.answer(owner_of(account), "leg_1")
    assert acts.done == ["answer"]
    assert [call.leg_id for call in handsets.list_calls(account.id, NUMBER)] == ["leg_1"]


async def test_nobody_answers_somebody_elses_phone(
    handsets: Handsets, phones: VirtualPhones, account: Account, other_account: Account
) -> None:
    acts = rings(phones, account.id)
    with pytest.raises(PhoneCallGone):
        await handsets.answer(owner_of(other_account), "leg_1")
    assert not acts.done
    assert not handsets.list_calls(other_account.id, NUMBER)


@pytest.mark.parametrize(
    ("owner", "error"), [("node_b", PhoneCallElsewhere), ("node_a", PhoneCallGone)]
)
async def test_a_call_on_another_node_is_named_with_it(
    store: Store, handsets: Handsets, account: Account, owner: str, error: type[Exception]
) -> None:
    call = a_call(account_id=account.id, status="ringing", owner=owner)

    async def keep(tx: Transaction) -> None:
        await tx.insert(call_sql.INSERT_CALL, [msgspec.structs.astuple(call)])
        await tx.insert(call_sql.INSERT_LEG, [msgspec.structs.astuple(a_leg(status="ringing"))])

    await store.commit(keep)
    with pytest.raises(error):
        await handsets.press(owner_of(account), "leg_1", "5")


async def test_open_pages_hear_of_a_new_state_and_of_sounds(
    handsets: Handsets, phones: VirtualPhones, live: LiveFeed, account: Account
) -> None:
    assert handsets.node == "node_a"
    stream = live.listen(account.id, unwelcome)
    await anext(stream)
    rings(phones, account.id)
    assert await next_change(stream) == "phone"
    again = live.listen(account.id, unwelcome)
    await anext(again)
    phones.change(LegId("leg_1"), pressed="5")
    assert await next_change(again) == "sound"
