"""Calls that come in to a real Asterisk."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hookline.voice.port import Answered, CameIn, Cause
from tests.services.asterisk import Asterisk
from tests.services.phones import CALLED, calling_phone
from tests.voice.asterisk.rig import Rig, unconnected


async def test_answered_call(rig: Rig) -> None:
    async with calling_phone(rig.asterisk, "call_in") as phone:
        came = await rig.heard.wait_for(CameIn)
        assert (came.sender, came.recipient) == ("+442079460000", CALLED)
        assert came.sender_name == "Ada"
        rig.engine.answer(came.leg_id)
        await rig.heard.wait_for(Answered)
        rig.engine.hang_up(came.leg_id)
        ended = await rig.ended(came.leg_id)
        assert (ended.cause, ended.by) == (Cause.NORMAL, "us")
        assert rig.heard.of_leg(came.leg_id) == ["CameIn", "Answered", "Ended"]
        assert await phone.succeeded()


@pytest.mark.parametrize(
    ("cause", "code"),
    [(Cause.BUSY, 486), (Cause.DECLINED, 403), (Cause.NOT_FOUND, 404), (Cause.CONGESTION, 503)],
)
async def test_refused_call(rig: Rig, cause: Cause, code: int) -> None:
    async with calling_phone(rig.asterisk, "call_in_refused", code) as phone:
        came = await rig.heard.wait_for(CameIn)
        rig.engine.hang_up(came.leg_id, cause)
        assert (await rig.ended(came.leg_id)).by == "us"
        assert await phone.succeeded()


async def test_caller_gives_up(rig: Rig) -> None:
    async with calling_phone(rig.asterisk, "call_in_give_up") as phone:
        came = await rig.heard.wait_for(CameIn)
        ended = await rig.ended(came.leg_id)
        assert (ended.cause, ended.by) == (Cause.NORMAL, "them")
        assert await phone.succeeded()


async def test_call_that_comes_while_the_state_is_looked_up_goes_on(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    """Nobody could know of it when the engine was asked to hang up what is not known."""
    async with unconnected(asterisk, tmp_path) as rig, AsyncExitStack() as phones:
        rig.engine.reconcile([])
        look = rig.engine.connected

        async def look_late() -> None:
            await phones.enter_async_context(calling_phone(asterisk, "call_in"))
            await rig.heard.wait_for(CameIn)
            await look()

        rig.engine.connected = look_late  # type: ignore[method-assign]  # a slow look
        await rig.until_bound()
        (came,) = rig.heard.of(CameIn)
        rig.engine.answer(came.leg_id)
        await rig.heard.wait_for(Answered)
