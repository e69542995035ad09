"""The numbers that make the sandbox behave as they say, which are part of the public contract."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.voice.audio.goertzel import digits_in
from hookline.voice.audio.samples import RATE_HZ
from hookline.voice.audio.wav import read_samples
from hookline.voice.port import (
    Answered,
    Cause,
    Ended,
    PlaybackId,
    Record,
    RecordingId,
    Ringing,
    Tone,
)
from hookline.voice.sandbox.recipients import (
    IMPOSSIBLE,
    ORDINARY,
    SPECIAL,
    Answers,
    Pace,
    behaviour_of,
)
from tests.voice.sandbox_world import SandboxWorld
from tests.voice.world import dial

ORDINARY_NUMBER = "+447700900123"
TALKATIVE, LEAVING = "+15005550006", "+15005550012"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SandboxWorld]:
    made = SandboxWorld(tmp_path)
    yield made
    await made.engine.close()


@pytest.mark.parametrize(
    "number", ["+447700900123", "+12025550123", "sip:ann@example.com", "sip:7"]
)
def test_any_possible_number_is_ordinary(number: str) -> None:
    assert behaviour_of(number) is ORDINARY


@pytest.mark.parametrize(
    "number", ["", "+", "12025550100", "+0123456789", "+1", "sip:", "+1202x550100"]
)
def test_what_no_phone_can_have_is_impossible(number: str) -> None:
    assert behaviour_of(number) is IMPOSSIBLE


@settings(deadline=None)
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_every_number_has_one_fate(number: str) -> None:
    behaviour = behaviour_of(number)
    assert behaviour in {ORDINARY, *SPECIAL.values()}
    assert behaviour.refusal is None or behaviour.answers is Answers.SOON


def test_an_ordinary_call_is_answered_after_a_second() -> None:
    assert (Pace().answer_s, Pace().hang_up_s) == (1.0, 2.0)


async def test_an_ordinary_call_stays_until_we_hang_up(world: SandboxWorld) -> None:
    leg_id = dial(world, ORDINARY_NUMBER)
    await world.heard.answered(leg_id)
    world.engine.hang_up(leg_id)
    await world.heard.ended(leg_id)
    assert [type(item) for item in world.heard.of(leg_id)] == [Ringing, Answered, Ended]


async def test_the_talkative_one_presses_keys_once_it_was_asked(world: SandboxWorld) -> None:
    leg_id = dial(world, TALKATIVE)
    await world.heard.answered(leg_id)
    assert world.heard.digits_of(leg_id) == ""
    world.engine.play(leg_id, PlaybackId("ask"), [Tone(440, 20)])
    await world.heard.until(lambda: world.heard.digits_of(leg_id) == "123")
    ended = await world.heard.played("ask")
    assert world.heard.of(leg_id).index(ended) == 2


async def test_its_keys_wait_for_the_end_of_all_that_is_said(world: SandboxWorld) -> None:
    leg_id = dial(world, TALKATIVE)
    world.engine.play(leg_id, PlaybackId("one"), [Tone(440, 20)])
    world.engine.play(leg_id, PlaybackId("two"), [Tone(440, 60)])
    await world.heard.until(lambda: world.heard.digits_of(leg_id) == "123")
    two = await world.heard.played("two")
    assert world.heard.of(leg_id).index(two) == 3


async def test_the_leaving_one_hangs_up(world: SandboxWorld) -> None:
    leg_id = dial(world, LEAVING)
    await world.heard.answered(leg_id)
    ended = await world.heard.ended(leg_id)
    assert (ended.cause, ended.by) == (Cause.NORMAL, "them")


async def test_a_busy_one_never_rings(world: SandboxWorld) -> None:
    leg_id = dial(world, world.busy)
    await world.heard.ended(leg_id)
    assert [type(item) for item in world.heard.of(leg_id)] == [Ended]


async def test_a_robot_and_its_keys_are_heard_in_a_recording(world: SandboxWorld) -> None:
    world.pace = Pace(press_s=0.05, digit_s=0.2)
    await world.reopen()
    leg_id = dial(world, TALKATIVE)
    await world.heard.answered(leg_id)
    path = world.folder / "robot.wav"
    world.engine.record(Record(RecordingId("rec"), (leg_id,), "dual", path))
    world.engine.play(leg_id, PlaybackId("ask"), [Tone(440, 50)])
    await world.heard.until(lambda: world.heard.digits_of(leg_id) == "123")
    await asyncio.sleep(0.15)  # the last key is heard to its end
    world.engine.stop_recording(RecordingId("rec"))
    await world.heard.recorded(RecordingId("rec"))
    left = read_samples(path)[0::2]
    assert max(left[: RATE_HZ // 10]) > 500
    assert digits_in(left) == "123"
