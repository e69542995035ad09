"""HTTP routes of recordings."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.audit.repeated import record_once
from hookline.calls import deleting, reading, resource
from hookline.calls.deleting import remove_file
from hookline.calls.errors import RecordingUnderWay
from hookline.calls.model import Recording, RecordingStatus
from hookline.calls.reading import RecordingFilter
from hookline.calls.recording_files import RecordingFiles
from hookline.calls.schemas import RecordingShape
from hookline.errors import NotFound
from hookline.principal import Principal, Scope
from hookline.storage.store import Store

AUDIO = "audio/wav"
LISTEN = "recording.listen"
"""The act in the audit trail."""


def recording_routes(files: RecordingFiles) -> Routes:
    """Recordings: list, read, hear, delete."""
    router = Routes("/v1/recordings", "Recordings")
    removals = _Errands()

    def remove(recording_id: str) -> None:
        removals.send(asyncio.to_thread(remove_file, files, recording_id))

    @router.on("GET", "", scope=Scope.RECORDINGS_READ, answer=Page[RecordingShape])
    async def list_recordings(
        caller: Caller, store: Storage, wanted: Annotated[RecordingFilter, Query()]
    ) -> Response:
        """Recordings of all calls, newest first."""
        found, has_more = await reading.list_recordings(store, caller, wanted)
        shown = [resource.recording_resource(one) for one in found]
        return _json(resource.encode_page(shown, has_more=has_more))

    @router.on(
        "GET", "/{id}", scope=Scope.RECORDINGS_READ, answer=RecordingShape, problems=[NotFound]
    )
    async def get_recording(caller: Caller, store: Storage, id: str) -> Response:
        """One recording: how long it is, its digest, and how loud over its time."""
        recording = await reading.find_recording(store, caller, id)
        return _json(resource.encode_recording(recording))

    @router.on(
        "GET", "/{id}/audio", scope=Scope.RECORDINGS_READ, answer=None, problems=[NotFound],
        media_types=[AUDIO],
    )  # fmt: skip
    async def get_recording_audio(
        request: Request, caller: Caller, store: Storage, id: str
    ) -> Response:
        """The audio as a WAV file of 8 kHz and 16 bit. Takes `Range` and `If-None-Match`. Who listens
        is written down in the audit trail, once an hour.
        """
        recording = await reading.find_recording(store, caller, id)
        return await audio_answer(request, store, caller, files, recording)

    @router.on(
        "DELETE", "/{id}", scope=Scope.RECORDINGS_DELETE, answer=None, status=204,
        problems=[NotFound, RecordingUnderWay],
    )  # fmt: skip
    async def delete_recording(caller: Caller, store: Storage, id: str) -> None:
        """Delete the audio for good. The recording stays listed as `deleted`."""
        await store.commit(lambda tx: deleting.delete_recording(tx, caller, id, remove))

    return router


async def audio_answer(
    request: Request,
    store: Store,
    principal: Principal,
    files: RecordingFiles,
    recording: Recording,
) -> Response:
    """The audio, or the part of it that is asked for. Raises NotFound when there is none.

    Whoever has it already and is told so hears it as well: each answer counts as listening.
    """
    is_there = recording.status == RecordingStatus.COMPLETED
    path = await asyncio.to_thread(files.find, recording.id) if is_there else None
    if path is None:
        raise NotFound(f"The recording is {recording.status}; there is no audio of it.")
    await record_once(store, principal, LISTEN, recording.id)
    etag = f'"{recording.sha256}"'
    if etag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers={"ETag": etag})
    return FileResponse(
        path, media_type=AUDIO, filename=f"{recording.id}.wav", headers={"ETag": etag}
    )


class _Errands:
    """Work that nobody waits for, held until it is done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, work: Coroutine[Any, Any, None]) -> None:  # Any: as asyncio types it
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
