"""A dialled leg on every engine: how it rings, is answered, and ends exactly once."""

import pytest

from hookline.voice.port import Answered, Cause, Dial, Ended, Ringing
from tests.voice.world import OURS, World, connect, dial


async def test_a_leg_rings_is_answered_and_ends_in_order(world: World) -> None:
    leg_id, phone = await connect(world)
    await phone.hang_up()
    await world.heard.ended(leg_id)
    assert [type(item) for item in world.heard.of(leg_id)] == [Ringing, Answered, Ended]
    times = [item.at for item in world.heard.of(leg_id) if not isinstance(item, str)]
    assert times == sorted(times)


async def test_the_other_side_hangs_up(world: World) -> None:
    leg_id, phone = await connect(world)
    await phone.hang_up()
    ended = await world.heard.ended(leg_id)
    assert (ended.cause, ended.by) == (Cause.NORMAL, "them")


async def test_we_hang_up(world: World) -> None:
    leg_id, phone = await connect(world)
    world.engine.hang_up(leg_id)
    ended = await world.heard.ended(leg_id)
    assert (ended.cause, ended.by) == (Cause.NORMAL, "us")
    await phone.is_over()


async def test_we_hang_up_while_it_rings(world: World) -> None:
    phone = await world.phone()
    leg_id = dial(world, phone.address)
    await phone.rings()
    world.engine.hang_up(leg_id)
    ended = await world.heard.ended(leg_id)
    assert (ended.cause, ended.by) == (Cause.NORMAL, "us")
    await phone.is_over()
    assert Answered not in {type(item) for item in world.heard.of(leg_id)}


async def test_we_hang_up_at_once(world: World) -> None:
    leg_id = dial(world, world.silent)
    world.engine.hang_up(leg_id)
    assert (await world.heard.ended(leg_id)).by == "us"


async def test_a_person_declines(world: World) -> None:
    phone = await world.phone()
    leg_id = dial(world, phone.address)
    await phone.rings()
    await phone.decline()
    ended = await world.heard.ended(leg_id)
    assert (ended.cause, ended.by, ended.sip_code) == (Cause.DECLINED, "them", 603)


async def test_nobody_answers_until_our_time_is_up(world: World) -> None:
    leg_id = dial(world, world.silent, ring_timeout_s=1.0)
    ended = await world.heard.ended(leg_id)
    assert ended.cause is Cause.NO_ANSWER
    assert {type(item) for item in world.heard.of(leg_id)} == {Ringing, Ended}


@pytest.mark.parametrize(
    ("whom", "causes", "sip_codes"),
    [
        ("busy", {Cause.BUSY}, {486}),
        ("declining", {Cause.DECLINED}, {603}),
        ("troubled", {Cause.CONGESTION}, {503}),
        ("unknown", {Cause.NOT_FOUND, Cause.UNAVAILABLE}, {404, 480}),
    ],
)
async def test_a_leg_that_is_refused_says_why(
    world: World, whom: str, causes: set[Cause], sip_codes: set[int]
) -> None:
    leg_id = dial(world, getattr(world, whom))
    ended = await world.heard.ended(leg_id)
    assert ended.cause in causes
    assert ended.sip_code in sip_codes


async def test_every_leg_ends_exactly_once(world: World) -> None:
    leg_id, phone = await connect(world)
    legs = [leg_id, *(dial(world, to) for to in (world.busy, world.declining, world.silent))]
    await phone.hang_up()
    for leg in legs:
        world.engine.hang_up(leg)
        world.engine.hang_up(leg)
    for leg in legs:
        await world.heard.ended(leg)
    world.engine.reconcile([])
    assert [len(world.heard.ends_of(leg)) for leg in legs] == [1] * len(legs)


async def test_the_same_leg_is_dialled_once(world: World) -> None:
    leg_id, phone = await connect(world)
    world.engine.dial(Dial(leg_id, world.busy, OURS))
    await phone.hang_up()
    assert (await world.heard.ended(leg_id)).cause is Cause.NORMAL
    assert len(world.heard.ends_of(leg_id)) == 1
