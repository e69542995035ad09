"""Lists of the log are looked for in indexes alone, in the order in which they are shown."""

import pytest
from sqlalchemy import Select, create_engine
from sqlalchemy.dialects import sqlite

from hookline.ids import AccountId
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.requests.store import visible_to, with_mode, with_path, with_status
from hookline.storage.schema import metadata, requests

OF_ACCOUNT = visible_to(
    Principal(AccountId("acc_1"), PrincipalKind.USER, "usr_1", frozenset({Scope.REQUESTS_READ}))
)
LISTS = {
    "all": (OF_ACCOUNT, "ix_requests_list"),
    "path": (with_path(OF_ACCOUNT, "/v1/calls"), "ix_requests_list"),
    "succeeded": (with_status(OF_ACCOUNT, "2xx"), "ix_requests_list"),
    "failed": (with_status(OF_ACCOUNT, "503"), "ix_requests_errors"),
    "test": (with_mode(OF_ACCOUNT, Mode.TEST), "ix_requests_test"),
    "address": (OF_ACCOUNT.where(requests.c.ip == "::1"), "ix_requests_account_id_ip_id"),
    "token": (
        OF_ACCOUNT.where(requests.c.token_last4 == "x9Lk"),
        "ix_requests_account_id_token_last4_id",
    ),
    "credential": (
        with_path(OF_ACCOUNT.where(requests.c.credential_id == "crd_1"), "/v1/calls"),
        "ix_requests_of_credential",
    ),
}


@pytest.mark.parametrize(("statement", "index"), LISTS.values(), ids=LISTS)
def test_a_list_reads_an_index_and_sorts_nothing(statement: Select[str], index: str) -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    paged = statement.order_by(requests.c.id.desc()).limit(21)
    text = paged.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    engine.dispose()
    shown = [row[3] for row in rows]
    assert len(shown) == 1, shown
    assert f"USING COVERING INDEX {index} " in shown[0]
