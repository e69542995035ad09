"""How an account sends: rules, pools of senders, what it has sent a moment ago."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sending_rules",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("daily_message_cap", sa.Integer(), nullable=True),
        sa.Column("duplicate_window_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("smart_encoding", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_sending_rules")),
    )
    op.create_table(
        "recent_messages",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recent_messages")),
    )
    op.create_index(op.f("ix_recent_messages_sent_at"), "recent_messages", ["sent_at"])
    op.create_table(
        "pools",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_pools_account_id_name")),
    )
    op.create_table(
        "pool_senders",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("countries", sa.Text(), nullable=True),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("pool_id", "number", name=op.f("pk_pool_senders")),
    )
