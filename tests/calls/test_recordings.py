"""Recordings: measured from their files, told of, deleted."""

import hashlib
from array import array

import pytest

from hookline.calls import reading
from hookline.calls.deleting import delete_recording, remove_left_files
from hookline.calls.errors import RecordingUnderWay
from hookline.errors import NotFound
from hookline.voice.audio.wav import write_wav
from tests.calls.played import PlayedEngine
from tests.calls.room import Json, Room

REC = "rec_00000000000000000000000001"
STAY = [{"pause": {"seconds": 300}}]


async def recorded(room: Room, engine: PlayedEngine) -> tuple[str, Json]:
    """A call with one finished recording; its id, and what was told of the recording."""
    call_id, leg_id = await room.place_answered(actions=STAY, record="mono")
    record = await engine.telling("record")
    engine.end(leg_id)
    engine.recorded(record.recording_id)
    event = await room.until_type("recording.completed", record.recording_id)
    return call_id, event["data"]


async def delete(room: Room, recording_id: str) -> None:
    await room.store.commit(
        lambda tx: delete_recording(tx, room.live, recording_id, room.files.remove)
    )


async def test_what_is_told_was_measured_from_the_file(room: Room, engine: PlayedEngine) -> None:
    _, told = await recorded(room, engine)
    data = room.files.path(told["id"]).read_bytes()
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert (told["bytes"], told["duration_ms"], told["channels"]) == (len(data), 1_000, 1)
    (row,) = told["peaks"]
    assert len(row) == 200
    assert all(20 <= peak <= 30 for peak in row)


async def test_each_channel_has_peaks_of_its_own(room: Room) -> None:
    path = room.files.path(REC)
    write_wav(path, array("h", [0, 16_384] * 400), channels=2)
    facts = room.files.measure(REC)
    assert facts is not None
    assert facts.peaks == ((0,) * 200, (50,) * 200)


async def test_calls_and_their_recordings_count_together(room: Room, engine: PlayedEngine) -> None:
    call_id, told = await recorded(room, engine)
    events = await room.events(call_id, told["id"])
    assert [event["sequence"] for event in events] == [1, 2, 3, 4, 5]
    assert {"recording.started", "call.completed"} < {event["type"] for event in events}


async def test_a_recording_without_a_file_has_failed(room: Room, engine: PlayedEngine) -> None:
    await room.place_answered(actions=STAY, record="mono")
    record = await engine.telling("record")
    engine.recorded(record.recording_id, is_kept=False)
    event = await room.until_type("recording.failed", record.recording_id)
    assert event["data"]["reason"] == "not_recorded"
    assert event["data"]["url"] is None


async def test_a_deleted_recording_has_no_audio_and_is_told_of(
    room: Room, engine: PlayedEngine
) -> None:
    _, told = await recorded(room, engine)
    await delete(room, told["id"])
    event = await room.until_type("recording.deleted", told["id"])
    recording = await reading.find_recording(room.store, room.live, told["id"])
    assert room.files.find(told["id"]) is None
    assert (recording.status, event["data"]["status"], event["sequence"]) == (
        "deleted",
        "deleted",
        6,
    )
    with pytest.raises(NotFound):
        await delete(room, told["id"])


async def test_a_file_that_a_killed_process_left_is_removed_later(
    room: Room, engine: PlayedEngine
) -> None:
    _, told = await recorded(room, engine)
    await room.store.commit(
        lambda tx: delete_recording(tx, room.live, told["id"], lambda _: None)  # killed before
    )
    assert room.files.find(told["id"])
    assert await remove_left_files(room.store, room.files) == 1
    assert room.files.find(told["id"]) is None


async def test_a_recording_under_way_cannot_be_deleted(room: Room, engine: PlayedEngine) -> None:
    await room.place_answered(actions=STAY, record="mono")
    record = await engine.telling("record")
    with pytest.raises(RecordingUnderWay):
        await delete(room, record.recording_id)


async def test_a_message_is_recorded_until_a_hash(room: Room, engine: PlayedEngine) -> None:
    actions = [{"record": {"max_seconds": 30}}, {"say": {"text": "Thanks"}}]
    _, leg_id = await room.place_answered(actions=actions)
    record = await engine.telling("record")
    assert (record.max_s, record.beep) == (30, True)
    engine.press(leg_id, "#")
    assert await engine.telling("stop") == record.recording_id
    engine.recorded(record.recording_id)
    assert str((await engine.telling("play"))[2][0]) == "Thanks"
