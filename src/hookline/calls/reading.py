"""Reading calls and recordings: one, and lists of them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from hookline.api.pagination import Paging, TrafficPaging, cut, narrowed, paged
from hookline.calls import store as sql
from hookline.calls.model import (
    Call,
    Leg,
    Recording,
    RecordingStatus,
    Status,
    call_of,
    leg_of,
    recording_of,
)
from hookline.errors import NotFound
from hookline.ids import is_id
from hookline.principal import Principal
from hookline.storage.schema import calls, recordings
from hookline.storage.store import Store


class CallFilter(TrafficPaging):
    """Which calls a list shows."""

    status: Annotated[Status | None, Field(description="Only calls in this status.")] = None


class RecordingFilter(Paging):
    """Which recordings a list shows."""

    call_id: Annotated[str | None, Field(max_length=64)] = None
    status: RecordingStatus | None = None


async def find_call(store: Store, principal: Principal, call_id: str) -> Call:
    """One call. Raises NotFound."""
    rows = (
        await store.read(sql.by_id(principal.account_id, principal.mode, call_id))
        if is_id("call", call_id)  # not every text of a path can be asked for
        else []
    )
    if not rows:
        raise missing_call(call_id)
    return call_of(tuple(rows[0]))


async def legs_of(store: Store, call: Call) -> list[Leg]:
    """The call's legs, in the order in which they were made."""
    return [leg_of(tuple(row)) for row in await store.read(sql.legs_of([call.id]))]


async def list_calls(
    store: Store, principal: Principal, wanted: CallFilter
) -> tuple[Sequence[Call], bool]:
    """A page of calls, and whether more follow."""
    statement = sql.of_account(principal.account_id, principal.mode)
    statement = narrowed(statement, calls, wanted, wanted.status)
    rows = await store.read(paged(statement, calls.c.id, wanted, prefix="call"))
    return cut(rows, wanted, call_of)


async def find_recording(store: Store, principal: Principal, recording_id: str) -> Recording:
    """One recording. Raises NotFound."""
    rows = (
        await store.read(sql.recording_by_id(principal.account_id, principal.mode, recording_id))
        if is_id("rec", recording_id)
        else []
    )
    if not rows:
        raise missing_recording(recording_id)
    return recording_of(tuple(rows[0]))


async def list_recordings(
    store: Store, principal: Principal, wanted: RecordingFilter
) -> tuple[Sequence[Recording], bool]:
    """A page of recordings, and whether more follow."""
    statement = sql.recordings_of(principal.account_id, principal.mode)
    if wanted.call_id is not None:
        statement = statement.where(recordings.c.call_id == wanted.call_id)
    if wanted.status is not None:
        statement = statement.where(recordings.c.status == wanted.status.value)
    rows = await store.read(paged(statement, recordings.c.id, wanted, prefix="rec"))
    return cut(rows, wanted, recording_of)


def missing_call(call_id: str) -> NotFound:
    return NotFound(f"There is no call {call_id[:64]} here.")


def missing_recording(recording_id: str) -> NotFound:
    return NotFound(f"There is no recording {recording_id[:64]} here.")
