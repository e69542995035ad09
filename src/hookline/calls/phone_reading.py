"""Reading what is at a virtual phone now and what was lately, on whichever node."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row

from hookline.calls import phone_store as sql
from hookline.clock import UnixMs
from hookline.errors import NotFound
from hookline.ids import AccountId
from hookline.numbers.virtual_phones import get_phone
from hookline.principal import Mode
from hookline.storage.store import Store
from hookline.voice.sandbox.phones import PhoneCall, PhoneCallState

CALLS_MAX = 50
_SOUND_FOLDERS = ("speech", "media")
_decode = msgspec.json.Decoder(PhoneCall).decode


@dataclass(frozen=True, slots=True)
class CallAtPhone:
    """A call at a virtual phone as it was stored."""

    shown: PhoneCall
    mode: Mode
    call_id: str | None
    """None while the call is not stored yet."""
    owner: str
    """The node that runs it."""


async def list_calls(
    store: Store, account_id: AccountId, number: str, mode: Mode | None, *, limit: int = CALLS_MAX
) -> Sequence[CallAtPhone]:
    """The latest, newest first. Raises InvalidNumber, NotFound for the phone."""
    phone = await get_phone(store, account_id, number)
    statement = sql.latest(sql.at_phone(account_id, phone.number, mode), min(limit, CALLS_MAX))
    return [from_row(row) for row in await store.read(statement)]


async def get_call(
    store: Store, account_id: AccountId, number: str, leg_id: str, mode: Mode | None
) -> CallAtPhone:
    """One of them, by its leg. Raises InvalidNumber, NotFound."""
    phone = await get_phone(store, account_id, number)
    statement = sql.one(sql.at_phone(account_id, phone.number, mode), leg_id)
    return only(await store.read(statement), leg_id)


async def find_sound(
    store: Store, account_id: AccountId, number: str, leg_id: str, name: str
) -> Path:
    """The file of something that was heard there, from the data folder. Raises NotFound."""
    found = await get_call(store, account_id, number, leg_id, None)
    if name in {sound.file for sound in found.shown.heard}:
        for folder in _SOUND_FOLDERS:
            path = store.settings.data_dir / folder / f"{name}.wav"
            if path.is_file():
                return path
    raise NotFound("There is no such sound any more.")


def only(rows: Sequence[Row[Any]], leg_id: str) -> CallAtPhone:  # Any: as `from_row` takes them
    """Raises NotFound."""
    if not rows:
        raise NotFound(f"There is no call {leg_id[:64]} at this phone.")
    return from_row(rows[0])


def from_row(row: Row[Any]) -> CallAtPhone:  # Any: the columns of `at_phone`
    """What ended with its node says so in its columns alone."""
    shown = _decode(row.shown)
    if row.state == PhoneCallState.ENDED and shown.state is not PhoneCallState.ENDED:
        shown = replace(
            shown,
            state=PhoneCallState.ENDED,
            ended_at=UnixMs(row.ended_at),
            ended_by="network",
            is_playing=False,
            talking_to=(),
        )
    return CallAtPhone(shown, Mode(row.mode), row.call_id, row.owner)
