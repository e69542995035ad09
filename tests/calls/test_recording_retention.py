"""Recordings past their retention are deleted, and only those; also when the server is killed."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from hookline.accounts.model import Account
from hookline.calls import reading
from hookline.calls.deleting import remove_left_files
from hookline.calls.retention import RecordingRetention
from hookline.clock import DAY_MS, ManualClock
from hookline.storage.schema import audit, recordings
from tests.calls.killed_retention import DAYS
from tests.calls.played import PlayedEngine
from tests.calls.room import Room
from tests.calls.test_recordings import STAY, recorded

ROOT = Path(__file__).parents[2]
DAY_S = 86_400
thirty_days = pytest.mark.parametrize("changes", [{"recording_retention_days": DAYS}])


@pytest.fixture
def retention(room: Room) -> RecordingRetention:
    return RecordingRetention(room.store, room.files)


async def statuses(room: Room) -> list[str]:
    rows = await room.store.read(select(recordings.c.status).order_by(recordings.c.id))
    return [row.status for row in rows]


@thirty_days
async def test_only_recordings_past_their_retention_are_deleted(
    room: Room, engine: PlayedEngine, retention: RecordingRetention, clock: ManualClock
) -> None:
    _, old = await recorded(room, engine)
    clock.advance(seconds=DAYS * DAY_S)
    assert await retention.delete_old() == 0
    clock.advance(seconds=1)
    fresh = await room.place(actions=STAY)
    assert await retention.delete_old() == 1
    assert await retention.delete_old() == 0
    assert await statuses(room) == ["deleted"]
    assert room.files.find(old["id"]) is None
    assert await reading.find_call(room.store, room.live, fresh)


@thirty_days
async def test_what_retention_deletes_is_told_and_on_record(
    room: Room, engine: PlayedEngine, retention: RecordingRetention, clock: ManualClock
) -> None:
    call_id, told = await recorded(room, engine)
    clock.advance(seconds=DAYS * DAY_S + 1)
    await retention.delete_old()
    event = (await room.events(call_id, told["id"]))[-1]
    assert (event["type"], event["sequence"]) == ("recording.deleted", 6)
    assert (event["data"]["status"], event["data"]["url"]) == ("deleted", None)
    by_whom = select(audit.c.actor_label).where(audit.c.resource_id == told["id"])
    assert [row.actor_label for row in await room.store.read(by_whom)] == ["retention"]


@thirty_days
async def test_recordings_of_one_call_are_counted_one_by_one(
    room: Room, engine: PlayedEngine, retention: RecordingRetention, clock: ManualClock
) -> None:
    call_id, _ = await room.place_answered(actions=STAY)
    ids = []
    for number in (1, 2):
        await room.act(call_id, record="start")
        record = await engine.telling("record", number)
        await room.act(call_id, record="stop")
        engine.recorded(record.recording_id)
        await room.until_type("recording.completed", record.recording_id)
        ids.append(record.recording_id)
    clock.advance(seconds=DAYS * DAY_S + 1)
    assert await retention.delete_old() == len(ids)
    told = await room.events(call_id, *ids)
    assert [event["type"] for event in told[-2:]] == ["recording.deleted"] * 2
    numbers = [event["sequence"] for event in told]
    assert numbers == sorted(set(numbers))


@thirty_days
async def test_a_recording_under_way_stays(
    room: Room, engine: PlayedEngine, retention: RecordingRetention, clock: ManualClock
) -> None:
    await room.place_answered(actions=STAY, record="mono")
    await engine.telling("record")
    clock.advance(seconds=DAYS * DAY_S + 1)
    assert await retention.delete_old() == 0


async def test_without_a_retention_nothing_is_deleted(
    room: Room, engine: PlayedEngine, retention: RecordingRetention, clock: ManualClock
) -> None:
    await recorded(room, engine)
    clock.advance(seconds=10_000 * DAY_S)
    assert await retention.delete_old() == 0
    assert await statuses(room) == ["completed"]


async def test_a_kill_between_row_and_file_leaves_nothing(
    room: Room, engine: PlayedEngine, migrated_url: str, account: Account
) -> None:
    _, told = await recorded(room, engine)
    later = str(room.store.now() + (DAYS + 1) * DAY_MS)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.calls.killed_retention",
        migrated_url, account.id, str(room.folder), later, cwd=ROOT,
    )  # fmt: skip
    assert await process.wait() == -signal.SIGKILL
    assert await statuses(room) == ["deleted"]
    assert room.files.find(told["id"])
    assert await room.types(told["id"]) == [
        "recording.started", "recording.completed", "recording.deleted",
    ]  # fmt: skip
    assert await remove_left_files(room.store, room.files) == 1
    assert room.files.find(told["id"]) is None
