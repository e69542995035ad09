"""A leg that comes in, on every engine: nothing happens until we answer or refuse it."""

import pytest

from hookline.voice.port import CameIn, Cause
from tests.voice.world import OURS, Phone, World


async def come_in(world: World) -> tuple[CameIn, Phone]:
    phone = await world.phone()
    await phone.call(OURS)
    return await world.heard.came_in(OURS), phone


async def test_we_answer_and_they_hang_up(world: World) -> None:
    came_in, phone = await come_in(world)
    assert came_in.sender
    world.engine.answer(came_in.leg_id)
    await world.heard.answered(came_in.leg_id)
    await phone.hang_up()
    ended = await world.heard.ended(came_in.leg_id)
    assert (ended.cause, ended.by) == (Cause.NORMAL, "them")


async def test_we_hang_up_after_the_answer(world: World) -> None:
    came_in, phone = await come_in(world)
    world.engine.answer(came_in.leg_id)
    await world.heard.answered(came_in.leg_id)
    world.engine.hang_up(came_in.leg_id)
    assert (await world.heard.ended(came_in.leg_id)).by == "us"
    await phone.is_over()


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.DECLINED])
async def test_we_refuse(world: World, cause: Cause) -> None:
    came_in, phone = await come_in(world)
    world.engine.hang_up(came_in.leg_id, cause)
    ended = await world.heard.ended(came_in.leg_id)
    assert ended.by == "us"
    await phone.is_over()
    assert len(world.heard.of(came_in.leg_id)) == 2


async def test_the_caller_gives_up(world: World) -> None:
    came_in, phone = await come_in(world)
    await phone.hang_up()
    ended = await world.heard.ended(came_in.leg_id)
    assert ended.by == "them"
    assert ended.cause in {Cause.NORMAL, Cause.NO_ANSWER}
