"""What virtual phones show of their calls, and what is done at them, for every node to see."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "phone_calls",
        sa.Column("leg_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_phone_calls_mode_known")),
        sa.CheckConstraint(
            "state IN ('ringing', 'calling', 'talking', 'ended')",
            name=op.f("ck_phone_calls_state_known"),
        ),
        sa.PrimaryKeyConstraint("leg_id", name=op.f("pk_phone_calls")),
    )
    op.create_index(
        op.f("ix_phone_calls_account_id_phone_leg_id"),
        "phone_calls",
        ["account_id", "phone", "leg_id"],
    )
    op.create_index(
        "ix_phone_calls_under_way",
        "phone_calls",
        ["owner"],
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )
    op.create_index("ix_phone_calls_ended_at", "phone_calls", ["ended_at"])
    op.create_table(
        "phone_acts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("leg_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_acts")),
    )
    op.create_index(op.f("ix_phone_acts_owner"), "phone_acts", ["owner"])
