"""How a database would run a statement, and whether it reads the index that was made for it."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def plan_of(store: Store, statement: ClauseElement) -> str:
    """The plan, a line a step; on PostgreSQL that for a table with many rows."""
    if store.settings.is_sqlite:
        dialect, explain, beginning = sqlite.dialect(), "EXPLAIN QUERY PLAN", ()
    else:
        dialect, explain = postgresql.dialect(), "EXPLAIN"
        beginning = ("SET LOCAL enable_seqscan = off",)  # of an empty table nothing else is quicker
    written = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    filled = str(written).replace(" ?", " 'node'")  # `IS NOT` takes no literal
    return await store.commit(lambda tx: _explain(tx, [*beginning, f"{explain} {filled}"]))


async def _explain(tx: Transaction, texts: Sequence[str]) -> str:
    for one in texts[:-1]:
        await tx.execute(text(one))
    rows = await tx.execute(text(texts[-1]))
    return "\n".join(str(row[-1]) for row in rows) + "\n"
