"""What carriers call the messages that came in, so that a repeated one is known again."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbound_names",
        sa.Column("carrier_id", sa.Text(), nullable=False),
        sa.Column("carrier_message_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("carrier_id", "carrier_message_id", name=op.f("pk_inbound_names")),
    )
    op.create_index(op.f("ix_inbound_names_received_at"), "inbound_names", ["received_at"])
