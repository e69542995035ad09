"""Replays of webhooks, what lists of deliveries are found by, and how long each account keeps them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_UNSUCCESSFUL = sa.text(
    "status IN ('failed', 'canceled') OR last_status >= 300 OR last_error IS NOT NULL"
)
_SELDOM = sa.text(
    "event_type NOT IN ('message.sent', 'message.delivered', 'call.dialing', 'call.ringing', "
    "'call.answered', 'call.completed')"
)
_OPEN = sa.text("status IN ('queued', 'running')")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("event_retention_days", sa.Integer(), nullable=True))
    _replays()
    op.create_index(
        op.f("ix_deliveries_account_id_mode_id"), "deliveries", ["account_id", "mode", "id"]
    )
    op.drop_index(op.f("ix_deliveries_account_id_id"), table_name="deliveries")
    op.create_index(
        "ix_deliveries_unsuccessful",
        "deliveries",
        ["account_id", "mode", "id", "status", "last_status"],
        sqlite_where=_UNSUCCESSFUL,
        postgresql_where=_UNSUCCESSFUL,
    )
    op.create_index(
        "ix_deliveries_unsuccessful_of_endpoint",
        "deliveries",
        ["endpoint_id", "id", "status", "last_status", "event_id"],
        sqlite_where=_UNSUCCESSFUL,
        postgresql_where=_UNSUCCESSFUL,
    )
    op.create_index(
        "ix_deliveries_seldom",
        "deliveries",
        ["account_id", "mode", "event_type", "id"],
        sqlite_where=_SELDOM,
        postgresql_where=_SELDOM,
    )


def _replays() -> None:
    op.create_table(
        "replays",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("end_position", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "selection IN ('failed', 'missing', 'all')", name=op.f("ck_replays_selection_known")
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'completed', 'canceled', 'failed')",
            name=op.f("ck_replays_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replays")),
    )
    columns = ["account_id", "endpoint_id", "id"]
    op.create_index(op.f("ix_replays_account_id_endpoint_id_id"), "replays", columns)
    op.create_index(op.f("ix_replays_finished_at"), "replays", ["finished_at"])
    op.create_index(
        "ix_replays_open",
        "replays",
        ["endpoint_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
