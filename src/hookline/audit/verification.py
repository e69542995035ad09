"""Recomputes an account's chain from its first row, a page at a time, while the server goes on.

The head is read first, and the trail is checked up to it: what is appended meanwhile is not missed,
as the next verification begins with the first row again.
"""

from collections.abc import AsyncIterator

from hookline.audit import store as sql
from hookline.audit.chain import HASH, PREVIOUS, diagnose, follow
from hookline.audit.model import Anchor, Break, BreakKind
from hookline.ids import AccountId
from hookline.storage.store import Store

PAGE_ROWS = 1_000
BEGINNING = Anchor(0, "")


async def read_head(store: Store, account_id: AccountId) -> Anchor:
    """Where the account's trail ends now: what to note elsewhere."""
    [row] = await store.read(sql.head(account_id))
    return Anchor(int(row.audit_number), str(row.audit_hash))


async def check(
    store: Store,
    account_id: AccountId,
    head: Anchor,
    *,
    known: Anchor | None = None,
    start: Anchor = BEGINNING,
) -> AsyncIterator[Anchor | Break]:
    """How far the chain holds, after each page; a Break is the last that comes."""
    broken = await _compare_with_known(store, account_id, head, known)
    last = start
    while broken is None and last.number < head.number:
        until = min(head.number, last.number + PAGE_ROWS)
        rows = await store.read(sql.rows_after(account_id, last.number, head.number, PAGE_ROWS))
        followed = follow(last, [tuple(row) for row in rows], until)
        if isinstance(followed, Anchor):
            last = followed
            yield last
            continue
        reached, row = followed
        if reached.number > last.number:
            yield reached
        last = reached
        names = [] if row is None else [row[PREVIOUS], row[HASH]]
        found = await store.read(sql.places(account_id, names)) if names else []
        broken = diagnose(last, row, {one.hash: one.number for one in found})
    if broken is None:
        broken = await _compare_ends(store, account_id, last, head)
    if broken is not None:
        yield broken


async def _compare_with_known(
    store: Store, account_id: AccountId, head: Anchor, known: Anchor | None
) -> Break | None:
    """Whether the row that was noted elsewhere is there, and the same. Finds a shortened trail."""
    if known is None or known.number == 0:
        return None
    if known.number > head.number:
        return Break(
            head.number + 1,
            BreakKind.MISSING,
            f"The trail ends at row {head.number}; it had {known.number} rows when that was noted.",
        )
    rows = await store.read(sql.one(account_id, known.number))
    if rows and rows[0].hash != known.hash:
        return Break(
            known.number,
            BreakKind.CHANGED,
            f"Row {known.number} has another hash than was noted: it, or a row before it, was "
            "written anew.",
        )
    return None


async def _compare_ends(
    store: Store, account_id: AccountId, last: Anchor, head: Anchor
) -> Break | None:
    if last.hash != head.hash:
        return Break(
            last.number, BreakKind.CHANGED, f"Row {last.number} is not the one written last."
        )
    top = int((await store.read(sql.last_number(account_id)))[0][0] or 0)
    now = await read_head(store, account_id)
    if top > now.number:
        return Break(
            now.number + 1, BreakKind.ADDED, f"Row {now.number + 1} was added by somebody else."
        )
    return None
