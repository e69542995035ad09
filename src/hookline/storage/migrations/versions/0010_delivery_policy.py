"""How each endpoint wants its deliveries: in order, how fast, how often again, where else."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("failover_url", sa.Text(), nullable=True))
    op.add_column("endpoints", sa.Column("rate_limit", sa.Float(), nullable=True))
    op.add_column(
        "endpoints", sa.Column("ordered", sa.Text(), server_default="none", nullable=False)
    )
    op.add_column("endpoints", sa.Column("retry_schedule", sa.Text(), nullable=True))
    op.add_column(
        "endpoints", sa.Column("warned_percent", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("deliveries", sa.Column("position", sa.BigInteger(), nullable=True))
    op.add_column(
        "deliveries", sa.Column("round", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("deliveries", sa.Column("test_body", sa.LargeBinary(), nullable=True))
    op.execute(
        "UPDATE deliveries SET round = attempts, position = "
        "(SELECT position FROM events WHERE events.id = deliveries.event_id) "
        "WHERE status = 'pending'"
    )
