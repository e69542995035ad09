"""Whatever is commanded in whatever order: each leg and each recording ends exactly once."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.voice.errors import PhoneCallGone
from hookline.voice.port import (
    Answered,
    BridgeId,
    CameIn,
    Cause,
    Dial,
    Ended,
    LegId,
    PlaybackEnded,
    PlaybackId,
    Record,
    RecordingEnded,
    RecordingId,
    Ringing,
    Tone,
)
from hookline.voice.sandbox.phones import PhoneCallState, PhoneId
from hookline.voice.sandbox.recipients import SPECIAL, Pace
from tests.voice.sandbox_world import CARRIER, PHONES, SandboxWorld
from tests.voice.world import OURS

AT_ONCE = Pace(0.001, 0.002, 0.0, 0.001, 0.0, 0.0, 0.004)
RECIPIENTS = (*PHONES, *SPECIAL, "+447700900123", "nobody")
STEPS = ("dial", "call_in", "answer", "hang_up", "play", "stop", "digits", "bridge", "unbridge")
ACTS = ("record", "pause", "stop_recording", "pick_up", "decline", "put_down", "press", "wait")
COMMANDS = st.lists(
    st.tuples(st.sampled_from(STEPS + ACTS), st.integers(0, 5), st.integers(0, 9)), max_size=40
)


class Play:
    """Carries out one list of commands, with a few ids so that they meet."""

    def __init__(self, world: SandboxWorld) -> None:
        self.world = world
        self.legs: list[LegId] = []

    async def run(self, commands: list[tuple[str, int, int]]) -> None:
        for command, which, other in commands:
            if command == "wait":
                await asyncio.sleep(other / 2_000)
            else:
                self.act(command, which, other)
        await self.world.engine.close()

    def act(self, command: str, which: int, other: int) -> None:
        engine, leg_id = self.world.engine, LegId(f"leg_{which}")
        wanted = self.legs[which % len(self.legs)] if self.legs else leg_id
        match command:
            case "dial":
                self.dial(RECIPIENTS[other % len(RECIPIENTS)], other)
            case "call_in":
                phone = PHONES[which % 2]
                self.legs.append(
                    self.world.phones.call(CARRIER, PhoneId(phone), sender=phone, recipient=OURS)
                )
            case "answer":
                engine.answer(wanted)
            case "hang_up":
                engine.hang_up(wanted, list(Cause)[other % 3])
            case "play":
                engine.play(wanted, PlaybackId(f"play_{which}{other}"), [Tone(440, other)])
            case "stop":
                engine.stop_playing(PlaybackId(f"play_{which}{other}"))
            case "digits":
                engine.send_digits(wanted, "1w#")
            case "bridge":
                engine.bridge(BridgeId(f"bridge_{other % 2}"), [wanted, *self.legs[-1:]])
            case "unbridge":
                engine.unbridge(BridgeId(f"bridge_{other % 2}"))
            case _:
                self.act_on_recordings(command, wanted, other)

    def act_on_recordings(self, command: str, leg_id: LegId, other: int) -> None:
        engine, recording_id = self.world.engine, RecordingId(f"rec_{other % 3}")
        match command:
            case "record":
                path = self.world.folder / f"{recording_id}.wav"
                engine.record(Record(recording_id, (leg_id,), "mono", path))
            case "pause":
                engine.pause_recording(recording_id)
            case "stop_recording":
                engine.stop_recording(recording_id)
            case _:
                self.act_at_phone(command, leg_id)

    def act_at_phone(self, command: str, leg_id: LegId) -> None:
        phones = self.world.phones
        acts = {"pick_up": phones.answer, "decline": phones.decline, "put_down": phones.hang_up}
        try:
            if command == "press":
                phones.press(leg_id, "5")
            else:
                acts[command](leg_id)
        except PhoneCallGone:
            pass

    def dial(self, to: str, other: int) -> None:
        leg_id = LegId(f"leg_{len(self.legs)}")
        self.legs.append(leg_id)
        self.world.engine.dial(Dial(leg_id, to, OURS, ring_timeout_s=other / 1_000))


async def play_in(folder: Path, commands: list[tuple[str, int, int]]) -> Play:
    play = Play(SandboxWorld(folder, pace=AT_ONCE))
    async with asyncio.timeout(10):
        await play.run(commands)
    return play


@settings(max_examples=150, deadline=None)
@given(COMMANDS)
def test_each_leg_tells_a_complete_story(
    tmp_path_factory: pytest.TempPathFactory, commands: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    play = asyncio.run(play_in(folder, commands))
    heard = play.world.heard
    for leg_id in play.legs:
        story = [type(item) for item in heard.of(leg_id)]
        counts = Counter(story)
        assert story[-1] is Ended
        assert counts[Ended] == 1
        assert max(counts[Ringing], counts[Answered], counts[CameIn]) <= 1
        assert Answered not in story or PlaybackEnded not in story[: story.index(Answered)]
        shown = play.world.phones.find_call(leg_id)
        assert shown is None or shown.state is PhoneCallState.ENDED
    assert_recordings_end(play)


def assert_recordings_end(play: Play) -> None:
    ended = [item for item in play.world.heard.happenings if isinstance(item, RecordingEnded)]
    assert not play.world.engine._recorder._recordings
    assert not list(play.world.folder.glob("*.part"))
    for item in ended:
        assert item.is_kept or item.detail
