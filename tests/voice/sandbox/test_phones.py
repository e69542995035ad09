"""The board of virtual phones: what its screen shows, and acts that come too late."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hookline.clock import ManualClock
from hookline.ids import CarrierId
from hookline.voice.errors import AudioUnreadable, PhoneCallGone, SandboxClosed
from hookline.voice.port import BridgeId, Cause, Dial, LegId, PlaybackId, Tone
from hookline.voice.sandbox.phones import PhoneCall, PhoneCallState, PhoneId, VirtualPhones
from tests.voice.sandbox_world import CARRIER, PHONES, SandboxWorld
from tests.voice.world import OURS, connect, dial

PHONE = PhoneId(PHONES[0])


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SandboxWorld]:
    made = SandboxWorld(tmp_path)
    yield made
    await made.engine.close()


def shown(world: SandboxWorld) -> PhoneCall:
    return world.phones.list_calls(PHONE)[0]


async def test_a_ringing_phone_shows_who_calls_and_why(world: SandboxWorld) -> None:
    world.engine.dial(
        Dial(LegId("leg"), PHONE, OURS, sender_name="Acme", context="Order 7: call +44 back")
    )
    call = shown(world)
    assert (call.state, call.other, call.other_name) == (PhoneCallState.RINGING, OURS, "Acme")
    assert call.context == "Order 7: call +44 back"
    assert call.is_incoming


async def test_a_phone_shows_what_it_hears(world: SandboxWorld) -> None:
    leg_id, phone = await connect(world)
    world.engine.play(leg_id, PlaybackId("play"), [Tone(440, 50), Tone(0, 20)])
    assert shown(world).is_playing
    await world.heard.played("play")
    assert [item.text for item in shown(world).heard] == ["440 Hz, 0.05 s", "Silence, 0.02 s"]
    assert not shown(world).is_playing
    assert phone.address == PHONE


async def test_a_phone_shows_whom_it_talks_to(world: SandboxWorld) -> None:
    first, _ = await connect(world)
    second = dial(world, "+447700900123")
    await world.heard.answered(second)
    world.engine.bridge(BridgeId("bridge"), [first, second])
    assert shown(world).talking_to == ("+447700900123",)
    world.engine.hang_up(second)
    assert shown(world).talking_to == ()
    assert shown(world).heard[-1].text == "Nobody else is there"


async def test_a_call_that_is_over_stays_on_the_screen(world: SandboxWorld) -> None:
    leg_id, phone = await connect(world)
    await phone.press("12")
    await phone.hang_up()
    call = shown(world)
    assert (call.state, call.cause, call.ended_by) == (PhoneCallState.ENDED, Cause.NORMAL, "them")
    assert (call.pressed, call.leg_id) == ("12", leg_id)


async def test_acts_that_come_too_late_say_so(world: SandboxWorld) -> None:
    leg_id, phone = await connect(world)
    for act in (world.phones.answer, world.phones.decline):
        with pytest.raises(PhoneCallGone):
            act(leg_id)
    await phone.hang_up()
    with pytest.raises(PhoneCallGone):
        world.phones.hang_up(leg_id)
    with pytest.raises(PhoneCallGone):
        world.phones.press(LegId("never"), "1")


async def test_only_keys_can_be_pressed(world: SandboxWorld) -> None:
    leg_id, _ = await connect(world)
    for wrong in ("", "1x", "é"):
        world.phones.press(leg_id, wrong)
    assert shown(world).pressed == ""


async def test_keys_come_one_after_the_other(world: SandboxWorld) -> None:
    leg_id, _ = await connect(world)
    world.phones.press(leg_id, "1w2")
    await world.heard.until(lambda: world.heard.digits_of(leg_id) == "12")
    assert shown(world).pressed == "12"


async def test_what_is_said_is_heard_on_the_other_side_of_a_bridge(world: SandboxWorld) -> None:
    first, _ = await connect(world)
    second, _ = await connect(world)
    world.engine.bridge(BridgeId("bridge"), [first, second])
    world.phones.speak(first, Tone(440, 20))
    said, heard = (world.phones.find_call(leg_id) for leg_id in (first, second))
    assert said is not None
    assert heard is not None
    assert (said.heard[-1].kind, said.heard[-1].text) == ("said", "440 Hz, 0.02 s")
    assert (heard.heard[-1].kind, heard.heard[-1].text) == ("tone", "440 Hz, 0.02 s")


async def test_only_audio_can_be_spoken(world: SandboxWorld) -> None:
    leg_id, _ = await connect(world)
    with pytest.raises(AudioUnreadable):
        world.phones.speak(leg_id, world.folder / "missing.wav")


async def test_every_change_is_told_until_nobody_listens(world: SandboxWorld) -> None:
    told: list[PhoneCallState] = []
    stop = world.phones.watch(lambda call: told.append(call.state))
    leg_id, phone = await connect(world)
    stop()
    await phone.hang_up()
    assert told == [PhoneCallState.RINGING, PhoneCallState.TALKING]
    assert world.heard.ends_of(leg_id) or await world.heard.ended(leg_id)


async def test_a_phone_cannot_call_a_sandbox_that_is_not_open() -> None:
    phones = VirtualPhones(ManualClock())
    with pytest.raises(SandboxClosed):
        phones.call(CarrierId("other"), PHONE, sender=PHONE, recipient=OURS)


async def test_a_caller_that_nobody_answers_gives_up(world: SandboxWorld) -> None:
    world.pace = type(world.pace)(abandon_s=0.02)
    await world.reopen()
    leg_id = world.phones.call(CARRIER, PHONE, sender=PHONE, recipient=OURS)
    ended = await world.heard.ended(leg_id)
    assert (ended.cause, ended.by) == (Cause.NO_ANSWER, "them")
    assert shown(world).state is PhoneCallState.ENDED


async def test_the_screen_forgets_old_calls(world: SandboxWorld) -> None:
    for number in range(250):
        world.engine.dial(Dial(LegId(f"leg_{number}"), PHONE, OURS))
        world.phones.decline(LegId(f"leg_{number}"))
    await asyncio.sleep(0)
    assert len(world.phones.list_calls(PHONE)) == 200
