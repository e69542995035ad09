"""The request log, and what is known of the use of credentials.

What was granted before is watched from now on. The addresses that are known are not news.
"""

import sqlalchemy as sa
from alembic import op

from hookline.clock import SystemClock

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ADDRESSES = """
    INSERT INTO credential_addresses (credential_id, ip, first_used_at, last_used_at)
    SELECT credential_id, last_used_ip, min(last_used_at), max(last_used_at)
    FROM credential_tokens
    WHERE last_used_at IS NOT NULL AND last_used_ip IS NOT NULL
    GROUP BY credential_id, last_used_ip
"""
_CHUNK = 1_000


def upgrade() -> None:
    op.add_column(
        "credential_tokens",
        sa.Column("grace_uses", sa.Integer(), server_default="0", nullable=False),
    )
    _requests()
    _usage()
    op.execute(_ADDRESSES)
    _watch_scopes()


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("token_prefix", sa.Text(), nullable=False),
        sa.Column("token_last4", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("duration_us", sa.BigInteger(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("has_idempotency_key", sa.Integer(), nullable=False),
        sa.Column("made", sa.Text(), server_default="[]", nullable=False),
        sa.Column("headers", sa.Text(), server_default="{}", nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("body_bytes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_requests_mode_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    listed = ["account_id", "id", "mode", "status", "method", "path"]
    op.create_index("ix_requests_list", "requests", listed)
    of_credential = [
        "account_id", "credential_id", "id", "mode", "status", "method", "token_last4", "ip", "path",
    ]  # fmt: skip
    op.create_index("ix_requests_of_credential", "requests", of_credential)
    for name in ("ip", "token_last4"):
        columns = ["account_id", name, "id"]
        op.create_index(op.f(f"ix_requests_account_id_{name}_id"), "requests", columns)
    for name, condition in (("errors", "status >= 400"), ("test", "mode = 'test'")):
        where = sa.text(condition)
        op.create_index(
            f"ix_requests_{name}", "requests", listed,
            sqlite_where=where, postgresql_where=where,
        )  # fmt: skip


def _usage() -> None:
    op.create_table(
        "credential_days",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("errors", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("credential_id", "day", name=op.f("pk_credential_days")),
    )
    op.create_index(
        op.f("ix_credential_days_account_id_day"), "credential_days", ["account_id", "day"]
    )
    op.create_index(op.f("ix_credential_days_day"), "credential_days", ["day"])
    op.create_table(
        "credential_addresses",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("credential_id", "ip", name=op.f("pk_credential_addresses")),
    )
    op.create_index(
        op.f("ix_credential_addresses_credential_id_last_used_at"),
        "credential_addresses",
        ["credential_id", "last_used_at"],
    )
    op.create_table(
        "credential_scopes",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("credential_id", "scope", name=op.f("pk_credential_scopes")),
    )


def _watch_scopes() -> None:
    connection, now = op.get_bind(), SystemClock().now_ms()
    watched = sa.table(
        "credential_scopes", sa.column("credential_id"), sa.column("scope"), sa.column("granted_at")
    )
    known = connection.execute(sa.text("SELECT id, scopes FROM credentials")).all()
    rows = [
        {"credential_id": row.id, "scope": scope, "granted_at": now}
        for row in known
        for scope in row.scopes.split()
    ]
    for start in range(0, len(rows), _CHUNK):
        op.bulk_insert(watched, rows[start : start + _CHUNK])
