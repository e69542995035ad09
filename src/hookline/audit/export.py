"""The audit log as a file: read a page at a time, so that its length costs no memory."""

import csv
import io
from collections.abc import AsyncIterator, Sequence

import msgspec

from hookline.audit import store as sql
from hookline.audit.append import record
from hookline.audit.model import Entry, entry_of
from hookline.audit.reading import matching, require_reader
from hookline.audit.schemas import ExportQuery, entry_shape
from hookline.audit.verification import PAGE_ROWS, read_head
from hookline.clock import to_rfc3339
from hookline.principal import Principal
from hookline.storage.schema import audit
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_FORMULA = tuple("=+-@\t\r\n")
"""What spreadsheet programs take for the beginning of a formula."""
COLUMNS = (
    "number", "created_at", "actor_kind", "actor_id", "actor_label", "ip", "user_agent",
    "request_id", "action", "resource_id", "before", "after", "previous_hash", "hash",
)  # fmt: skip


async def begin_export(
    store: Store, principal: Principal, wanted: ExportQuery
) -> AsyncIterator[bytes]:
    """The file in parts, up to the entry that says who exported it. Raises Invalid."""
    require_reader(principal)
    matching(sql.of_account(principal.account_id), wanted)  # so that a bad filter is said at once
    facts = wanted.model_dump(mode="json", exclude_none=True)

    async def note(tx: Transaction) -> None:
        record(tx, principal, "audit.export", principal.account_id, after=facts)

    await store.commit(note)
    head = await read_head(store, principal.account_id)
    return _parts(store, principal, wanted, head.number)


async def _parts(
    store: Store, principal: Principal, wanted: ExportQuery, until: int
) -> AsyncIterator[bytes]:
    if wanted.format == "csv":
        yield _csv_lines([COLUMNS])
    statement = matching(sql.of_account(principal.account_id), wanted).order_by(audit.c.number)
    last = 0
    while True:
        page = statement.where(audit.c.number > last, audit.c.number <= until).limit(PAGE_ROWS)
        found = [entry_of(row) for row in await store.read(page)]
        if not found:
            return
        last = found[-1].number
        yield _as_csv(found) if wanted.format == "csv" else _as_lines(found)


def _as_lines(entries: Sequence[Entry]) -> bytes:
    return b"".join(entry_shape(one).model_dump_json().encode() + b"\n" for one in entries)


def _as_csv(entries: Sequence[Entry]) -> bytes:
    return _csv_lines(
        [
            (
                one.number, to_rfc3339(one.at), one.actor_kind, one.actor_id, one.actor_label,
                one.ip, one.user_agent, one.request_id, one.action, one.resource_id,
                _json(one.before), _json(one.after), one.previous_hash, one.hash,
            )
            for one in entries
        ]
    )  # fmt: skip


def _csv_lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [_cell(value) for value in row] for row in rows
    )
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """A text that would be a formula gets an apostrophe before it, as OWASP advises."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _json(facts: object) -> str | None:
    return None if facts is None else msgspec.json.encode(facts).decode()
