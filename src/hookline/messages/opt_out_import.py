"""Opt-outs as a file: read and checked as a whole first, then stored in chunks that can be repeated.

A file is CSV: number, then at will the sender and the day or time. With a first line that names its columns they may
stand in any order, as in what `opt_out_export.py` writes.
"""

import csv
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hookline.audit.append import record
from hookline.clock import DAY_MS, UnixMs, from_datetime
from hookline.errors import FieldError, Invalid
from hookline.messages import opt_out_store as sql
from hookline.messages.errors import UnknownSender
from hookline.messages.store import EVERY_SENDER, INSERT_OPT_OUT
from hookline.numbers.e164 import InvalidNumber, parse_number
from hookline.numbers.registration import normalise_sender
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

LINES_MAX = 100_000
API_MAX = 1_000
_CHUNK = 500
_AHEAD_MS = DAY_MS
"""What a date may be ahead: it is today somewhere on the earth."""
_TIMES = ("created_at", "date", "opted_out_at")
_KNOWN = ("number", "sender", *_TIMES, "source", "language", "message_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """One opt-out of a file."""

    number: str
    sender: str = EVERY_SENDER
    at: UnixMs | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line. `name` is the column."""

    line: int
    detail: str
    name: str = "number"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was read. With a fault nothing of it may be imported."""

    entries: Sequence[Entry]
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many were new, and how many on the list already."""

    added: int = 0
    present: int = 0


async def senders_of(store: Store, principal: Principal) -> Collection[str]:
    """What a file may name as senders."""
    return {row.number for row in await store.read(sql.own_senders(principal.account_id))}


def read_csv(text: str, senders: Collection[str], now: UnixMs, lines_max: int = LINES_MAX) -> File:
    """The whole file with every fault. CPU work: 100,000 lines take a second or more."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    columns: Sequence[str] | None = None
    written = text.removeprefix("\ufeff").splitlines()
    lines = csv.reader(written, delimiter=_delimiter(written))
    try:
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns, is_head = _columns(cells)
                if is_head:
                    continue
            if len(entries) + len(faults) >= lines_max:
                detail = f"At most {lines_max:,} numbers can be read at once. Split the file."
                return File((), [Fault(lines.line_num, detail)])
            read = _read_line(lines.line_num, cells, columns, senders, now)
            (entries if isinstance(read, Entry) else faults).append(read)  # type: ignore[arg-type]  # each to its own
    except csv.Error as error:
        faults.append(Fault(lines.line_num, f"The line is no CSV: {error}."))
    if columns is None or not (entries or faults):
        faults.append(Fault(1, "There is no number in it."))
    return File(entries, faults)


def checked(
    entries: Sequence[Mapping[str, object]], senders: Collection[str], now: UnixMs
) -> list[Entry]:
    """The entries of a request. Raises Invalid with every fault."""
    read = [
        _entry(place, str(one["number"]), str(one["sender"] or ""), one["created_at"], senders, now)
        for place, one in enumerate(entries)
    ]
    faults = [one for one in read if isinstance(one, Fault)]
    if faults:
        errors = [
            FieldError(f"/entries/{one.line}/{one.name}", InvalidNumber.code, one.detail)
            for one in faults
        ]
        raise Invalid(
            f"{len(faults)} of {len(read)} entries are wrong; none was stored.", errors=errors
        )
    return [one for one in read if isinstance(one, Entry)]


async def import_all(
    store: Store,
    principal: Principal,
    entries: Sequence[Entry],
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Store them a chunk at a time. Whoever is interrupted imports the same file again.

    `progress` is told how many are done.
    """
    added = 0
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]

        async def write(
            tx: Transaction, chunk: Sequence[Entry] = chunk, first: bool = not start
        ) -> int:
            if first:
                _note(tx, principal, entries)
            return await _insert(tx, store, principal, chunk)

        added += await store.commit(write)
        progress(start + len(chunk))
    return Imported(added, len(entries) - added)


async def import_within(
    tx: Transaction, store: Store, principal: Principal, entries: Sequence[Entry]
) -> Imported:
    """Store a few in one transaction."""
    _note(tx, principal, entries)
    added = await _insert(tx, store, principal, entries)
    return Imported(added, len(entries) - added)


def _note(tx: Transaction, principal: Principal, entries: Sequence[Entry]) -> None:
    """One row for the whole import, with its beginning: also of one that is interrupted."""
    principal.require(Scope.OPT_OUTS_WRITE)
    facts = {
        "mode": principal.mode.value,
        "entries": len(entries),
        "for_one_sender": sum(bool(one.sender) for one in entries),
    }
    record(tx, principal, "opt_out.import", principal.account_id, after=facts)


async def _insert(
    tx: Transaction, store: Store, principal: Principal, entries: Sequence[Entry]
) -> int:
    now, mine = store.now(), (principal.account_id, principal.mode.value)
    rows = [
        (*mine, one.number, one.sender, "import", None, None, now if one.at is None else one.at)
        for one in entries
    ]
    return sum(await tx.insert(INSERT_OPT_OUT, rows))


def _delimiter(lines: Sequence[str]) -> str:
    """A comma, or what spreadsheets write in countries with a decimal comma."""
    first = next((line for line in lines if line.strip()), "")
    return ";" if ";" in first and "," not in first else ","


def _columns(cells: Sequence[str]) -> tuple[Sequence[str], bool]:
    """The names of the columns, and whether the first line says them."""
    names = [cell.strip().lower() for cell in cells]
    if "number" in names:
        return names, True
    return ("number", "sender", "created_at"), False


def _read_line(
    line: int, cells: Sequence[str], columns: Sequence[str], senders: Collection[str], now: UnixMs
) -> Entry | Fault:
    texts = [cell.strip().removeprefix("'") for cell in cells]  # before what would be a formula
    if len(texts) == 2 and len(columns) == 3 and _moment(texts[1]) is not None:
        texts = [texts[0], "", texts[1]]
    if len(texts) > len(columns) and any(texts[len(columns) :]):
        return Fault(line, f"The line has more than {len(columns)} columns.", columns[-1])
    named = {name: text for name, text in zip(columns, texts, strict=False) if name in _KNOWN}
    at = next((named[name] for name in _TIMES if named.get(name)), "")
    return _entry(line, named.get("number", ""), named.get("sender", ""), at, senders, now)


def _entry(
    line: int, number: str, sender: str, at: object, senders: Collection[str], now: UnixMs
) -> Entry | Fault:
    try:
        recipient = parse_number(number)
    except InvalidNumber as error:
        return Fault(line, error.detail)
    try:
        name = normalise_sender(sender)[0] if sender else EVERY_SENDER
    except Invalid as error:
        return Fault(line, error.detail, "sender")
    if name and name not in senders:
        return Fault(line, f"{UnknownSender.title}: {name[:32]}.", "sender")
    moment = at if isinstance(at, datetime) else _moment(str(at or ""))
    if at and moment is None:
        return Fault(
            line, "The time is none. Write 2026-01-15 or 2026-01-15T09:30:00Z.", "created_at"
        )
    instant = None if moment is None else from_datetime(moment)
    if instant is not None and not 0 <= instant <= now + _AHEAD_MS:
        return Fault(line, "The time is in the future, or before 1970.", "created_at")
    return Entry(recipient, name, None if instant is None else min(instant, now))


def _moment(text: str) -> datetime | None:
    """A day, at its beginning in UTC, or a time; without a zone it is UTC."""
    if "-" not in text:  # a short code has eight digits, too
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
