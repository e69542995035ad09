"""Carriers on a network: their links' state, segments that come in, what may come in twice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AMBIGUOUS = sa.text("status = 'sent' AND error_code = 'submit_ambiguous'")


def upgrade() -> None:
    op.add_column(
        "carriers", sa.Column("disabled", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("unmatched_receipts", sa.Column("recipient", sa.Text(), nullable=True))
    op.drop_table("carrier_links")  # which nothing has written to
    op.create_table(
        "carrier_links",
        sa.Column("carrier_id", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), server_default="{}", nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("carrier_id", "link", name=op.f("pk_carrier_links")),
    )
    op.create_table(
        "inbound_parts",
        sa.Column("carrier_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("reference", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "carrier_id", "sender", "recipient", "reference", "total", "part",
            name=op.f("pk_inbound_parts"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_inbound_parts_received_at"), "inbound_parts", ["received_at"])
    op.create_table(
        "unacknowledged",
        sa.Column("carrier_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "carrier_id", "digest", "session", "message_id", name=op.f("pk_unacknowledged")
        ),
    )
    op.create_index(
        op.f("ix_unacknowledged_carrier_id_session_received_at"),
        "unacknowledged",
        ["carrier_id", "session", "received_at"],
    )
    op.create_index(
        "ix_messages_ambiguous",
        "messages",
        ["carrier_id", "recipient"],
        sqlite_where=_AMBIGUOUS,
        postgresql_where=_AMBIGUOUS,
    )
