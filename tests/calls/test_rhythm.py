"""Steps that come close together go together; one that comes alone waits for nobody."""

import asyncio

from hookline.calls.rhythm import Rhythm


async def test_the_first_step_goes_at_once() -> None:
    await asyncio.wait_for(Rhythm(frame_s=3_600).turn(), 1)


async def test_those_that_follow_go_together() -> None:
    rhythm, waiting = Rhythm(frame_s=0.02), 5
    seen = list[int]()

    async def take() -> None:
        nonlocal waiting
        await rhythm.turn()
        waiting -= 1
        await asyncio.sleep(0)  # by then all who go in the same turn of the loop have gone
        seen.append(waiting)

    await rhythm.turn()
    await asyncio.gather(*(take() for _ in range(5)))
    assert seen == [0] * 5


async def test_one_who_leaves_does_not_take_the_others_along() -> None:
    rhythm = Rhythm(frame_s=0.02)
    await rhythm.turn()
    leaving, staying = (asyncio.create_task(rhythm.turn()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait_for(staying, 1)
    assert leaving.cancelled()
