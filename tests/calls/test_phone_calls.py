"""A virtual phone is used on every node, whichever runs its call."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hookline.accounts.model import Account
from hookline.calls import phone_reading, reading
from hookline.calls.phone_resource import phone_call_resource
from hookline.clock import DAY_MS, SystemClock
from hookline.errors import HooklineError, Invalid, NotFound
from hookline.principal import Mode
from hookline.settings import Settings
from hookline.storage.store import Store
from hookline.voice.errors import PhoneCallGone
from hookline.voice.sandbox.phones import PhoneCallState
from tests.calls.phone_world import ALEX, OURS, SAM, PhoneNode, phone_node
from tests.calls.played import NUMBER
from tests.calls.room import credential, furnish
from tests.services.programs import ESPEAK

RINGING, TALKING, ENDED = PhoneCallState.RINGING, PhoneCallState.TALKING, PhoneCallState.ENDED


@pytest.fixture
def changes(tmp_path: Path) -> dict[str, Any]:
    return {"data_dir": tmp_path / "data"}


@pytest.fixture
async def nodes(
    store: Store, settings: Settings, account: Account
) -> AsyncIterator[tuple[PhoneNode, PhoneNode]]:
    """The first runs the calls."""
    await furnish(store, account.id)
    async with (
        phone_node(settings, SystemClock(), account.id) as here,
        phone_node(settings, SystemClock(), account.id) as there,
    ):
        yield here, there


async def test_a_call_that_runs_elsewhere_is_answered_and_hung_up(
    nodes: tuple[PhoneNode, PhoneNode],
) -> None:
    here, there = nodes
    call_id = await here.place()
    ringing = await there.sees(RINGING)
    assert (ringing.call_id, ringing.owner) == (call_id, here.leases.node)
    await there.answer(ringing.shown.leg_id)
    await there.sees(TALKING)
    await there.hang_up(ringing.shown.leg_id)
    ended = await there.sees(ENDED)
    assert (ended.shown.ended_by, phone_call_resource(ended).status) == ("them", "completed")


async def test_a_call_that_runs_elsewhere_is_declined(nodes: tuple[PhoneNode, PhoneNode]) -> None:
    here, there = nodes
    await here.place()
    await there.decline((await there.sees(RINGING)).shown.leg_id)
    assert phone_call_resource(await there.sees(ENDED)).status == "declined"


async def test_keys_reach_the_call_on_its_node(nodes: tuple[PhoneNode, PhoneNode]) -> None:
    here, there = nodes
    gather = {"gather": {"digits": 3, "timeout_seconds": 60, "then": {"123": [{"hangup": {}}]}}}
    await here.place(actions=[gather])
    leg_id = (await there.sees(RINGING)).shown.leg_id
    await there.answer(leg_id)
    await there.sees(TALKING)
    await there.act(leg_id, send_digits="1")
    await there.act(leg_id, send_digits="23")
    ended = await there.sees(ENDED)
    assert (ended.shown.pressed, ended.shown.ended_by) == ("123", "us")


async def test_a_phone_calls_from_any_node(nodes: tuple[PhoneNode, PhoneNode]) -> None:
    here, there = nodes
    made = await there.call()
    shown = phone_call_resource(made)
    assert (shown.direction, shown.from_, shown.to) == ("inbound", ALEX, OURS)
    assert shown.status in {"ringing", "in_progress"}  # a fresh sandbox answers at once
    stored = await here.sees_when(lambda one: one.call_id is not None)
    call = await reading.find_call(here.store, here.tester, stored.call_id or "")
    assert (call.direction, call.sender, stored.owner) == ("inbound", ALEX, there.leases.node)


async def test_a_number_of_a_fresh_sandbox_answers_and_puts_through(
    nodes: tuple[PhoneNode, PhoneNode],
) -> None:
    here, there = nodes
    made = await there.call()
    await here.sees(TALKING)
    await here.act(made.shown.leg_id, send_digits="2")
    assert (await here.sees(RINGING, SAM)).shown.other == OURS


async def test_acts_that_come_too_late_are_refused(nodes: tuple[PhoneNode, PhoneNode]) -> None:
    here, there = nodes
    await here.place()
    leg_id = (await there.sees(RINGING)).shown.leg_id
    for too_early in (there.hang_up(leg_id), there.act(leg_id, send_digits="1")):
        with pytest.raises(PhoneCallGone):
            await too_early
    await there.decline(leg_id)
    await there.sees(ENDED)
    for too_late in (there.answer(leg_id), there.decline(leg_id), there.hang_up(leg_id)):
        with pytest.raises(PhoneCallGone):
            await too_late


async def test_a_phones_calls_are_of_its_account_and_mode(
    nodes: tuple[PhoneNode, PhoneNode], other_account: Account
) -> None:
    here, there = nodes
    await here.place()
    leg_id = (await there.sees(RINGING)).shown.leg_id
    control = there.exchange.phone_control
    strangers = credential(other_account.id, Mode.TEST), credential(here.account_id)
    for stranger in strangers:
        with pytest.raises(NotFound):
            await control.answer(stranger, ALEX, leg_id)
    with pytest.raises(NotFound):
        await there.answer(leg_id, phone=SAM)
    assert not await there.list(SAM)


async def test_a_live_credential_reaches_only_numbers_in_the_sandbox(
    nodes: tuple[PhoneNode, PhoneNode],
) -> None:
    control, live = nodes[0].exchange.phone_control, credential(nodes[0].account_id)
    assert (await control.call(live, ALEX, to=OURS)).mode is Mode.LIVE
    with pytest.raises(NotFound):
        await control.call(live, ALEX, to="+12025550199")
    with pytest.raises(Invalid, match="do not come by the sandbox"):
        await control.call(live, ALEX, to=NUMBER)


async def test_what_a_dead_node_left_at_a_phone_has_ended(
    nodes: tuple[PhoneNode, PhoneNode],
) -> None:
    here, there = nodes
    await here.place()
    await there.sees(RINGING)
    await here.exchange._screens.settle()
    await here.leases.release_all()
    await there.exchange.recover()
    left = (await there.list())[0]
    assert (left.shown.state, phone_call_resource(left).status) == (ENDED, "failed")


async def test_what_ended_long_ago_is_forgotten(
    nodes: tuple[PhoneNode, PhoneNode], settings: Settings
) -> None:
    here, _ = nodes
    await here.place()
    await here.decline((await here.sees(RINGING)).shown.leg_id)
    await here.sees(ENDED)
    await here.exchange._screens.forget_old()
    assert await here.list()

    class Later(SystemClock):
        def now_ms(self) -> Any:
            return super().now_ms() + 2 * DAY_MS

    async with phone_node(settings, Later(), here.account_id) as later:
        await later.exchange._screens.forget_old()
        assert not await later.list()


@pytest.mark.skipif(ESPEAK.find() is None, reason=ESPEAK.missing)
async def test_what_a_person_says_is_heard_at_the_other_phone(
    nodes: tuple[PhoneNode, PhoneNode],
) -> None:
    here, there = nodes
    await here.place(actions=[{"dial": {"to": SAM}}])
    for phone in (ALEX, SAM):
        await there.answer((await there.sees(RINGING, phone)).shown.leg_id, phone)
        await there.sees(TALKING, phone)
    alex = await there.sees_when(lambda one: one.shown.talking_to)
    await there.act(alex.shown.leg_id, say={"text": "Good morning"})
    sam = await there.sees_when(
        lambda one: any(sound.text == "Good morning" for sound in one.shown.heard), SAM
    )
    sound = sam.shown.heard[-1]
    where = (there.account_id, SAM, sam.shown.leg_id)
    path = await phone_reading.find_sound(there.store, *where, sound.file or "")
    assert (sound.kind, path.suffix) == ("speech", ".wav")
    assert (await there.list())[0].shown.heard[-1].kind == "said"
    with pytest.raises(NotFound):
        await phone_reading.find_sound(there.store, *where, "0" * 64)


async def test_what_cannot_be_said_is_refused_at_once(nodes: tuple[PhoneNode, PhoneNode]) -> None:
    here, _ = nodes
    await here.place()
    leg_id = (await here.sees(RINGING)).shown.leg_id
    await here.answer(leg_id)
    await here.sees(TALKING)
    with pytest.raises(HooklineError):
        await here.act(leg_id, say={"text": "Saluton", "voice": "nobody"})
