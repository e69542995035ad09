"""Opt-outs as a CSV file, read a page at a time; `opt_out_import.py` takes it as it is."""

import csv
import io
from collections.abc import AsyncIterator, Sequence

from hookline.audit.append import record
from hookline.clock import to_rfc3339
from hookline.messages import opt_out_store as sql
from hookline.messages.opt_outs import OptOutRow
from hookline.principal import Principal, Scope
from hookline.storage.schema import opt_outs
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

MEDIA_TYPE = "text/csv"
COLUMNS = ("number", "sender", "source", "language", "created_at")
"""No cell can be a formula: a number is a plus and digits, a sender has none of its signs first."""
_PAGE = 1_000


async def begin_export(store: Store, principal: Principal) -> AsyncIterator[bytes]:
    """The file in parts. Who has taken it is noted first."""
    principal.require(Scope.OPT_OUTS_READ)

    async def note(tx: Transaction) -> None:
        facts = {"mode": principal.mode.value}
        record(tx, principal, "opt_out.export", principal.account_id, after=facts)

    await store.commit(note)
    return _parts(store, principal)


async def _parts(store: Store, principal: Principal) -> AsyncIterator[bytes]:
    yield _lines([COLUMNS])
    columns = opt_outs.c
    ordered = sql.of_account(principal).order_by(columns.recipient, columns.sender).limit(_PAGE)
    key = ("", "")
    while rows := await store.read(ordered.where(sql.after(key, ascending=True))):
        key = (rows[-1].recipient, rows[-1].sender)
        yield _lines([_cells(row) for row in rows])


def _cells(row: OptOutRow) -> Sequence[str]:
    at = to_rfc3339(row.created_at)
    return (row.recipient, row.sender, row.source, row.language or "", at)


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
