"""Opt-outs as files: what is read, what is said of faults, and that an import can be repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hookline.clock import ManualClock, UnixMs
from hookline.messages.opt_out_export import begin_export
from hookline.messages.opt_out_import import Entry, File, import_all, read_csv, senders_of
from hookline.storage.schema import audit, opt_outs
from tests.messages.room import REAL_NUMBER, Room

NOW = UnixMs(1_780_000_000_000)
MAY_2024 = UnixMs(1_714_521_600_000)
ONE, TWO = "+447700900123", "+447700900124"


def read(text: str, lines_max: int = 100) -> File:
    return read_csv(text, {REAL_NUMBER, "Acme", "20240501"}, NOW, lines_max)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ONE}\n\n{TWO}\r\n", [Entry(ONE), Entry(TWO)]),
        ("\ufeff+44 7700 900123", [Entry(ONE)]),
        (f"'{ONE},Acme,2024-05-01", [Entry(ONE, "Acme", MAY_2024)]),
        (f"{ONE},2024-05-01T02:00:00+02:00", [Entry(ONE, "", MAY_2024)]),
        (f"Date,Number\n2024-05-01,{ONE}", [Entry(ONE, "", MAY_2024)]),
        (f"number,name\n{ONE},Mara", [Entry(ONE)]),
        (f"{ONE};;2024-05-01\n{TWO};Acme", [Entry(ONE, "", MAY_2024), Entry(TWO, "Acme")]),
        (f"{ONE},20240501", [Entry(ONE, "20240501")]),
        (f'number,sender\n"{ONE}","{REAL_NUMBER}"', [Entry(ONE, REAL_NUMBER)]),
    ],
)
def test_files_are_read_as_people_have_them(text: str, expected: list[Entry]) -> None:
    assert read(text) == File(expected, [])


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        (f"{ONE}\n447700900124", 2, "number"),
        (f"number,sender\n{ONE},\n{TWO},+12025550177", 3, "sender"),
        (f"{ONE},,yesterday", 1, "created_at"),
        (f"{ONE},,2999-01-01", 1, "created_at"),
        (f"{ONE},Acme,2024-05-01,more", 1, "created_at"),
        ("number,sender\n", 1, "number"),
        (" \n\n", 1, "number"),
        (f"{ONE}\n{TWO}\n{ONE}", 3, "number"),
    ],
)
def test_a_fault_names_its_line_and_column(text: str, line: int, name: str) -> None:
    (fault,) = read(text, lines_max=2).faults
    assert (fault.line, fault.name) == (line, name)
    assert fault.detail.endswith(".")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_read(text: str) -> None:
    found = read(text)
    assert found.entries or found.faults


async def test_an_interrupted_import_is_repeated_without_harm(
    room: Room, clock: ManualClock
) -> None:
    entries = [Entry(f"+4477009{number:05d}") for number in range(1_200)]

    def interrupt(done: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await import_all(room.store, room.live, entries, interrupt)
    assert len(await room.store.read(select(opt_outs))) == 500
    clock.advance(seconds=60)
    done = await import_all(room.store, room.live, entries)
    assert (done.added, done.present) == (700, 500)
    rows = await room.store.read(select(opt_outs.c.created_at).distinct())
    assert len(rows) == 2  # who was on the list has the time of before
    acts = await room.store.read(select(audit).where(audit.c.action == "opt_out.import"))
    assert [act.after for act in acts] == ['{"entries":1200,"for_one_sender":0,"mode":"live"}'] * 2


async def test_what_was_exported_is_imported_into_the_other_mode(room: Room) -> None:
    entries = [Entry(ONE), Entry(TWO, REAL_NUMBER, MAY_2024)]
    await import_all(room.store, room.live, entries)
    text = b"".join([part async for part in await begin_export(room.store, room.live)]).decode()
    found = read_csv(text, await senders_of(room.store, room.test), room.store.now())
    assert not found.faults
    await import_all(room.store, room.test, found.entries)
    columns = (opt_outs.c.recipient, opt_outs.c.sender, opt_outs.c.created_at)
    by_mode = {
        mode: set(await room.store.read(select(*columns).where(opt_outs.c.mode == mode)))
        for mode in ("live", "test")
    }
    assert by_mode["live"] == by_mode["test"]
    assert len(by_mode["live"]) == 2
