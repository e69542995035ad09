"""Gathering digits: prompts, branches, and what is asked for afterwards."""

from typing import Any

from tests.calls.played import PlayedEngine
from tests.calls.room import Room

MENU: dict[str, Any] = {
    "gather": {
        "digits": 1,
        "prompt": {"say": {"text": "Press one"}},
        "then": {
            "1": [{"say": {"text": "One"}}],
            "default": [{"say": {"text": "Other"}}],
        },
    }
}


def heard(engine: PlayedEngine) -> list[str]:
    return [str(media[0]) for _, _, media in engine.all_told("play")]


async def test_a_digit_stops_the_prompt_and_takes_its_branch(
    room: Room, engine: PlayedEngine
) -> None:
    call_id, leg_id = await room.place_answered(actions=[MENU])
    prompt = await engine.telling("play")
    engine.press(leg_id, "1")
    await engine.telling("play", 2)
    assert engine.all_told("stop_playing") == [prompt[1]]
    assert heard(engine) == ["Press one", "One"]
    event = await room.until_type("call.dtmf", call_id)
    assert (event["data"]["digit"], event["data"]["leg"]["role"]) == ("1", "to")


async def test_other_digits_take_the_default_branch(room: Room, engine: PlayedEngine) -> None:
    _, leg_id = await room.place_answered(actions=[MENU])
    await engine.telling("play")
    engine.press(leg_id, "9")
    await engine.telling("play", 2)
    assert heard(engine)[1] == "Other"


async def test_it_goes_on_behind_the_branch(room: Room, engine: PlayedEngine) -> None:
    _, leg_id = await room.place_answered(actions=[MENU, {"say": {"text": "Behind"}}])
    await engine.telling("play")
    engine.press(leg_id, "1")
    engine.played(await engine.telling("play", 2))
    await engine.telling("play", 3)
    assert heard(engine)[1:] == ["One", "Behind"]


async def test_several_digits_end_with_the_finishing_one(room: Room, engine: PlayedEngine) -> None:
    gather = {"digits": 6, "then": {"12": [{"say": {"text": "Twelve"}}]}}
    _, leg_id = await room.place_answered(actions=[{"gather": gather}])
    engine.press(leg_id, "12#")
    await engine.telling("play")
    assert heard(engine) == ["Twelve"]


async def test_without_digits_the_time_ends_it(room: Room, engine: PlayedEngine) -> None:
    await room.place_answered(
        actions=[
            {"gather": {"timeout_seconds": 1, "then": {"default": [{"say": {"text": "None"}}]}}}
        ]
    )
    await engine.telling("play")
    assert heard(engine) == ["None"]


async def test_a_prompt_that_cannot_be_spoken_does_not_hold_it_up(
    room: Room, engine: PlayedEngine
) -> None:
    room.media.missing.add("Press one")
    _, leg_id = await room.place_answered(actions=[MENU])
    await room.until_type("call.answered")
    engine.press(leg_id, "1")
    await engine.telling("play")
    assert heard(engine) == ["One"]


async def test_what_cannot_be_played_is_left_out_and_noted(
    room: Room, engine: PlayedEngine
) -> None:
    room.media.missing.add("Lost")
    actions = [{"say": {"text": "Lost"}}, {"say": {"text": "Found"}}]
    call_id, _ = await room.place_answered(actions=actions)
    await engine.telling("play")
    assert heard(engine) == ["Found"]
    assert "media_failed" in (await room.get(call_id)).timeline
