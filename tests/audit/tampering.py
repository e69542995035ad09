"""What somebody does who owns the database: takes the guard away and changes rows."""

from sqlalchemy import text

from hookline.audit.append import record
from hookline.principal import Principal
from hookline.storage.database import Database
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer

_UNGUARD = {
    "sqlite": ("DROP TRIGGER IF EXISTS audit_refuses_update", "DROP TRIGGER IF EXISTS audit_refuses_delete"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER USER",),
}  # fmt: skip


async def tamper(writer: Writer, database: Database, *statements: str) -> None:
    """Run statements on the trail that its guard would refuse."""

    async def use_case(tx: Transaction) -> None:
        for statement in (*_UNGUARD[database.dialect], *statements):
            await tx.changed(text(statement))

    await writer.run(use_case)


async def act(writer: Writer, who: Principal, *actions: str) -> None:
    """Administrative acts, as use cases record them."""

    async def use_case(tx: Transaction) -> None:
        for action in actions:
            record(tx, who, action, "crd_1", before={"b": 1, "a": "ü"}, after=None)

    await writer.run(use_case)
