"""Recordings: hearing one, downloading it, deleting it. They are listed with their call."""

import asyncio

from starlette.responses import RedirectResponse, Response

from hookline.calls.deleting import delete_recording
from hookline.calls.reading import find_recording
from hookline.calls.recording_routes import audio_answer
from hookline.console.navigation import CALLS, RECORDINGS
from hookline.console.routing import Page
from hookline.console.views.calls import recording_view
from hookline.console.visit import Visit
from hookline.errors import Conflict
from hookline.principal import Scope

_CACHED = "private, no-cache"
"""Asked for again each time, so that a deleted recording is silent at once."""


async def show_recording(visit: Visit) -> Response:
    """Where the recording is on its call's page. Raises NotFound."""
    found = await find_recording(visit.store, visit.principal, visit.guest.path("id"))
    return RedirectResponse(f"{CALLS}/{found.call_id}#{found.id}", 303)


async def play(visit: Visit) -> Response:
    """The audio itself, or the part of it that the browser asks for. Raises NotFound."""
    found = await find_recording(visit.store, visit.principal, visit.guest.path("id"))
    files = visit.console.calls.files
    answer = await audio_answer(visit.request, visit.store, visit.principal, files, found)
    answer.headers["Cache-Control"] = _CACHED
    return answer


async def show_delete(visit: Visit) -> Response:
    return await _confirm(visit, "")


async def delete(visit: Visit) -> Response:
    """Delete the audio for good, or say why it cannot be."""
    found = await find_recording(visit.store, visit.principal, visit.guest.path("id"))
    files, loop = visit.console.calls.files, asyncio.get_running_loop()

    def remove(recording_id: str) -> None:
        loop.run_in_executor(None, files.remove, recording_id)

    try:
        await visit.commit(lambda tx: delete_recording(tx, visit.principal, found.id, remove))
    except Conflict as error:
        return await _confirm(visit, error.detail, status_code=422)
    return visit.stay("Recording deleted", f"{CALLS}/{found.call_id}")


async def _confirm(visit: Visit, error: str, *, status_code: int = 200) -> Response:
    found = await find_recording(visit.store, visit.principal, visit.guest.path("id"))
    return await visit.dialog(
        "calls/delete_recording.html",
        "Delete this recording?",
        status_code=status_code,
        recording=recording_view(found),
        call_id=found.call_id,
        error=error,
    )


_READ, _DELETE = Scope.RECORDINGS_READ, Scope.RECORDINGS_DELETE
_ONE = f"{RECORDINGS}/{{id}}"
PAGES = (
    Page("GET", _ONE, show_recording, _READ),
    Page("GET", f"{_ONE}/audio", play, _READ),
    Page("GET", f"{_ONE}/delete", show_delete, _DELETE),
    Page("POST", f"{_ONE}/delete", delete, _DELETE),
)
