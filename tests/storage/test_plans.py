"""Set statements find their rows by key on PostgreSQL, also by a plan that was made for empty tables."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.dialects import postgresql

from hookline.credentials.store import OF_DIGEST
from hookline.ids import AccountId
from hookline.messages import store as messages
from hookline.messages.model import Change
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.requests.store import visible_to, with_mode, with_path, with_status
from hookline.storage import postgres
from hookline.storage.database import Database, PostgresDatabase, PostgresWriterConnection
from hookline.storage.postgres import Connection
from hookline.storage.schema import requests
from hookline.storage.sets import Select, Update
from hookline.webhooks import ledger

pytestmark = pytest.mark.postgres
OF_ACCOUNT = visible_to(
    Principal(AccountId("acc_1"), PrincipalKind.USER, "usr_1", frozenset({Scope.REQUESTS_READ}))
)


@pytest.fixture
def migrated_url(migrated_postgres_url: str) -> str:
    return migrated_postgres_url


@pytest.fixture
async def writing(database: Database) -> AsyncIterator[Connection]:
    opened = await database.open_writer()
    assert isinstance(opened, PostgresWriterConnection)
    assert opened._raw is not None
    yield opened._raw
    await opened.close()


async def plan(connection: Connection, text: str) -> str:
    """The plan that every execution gets after the first few, whatever its values."""
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE statement AS {text}")
    nothing = ", ".join(["NULL"] * text.count("[]"))
    lines = await connection.fetch(f"EXPLAIN EXECUTE statement({nothing})")
    return "\n".join(line[0] for line in lines)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (messages.MARK_SENDING, "pk_messages"),
        (messages.progress(Change.ACCEPTED), "pk_messages"),
        (messages.SET_PART_STATE, "pk_message_parts"),
        (ledger.RECORD, "pk_deliveries"),
    ],
    ids=["mark sending", "progress", "part state", "delivery"],
)
async def test_update_finds_rows_by_their_key(
    writing: Connection, statement: Update, index: str
) -> None:
    shown = await plan(writing, postgres._update_sql(statement))
    assert f"Index Scan using {index}" in shown
    assert "Seq Scan" not in shown


@pytest.mark.parametrize("statement", [messages.IS_OPTED_OUT, messages.UNMATCHED])
async def test_select_finds_rows_by_their_key(writing: Connection, statement: Select) -> None:
    shown = await plan(writing, postgres._select_sql(statement))
    assert f"using pk_{statement.table.name}" in shown
    assert "Seq Scan" not in shown


async def test_lookup_finds_rows_by_their_key(database: Database) -> None:
    assert await database.lookup(OF_DIGEST, [(b"unknown",)]) == [[]]
    assert isinstance(database, PostgresDatabase)
    assert database._lookups is not None
    shown = await plan(database._lookups, postgres._select_sql(OF_DIGEST))
    assert "Seq Scan" not in shown
    assert "Index Scan using pk_credential_tokens" in shown


def compiled(statement: sqlalchemy.Select[Any]) -> str:
    """The statement for PostgreSQL, with its values in it."""
    dialect = postgresql.dialect()
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (with_status(OF_ACCOUNT, "503"), "ix_requests_errors"),
        (with_mode(OF_ACCOUNT, Mode.TEST), "ix_requests_test"),
        (OF_ACCOUNT.where(requests.c.ip == "192.0.2.1"), "ix_requests_account_id_ip_id"),
        (OF_ACCOUNT.where(requests.c.token_last4 == "x9Lk"), "ix_requests_account_id_token_last4"),
        (OF_ACCOUNT.where(requests.c.credential_id == "crd_1"), "ix_requests_of_credential"),
        (with_path(OF_ACCOUNT, "/v1/calls"), "ix_requests_list"),
    ],
    ids=["failed", "test", "address", "token", "credential", "path"],
)
async def test_the_request_log_is_looked_for_in_indexes_alone(
    writing: Connection, statement: sqlalchemy.Select[Any], index: str
) -> None:
    await writing.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    paged = statement.order_by(requests.c.id.desc()).limit(21)
    lines = await writing.fetch(f"EXPLAIN {compiled(paged)}")
    shown = "\n".join(line[0] for line in lines)
    assert f"using {index}" in shown
    assert "Sort" not in shown
