"""What is in the recordings that Asterisk makes: messages of callers, and nothing of what was paused."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from tests.services.phones import SoftPhone, sip_phone, soft_phone
from tests.system.pbx import HUM, LOUD, OTHER_HUM, Pbx, loudness, pick_up

BRIEF = 1
PAUSED = timedelta(seconds=2 * BRIEF)
TAIL = 2_000
"""A quarter of a second, in samples."""

# --- voicemail --------------------------------------------------------------------------------------


async def test_a_caller_leaves_a_message(pbx: Pbx, hums: dict[int, Path]) -> None:
    async with sip_phone(pbx.asterisk, "ring") as agent, soft_phone() as caller:
        await pbx.answer_with(agent=agent.uri, voicemail=True, ring_timeout_seconds=BRIEF)
        await pbx.dialled_by(caller)
        await caller.wait_for("answered")
        await caller.tell(f"play {hums[HUM]}")
        call_id = await pbx.incoming()
        await pbx.until_recording(call_id)
        await asyncio.sleep(BRIEF)  # of sound
        await caller.tell("hangup")
        call = await pbx.ended(call_id)
        assert await agent.succeeded()
    assert (call["status"], call["hangup_by"]) == ("completed", "caller")
    assert [(one["role"], one["status"]) for one in call["legs"]] == [
        ("caller", "completed"), ("agent", "no_answer"),
    ]  # fmt: skip
    (heard,) = await pbx.recording(call_id)
    assert loudness(heard, HUM) > LOUD
    kinds = [one["type"] for one in await pbx.events(call_id)]
    assert kinds[0] == "call.incoming"
    assert {"call.completed", "recording.started", "recording.completed"} < set(kinds)


async def test_a_hash_ends_a_message(pbx: Pbx) -> None:
    async with soft_phone() as caller:
        await pbx.answer_with(voicemail=True)
        await pbx.dialled_by(caller)
        await caller.wait_for("answered")
        call_id = await pbx.incoming()
        await pbx.until_recording(call_id)
        await caller.tell("digits #")
        call = await pbx.ended(call_id)
        await caller.wait_for("ended")
    assert (call["status"], call["reason"], call["hangup_by"]) == (
        "completed", "voicemail", "system",
    )  # fmt: skip


# --- steered ----------------------------------------------------------------------------------------


async def test_what_was_paused_is_not_in_the_recording(pbx: Pbx, hums: dict[int, Path]) -> None:
    async with soft_phone() as phone:
        call_id = await pbx.place(phone.uri)
        await pick_up(phone, hums[HUM])
        await pbx.until(call_id, "in_progress")
        await pbx.act(call_id, record="start")
        await pbx.until_recording(call_id)
        await asyncio.sleep(BRIEF)  # of sound
        await pbx.act(call_id, record="pause")
        await pbx.until_recording(call_id, "paused")
        await hum_and_stop(phone, hums[OTHER_HUM])
        await pbx.act(call_id, record="resume")
        await pbx.until_recording(call_id)
        await asyncio.sleep(BRIEF)  # of silence
        await pbx.act(call_id, record="stop")
        (heard,) = await pbx.recording(call_id)
        await phone.tell("hangup")
        await pbx.ended(call_id)
    assert loudness(heard, HUM) > LOUD > loudness(heard, OTHER_HUM)
    assert loudness(heard[-TAIL:], HUM) < LOUD
    (found,) = (await pbx.get("/v1/recordings", call_id=call_id))["data"]
    lasted = datetime.fromisoformat(found["ended_at"]) - datetime.fromisoformat(found["started_at"])
    assert found["duration_ms"] <= (lasted - PAUSED).total_seconds() * 1_000


async def hum_and_stop(phone: SoftPhone, hum: Path) -> None:
    """Until the sound has surely passed through Asterisk: PAUSED at least."""
    await phone.tell(f"play {hum}")
    await asyncio.sleep(BRIEF)
    await phone.tell("silence")
    await asyncio.sleep(BRIEF)
